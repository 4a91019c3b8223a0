"""A chat shown."""
