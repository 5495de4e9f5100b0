"""The orchestrator's HTTP API, client side. The only package that imports httpx."""
