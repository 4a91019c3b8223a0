"""What vLLM can serve on a machine, and to how many users."""
