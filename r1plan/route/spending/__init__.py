"""What may be spent, what is set aside, and what a request may be billed."""
