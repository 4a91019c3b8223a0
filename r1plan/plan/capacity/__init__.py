"""How many requests a machine serves: the queue before it, and what each request gets."""
