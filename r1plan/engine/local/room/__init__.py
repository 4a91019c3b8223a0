"""What is given up where a device has no room for what was planned."""
