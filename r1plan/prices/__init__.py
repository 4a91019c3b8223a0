"""Dated prices, and the one arithmetic that turns usage into money."""
