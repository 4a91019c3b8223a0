"""What a plan means for a month, shown: how many it serves, what that costs, and what else could do the work."""
