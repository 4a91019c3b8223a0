"""The rule by which an option is chosen, and what is said of it."""
