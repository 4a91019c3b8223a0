"""The search for the layout that fits a machine best."""
