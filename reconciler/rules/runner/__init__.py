"""Runners of the v2 orchestrator, and their separation from Agents: R100 to R108."""

from reconciler.rules.runner import installation, placement, pod_template

RULES = (*pod_template.RULES, *placement.RULES, *installation.RULES)
