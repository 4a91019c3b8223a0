"""What `r1plan doctor` found, for people and as JSON."""
