"""The models that are here, and those of the catalogue, for people and for programs."""
