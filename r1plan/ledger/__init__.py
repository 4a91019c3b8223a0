"""The usage log: a JSON row when a request begins and one when it ends, one file a month."""
