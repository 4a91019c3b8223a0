"""Completion, as shells ask for it."""
