"""The loop around passes: when to look again, and what the outside may see of it."""
