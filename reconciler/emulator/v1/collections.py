"""The v1 collections: keys, and the indexes by which uniqueness and references are decided."""

from collections.abc import Iterable

from reconciler.emulator.store import Collection, Key
from reconciler.emulator.wire import Document

RULE_FIELDS = ("res_id", "env_id", "app_id", "env_type")
"""The optional fields of a criterion, most specific first (v1 section 12)."""


def rule_key(organization: str, resource_type: str, rule: Document) -> Key:
    """Return what must be unique: type, the four fields (empty when unset) and the class."""
    return (organization, resource_type, *(rule.get(name, "") for name in RULE_FIELDS), rule["class"])


def _rules(key: Key, document: Document) -> Iterable[Key]:
    return (rule_key(key[0], document["type"], rule) for rule in document["criteria"])


OPENED = Collection("v1_opened")
"""Organizations (org) that have been given their built-in objects."""

AGENTS = Collection("agents")
"""Agents by (org, id)."""

AGENT_KEYS = Collection(
    "agent_keys",
    {
        "agent": lambda key, _: [key[:2]],
        "fingerprint": lambda key, _: [(key[0], key[2])],
    },
)
"""Agent keys by (org, agent, fingerprint)."""

DEFINITIONS = Collection("definitions", {"rule": _rules})
"""Live resource definitions by (org, id), criteria inside."""

DELETED_DEFINITIONS = Collection("deleted_definitions")
"""The last state of deleted definitions by (org, id), until the id is used again."""

VERSIONS = Collection("definition_versions", {"definition": lambda key, _: [key[:2]]})
"""Definition versions by (org, definition, version)."""

ACTIVE_RESOURCES = Collection(
    "active_resources",
    {"definition": lambda key, document: [(key[0], document["def_id"])]},
)
"""Active resources by (org, app, env, type, class, resource id)."""

SECRET_STORES = Collection("secret_stores")
"""Secret stores by (org, id)."""

RESOURCE_TYPES = Collection("resource_types")
"""Resource types by (org, id)."""

DRIVERS = Collection("drivers")
"""Drivers by (org, owner, id)."""

V1_COLLECTIONS = (
    OPENED,
    AGENTS,
    AGENT_KEYS,
    DEFINITIONS,
    DELETED_DEFINITIONS,
    VERSIONS,
    ACTIVE_RESOURCES,
    SECRET_STORES,
    RESOURCE_TYPES,
    DRIVERS,
)
