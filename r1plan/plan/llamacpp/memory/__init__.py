"""What a layout puts on each device: weights, KV cache, compute buffer, and what the device loses besides."""
