"""Models fetched from Hugging Face into its own cache, where other programs find them too."""
