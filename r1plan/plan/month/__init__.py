"""What a month asks: of a workload that is given by means, and of what a log says that each model thinks."""
