"""Client of the orchestrator's HTTP API. The only package that imports httpx."""
