"""What any server of many users at once has to decide: how the GPUs share a model, and what that leaves for caches."""
