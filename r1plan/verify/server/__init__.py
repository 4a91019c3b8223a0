"""A server that runs: what it is, what it really holds, and how fast it answers."""
