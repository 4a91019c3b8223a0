"""llama.cpp in Python's words: a model, its context and a sampler, through llama-cpp-python's C functions alone."""
