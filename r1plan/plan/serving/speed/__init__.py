"""How long a server's step takes for all users at once, how long a prompt, and what follows for each of them."""
