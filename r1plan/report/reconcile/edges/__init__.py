"""Requests near a change of the price or of the day, which a bill may have on its other side."""
