"""Files that others may have a hand in: read only when plain and of bounded size, or kept where nobody else writes."""
