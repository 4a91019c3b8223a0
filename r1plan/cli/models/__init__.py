"""`r1plan models`: the model files themselves."""
