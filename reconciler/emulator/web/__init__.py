"""The HTTP side: requests arrive here, over a port or in process, and get their responses."""
