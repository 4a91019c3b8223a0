"""What a machine has: one probe a vendor, joined into one Machine."""
