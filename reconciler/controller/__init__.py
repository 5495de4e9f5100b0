"""The loop around passes: when to poll again, and what it exposes to the outside."""
