"""A GGUF: its header, all its shards, and what the planner takes from them."""
