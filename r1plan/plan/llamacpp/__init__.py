"""What llama.cpp can run on a machine: byte for byte what it allocates, and how fast it is."""
