"""What belongs to what: criteria, keys of an agent, rules of a runner, users of a secret store."""

from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.secret import Reference
from reconciler.model.state import Resource


def criterion_key(definition: ResourceKey, selector: str) -> ResourceKey:
    """The key of one criterion of a definition."""
    return definition.beside(Kind.CRITERION, f"{definition.id}[{selector}]")


def criterion_selector(key: ResourceKey) -> str:
    """The selector in a key that `criterion_key` made."""
    return key.id.partition("[")[2].removesuffix("]")


def agent_of(key: ResourceKey) -> ResourceKey:
    """The agent that a `Key` belongs to."""
    return key.beside(Kind.AGENT, key.id.partition("/")[0])


def runner_of(rule: Resource | None) -> ResourceKey | None:
    """The runner that a rule chooses."""
    if rule is None:
        return None
    return rule.key.beside(Kind.RUNNER, str(rule.document.get("runner_id", "")))


def fingerprint_of(key: ResourceKey) -> str:
    """The fingerprint of a `Key`."""
    return key.id.partition("/")[2]


def type_of(definition: Resource | None) -> str:
    """Resource type of a definition, "" for anything else."""
    if definition is None or definition.key.kind is not Kind.DEFINITION:
        return ""
    return str(definition.document.get("type", ""))


def stores_of(definition: Resource | None) -> frozenset[str]:
    """Ids of the secret stores that a definition refers to."""
    leaves = () if definition is None else definition.secrets.values()
    return frozenset(leaf.store for leaf in leaves if isinstance(leaf, Reference))


def agent_of_store(store: Resource | None) -> ResourceKey | None:
    """The Agent through which a store is reached (v1 reference 5.2: `vault.agent_id`)."""
    block = None if store is None else store.document.get("vault")
    named = block.get("agent_id") if isinstance(block, dict) else None
    return store.key.beside(Kind.AGENT, named) if store is not None and isinstance(named, str) else None


def is_primary(store: Resource | None) -> bool:
    """True for a store that is primary."""
    return store is not None and store.document.get("primary") is True
