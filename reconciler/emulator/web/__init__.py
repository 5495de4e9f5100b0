"""The web side: requests come in here, over a port or in process, and leave as answers."""
