"""llama.cpp in this process, through llama-cpp-python, which is imported only when a model is loaded."""
