"""What makes this machine slower than it could be: readings, what follows from them, and nothing that is a guess."""
