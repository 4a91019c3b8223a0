"""Pure decisions: what fits where, how fast, how good, and which to choose."""
