"""What is assumed of a described machine where nobody said it: each figure once, with the option that says it."""
