"""What people, shops and drivers call graphics cards and chips, brought to the rows of the catalogue."""
