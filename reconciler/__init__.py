"""GitOps for the Platform Orchestrator: YAML in Git, kept true in the orchestrator."""

__version__ = "0.1.0"
