"""Secrets and secret stores: R76 to R90."""

from reconciler.rules.stores import on_cluster, reference, store

RULES = (*reference.RULES, *store.RULES, *on_cluster.RULES)
