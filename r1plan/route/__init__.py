"""Where a prompt goes, and the one loop that sends it."""
