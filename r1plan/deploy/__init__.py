"""How a plan is put to work: the arguments that make an engine do what was planned."""
