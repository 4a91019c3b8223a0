"""Files at Hugging Face."""
