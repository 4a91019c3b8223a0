"""Providers' own figures, as bills to hold a log against."""
