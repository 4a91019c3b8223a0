"""Model files: what a GGUF's own header says, on this disk or at Hugging Face."""
