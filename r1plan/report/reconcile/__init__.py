"""The log against a provider's own figures: what agrees, what does not, and what explains it."""
