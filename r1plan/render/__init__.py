"""Values to text: the one place of wording, units and rounding."""
