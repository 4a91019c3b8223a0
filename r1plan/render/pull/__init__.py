"""How a pull is shown while it runs, and what is said when it has ended."""
