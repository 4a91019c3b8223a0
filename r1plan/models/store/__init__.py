"""The model files that are on this machine already, whichever program fetched them."""
