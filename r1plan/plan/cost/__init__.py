"""What a month of one's own machine costs, beside what it costs by the token elsewhere."""
