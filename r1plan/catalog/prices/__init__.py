"""Price files as people write them: what is wrong in one, and rows added to one's own."""
