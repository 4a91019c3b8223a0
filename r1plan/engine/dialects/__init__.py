"""How providers speak, as pure functions from their bytes to events and back."""
