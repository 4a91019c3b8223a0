"""How the engine is built for the cards of this machine: what is here for that, what is missing, and the command."""
