"""What is known, in one shape each, below rules, matrix and views. Pure."""
