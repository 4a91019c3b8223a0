"""What the log of a month says of a workload."""
