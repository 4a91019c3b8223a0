"""The usage log: one JSON row a request, one file a month."""
