"""The architectures of the R1 family, as llama.cpp builds them."""
