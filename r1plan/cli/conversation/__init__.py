"""A conversation on a terminal. The terminal's library is imported when one begins."""
