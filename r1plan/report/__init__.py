"""What the logged requests cost: SQL over the monthly logs."""
