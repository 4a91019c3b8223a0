"""The month behind a plan, gathered for `recommend`: what is asked, what is sold, and what is rented."""
