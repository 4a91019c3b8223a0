"""`r1plan prices`: one module a command."""
