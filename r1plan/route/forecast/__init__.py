"""What a request will be at one candidate, before it is sent."""
