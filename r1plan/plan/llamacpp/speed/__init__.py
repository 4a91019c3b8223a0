"""How long llama.cpp takes for a token."""
