"""What was read of a conversation, kept from one run to the next."""
