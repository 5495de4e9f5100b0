"""The five kinds of secret stores and how each side spells their fields (v1 reference 5.2, agent and operator 3.4)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.model.identifier import did_you_mean
from reconciler.model.json import JsonObject, Path
from reconciler.model.secret_store import STORE_TYPES, SecretStoreSpec
from reconciler.model.wording import listed


@dataclass(frozen=True, slots=True)
class Spelling:
    """Fields of one kind of store on one side; it does not work without those in `required`."""

    fields: frozenset[str]
    required: tuple[str, ...]


def _spelling(*fields: str, required: tuple[str, ...] = ()) -> Spelling:
    return Spelling(frozenset(fields), required)


ORCHESTRATOR: Mapping[str, Spelling] = MappingProxyType(
    {
        "awssm": _spelling("region", "endpoint", required=("region",)),
        "azurekv": _spelling("tenant_id", "url", required=("tenant_id", "url")),
        "gcpsm": _spelling("project_id", required=("project_id",)),
        "vault": _spelling("url", "path", "agent_id", required=("url",)),
        "kubernetes": _spelling("namespace", required=("namespace",)),
    }
)
"""`kubernetes` exists on clusters only; documents spell all kinds as the orchestrator does.

Credentials are not part of a shared block: each side has its own, under `orchestrator` and `clusters`.
"""

CLUSTER: Mapping[str, Spelling] = MappingProxyType(
    {
        "awssm": _spelling("region", "auth", required=("region",)),
        "azurekv": _spelling("url", "tenantID", "auth", required=("url", "tenantID")),
        "gcpsm": _spelling("projectID", "auth", required=("projectID",)),
        "vault": _spelling("url", "path", "auth", required=("url",)),
        "kubernetes": _spelling("namespace", required=("namespace",)),
    }
)

SPELLED_ON_CLUSTER: Mapping[str, str] = MappingProxyType({"tenant_id": "tenantID", "project_id": "projectID"})
"""Fields that the cluster spells differently."""
_OTHER_SIDE = MappingProxyType({**SPELLED_ON_CLUSTER, **{b: a for a, b in SPELLED_ON_CLUSTER.items()}})


def blocks_of(spec: SecretStoreSpec) -> dict[str, JsonObject]:
    """Blocks that a document sets, by kind."""
    given = {name: getattr(spec, name) for name in STORE_TYPES}
    return {name: block for name, block in given.items() if block is not None}


def problems(
    blocks: Mapping[str, JsonObject | None], spellings: Mapping[str, Spelling]
) -> Iterator[tuple[Path, str, str]]:
    """Problems: path below the blocks, what is wrong, and advice."""
    if len(blocks) != 1:
        kinds = listed(sorted(blocks)) or "none"
        yield (), f"needs exactly one kind of store, has {kinds}", f"Give one of {listed(spellings)}."
    for kind, block in blocks.items():
        spelling = spellings[kind]
        for name, problem, advice in misspelt(block or {}, spelling):
            yield (kind, name), f"has `{kind}.{name}`, which {problem}", advice
        for name in spelling.required:
            if not (block or {}).get(name) and _OTHER_SIDE.get(name) not in (block or {}):
                yield (kind,), f"lacks `{kind}.{name}`", f"Set `{kind}.{name}`."


def misspelt(block: JsonObject, spelling: Spelling) -> Iterator[tuple[str, str, str]]:
    """Fields of a block that its side does not have, what is wrong, and advice."""
    for name in block:
        if name in spelling.fields:
            continue
        if name == "auth":
            yield (
                name,
                "is not a field of the store",
                "Put it under `orchestrator`, or under an entry of `clusters`.",
            )
        elif (other := _OTHER_SIDE.get(name)) in spelling.fields:
            yield name, "is the other side's spelling", f"Write `{other}`."
        else:
            known = sorted(spelling.fields)
            yield name, "is not known", did_you_mean(name, known) or f"Known fields: {listed(known)}."


def on_cluster(kind: str, block: JsonObject) -> JsonObject:
    """A document's block in the spelling of clusters, without fields that only the orchestrator has."""
    fields = CLUSTER[kind].fields
    spelled = {SPELLED_ON_CLUSTER.get(name, name): value for name, value in block.items()}
    return {name: value for name, value in spelled.items() if name in fields and name != "auth"}
