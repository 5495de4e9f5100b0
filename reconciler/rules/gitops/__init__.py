"""Deployment to a Git repository: R68 to R75."""

from reconciler.rules.gitops import deployment_target, directory, namespace, pruning, runtime_cluster

RULES = (
    *deployment_target.RULES,
    *runtime_cluster.RULES,
    *namespace.RULES,
    *pruning.RULES,
    *directory.RULES,
)
