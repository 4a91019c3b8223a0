"""The compute buffer, by llama.cpp's own graph, scheduler and allocator."""
