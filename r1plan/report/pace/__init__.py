"""How fast a running month spends, what it may come to, and when a budget is used up."""
