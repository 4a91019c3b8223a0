"""The other worlds of a report."""
