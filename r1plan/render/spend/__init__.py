"""A spend report shown."""
