"""Millions of broken inputs for each parser that reads what others wrote: `python -m tests.fuzz`."""
