"""A model file on this machine."""
