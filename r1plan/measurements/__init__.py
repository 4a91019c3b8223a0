"""What was measured of models on this machine: the readings as values, and the files that keep them."""
