"""Where each figure of a report comes from."""
