"""What `r1plan doctor` looks at: the program, the engine, keys, folders, logs, the catalogue and the terminal."""
