"""The catalogue: YAML files of models, hardware and providers, read into values."""
