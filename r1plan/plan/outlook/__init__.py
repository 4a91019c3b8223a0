"""What a plan means for a workload: how many it serves, what a month costs, and what else could do the same work."""
