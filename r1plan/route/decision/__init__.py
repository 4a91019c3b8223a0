"""Who should be asked, and why."""
