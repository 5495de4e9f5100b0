"""Platform Orchestrator v1: agents, agent keys, resource definitions and what they depend on."""
