"""The steps of a report in their order: read the rows, price them, sum them, tell what is doubtful of the sums."""
