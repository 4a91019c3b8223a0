"""A routing decision shown."""
