"""A model file on this machine as it is planned, loaded and compared with others."""
