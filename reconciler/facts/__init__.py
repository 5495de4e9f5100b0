"""Facts derived from files and state, shared by rules, matrix and views. Pure."""
