"""Deployment through a Git repository: R68 to R75."""

from reconciler.rules.gitops import deployment_target, surroundings

RULES = (*deployment_target.RULES, *surroundings.RULES)
