"""What a report's pictures and charges are made of: sums by day, hour and seller, read in one pass."""
