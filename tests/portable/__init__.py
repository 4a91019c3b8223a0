"""The program on a system that lacks what only POSIX has."""
