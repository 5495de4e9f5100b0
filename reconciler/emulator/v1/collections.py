"""The v1 collections: keys, and the indexes for uniqueness and references."""

from collections.abc import Callable, Iterable

from reconciler.emulator.store import Collection, Key
from reconciler.emulator.wire import Document, parts

RULE_FIELDS = ("res_id", "env_id", "app_id", "env_type")
"""The optional fields of a criterion, most specific first (v1 section 12)."""


def rule_key(organization: str, resource_type: str, rule: Document) -> Key:
    """The unique key of a criterion: type, the four fields (empty if unset) and the class."""
    return (organization, resource_type, *(rule.get(name, "") for name in RULE_FIELDS), rule["class"])


def _rules(key: Key, document: Document) -> Iterable[Key]:
    return (rule_key(key[0], document["type"], rule) for rule in document["criteria"])


def _classes(key: Key, document: Document) -> Iterable[Key]:
    return {(key[0], document["type"], rule["class"]) for rule in document["criteria"]}


def _stores(key: Key, document: Document) -> Iterable[Key]:
    """A key for each secret store that a leaf of `secret_refs` names (v1 section 4.6)."""
    references = parts(document.get("driver_inputs", {}).get("secret_refs"))
    leaves = (part for part in references if isinstance(part, dict) and isinstance(part.get("ref"), str))
    return {(key[0], leaf["store"]) for leaf in leaves if isinstance(leaf.get("store"), str)}


def _member(name: str) -> Callable[[Key, Document], Iterable[Key]]:
    """An index by one string member; documents without it are not included."""
    return lambda key, document: [(key[0], document[name])] if document.get(name) else []


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

DEFINITIONS = Collection(
    "definitions",
    {
        "rule": _rules,
        "type": _member("type"),
        "driver": _member("driver_type"),
        "account": _member("driver_account"),
        "class": _classes,
        "secret store": _stores,
    },
)
"""Live resource definitions by (org, id), criteria inside."""

DELETED_DEFINITIONS = Collection("deleted_definitions")
"""The last state of deleted definitions by (org, id), until the id is used again."""

VERSIONS = Collection("definition_versions", {"definition": lambda key, _: [key[:2]]})
"""Definition versions by (org, definition, version)."""

ACTIVE_RESOURCES = Collection(
    "active_resources",
    {
        "definition": _member("def_id"),
        "type": _member("type"),
        "driver": _member("driver_type"),
        "account": _member("driver_account"),
    },
)
"""Active resources by (org, app, env, type, class, resource id)."""

SECRET_STORES = Collection("secret_stores")
"""Secret stores by (org, id)."""

RESOURCE_TYPES = Collection("resource_types")
"""Resource types by (org, id)."""

CLASSES = Collection("classes", {"type": lambda key, _: [key[:2]]})
"""Registered resource classes by (org, type, id)."""

DRIVERS = Collection("drivers", {"type": _member("type"), "target": _member("target")})
"""Drivers by (org, owner, id)."""

ACCOUNTS = Collection("accounts")
"""Cloud accounts by (org, id), credentials left out."""

APPLICATIONS = Collection("applications")
"""Applications by (org, id)."""

OPERATOR_KEYS = Collection(
    "operator_keys", {"fingerprint": lambda key, document: [(key[0], document["fingerprint"])]}
)
"""Public keys of operators by (org, id)."""

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
    CLASSES,
    DRIVERS,
    ACCOUNTS,
    APPLICATIONS,
    OPERATOR_KEYS,
)
