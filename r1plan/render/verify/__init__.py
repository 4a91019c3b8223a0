"""What `r1plan models verify` found: the plan beside reality, for people and for programs."""
