"""Platform Orchestrator v2: runners, runner rules, and the objects that they refer to."""
