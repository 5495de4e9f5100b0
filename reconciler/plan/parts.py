"""Names of objects that belong to others: criteria, keys of an agent, rules of a runner."""

from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
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
    return "" if definition is None else str(definition.document.get("type", ""))
