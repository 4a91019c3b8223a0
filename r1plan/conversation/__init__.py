"""A conversation as values: what is kept of it, what its commands do, and how it is written down. Pure."""
