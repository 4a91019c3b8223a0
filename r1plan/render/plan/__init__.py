"""A plan shown."""
