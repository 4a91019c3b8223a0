"""What is on offer, by whom, and at what price."""
