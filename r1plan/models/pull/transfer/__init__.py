"""Bytes from a hub: its connections, what may fail on them, and one file from its first byte to its checksum."""
