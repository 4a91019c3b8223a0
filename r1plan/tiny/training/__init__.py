"""How r1-tiny is made: its tokenizer, its network, batches, the training and the file written of it."""
