"""Single actions: how each is sent, and what became of it."""
