"""One module a parser: what its inputs are made of, and how one is read."""
