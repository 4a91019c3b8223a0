"""From the text of a YAML file to typed values, each error with its file, line and field."""
