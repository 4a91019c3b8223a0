"""Asks one after another until one answers, and logs each attempt."""
