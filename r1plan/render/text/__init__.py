"""Text that every screen is made of: units, wrapping, quoting, and what is safe for a terminal."""
