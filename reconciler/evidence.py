"""What may be believed of a look, and what need not be looked at again. Pure; called by `reconcile`."""

from dataclasses import replace

from reconciler.diff.fields import literal_digests
from reconciler.errors import AbsentError
from reconciler.model.identity import Kind
from reconciler.model.inventory import Inventory, Phase
from reconciler.model.json import digest
from reconciler.model.secret import Literal, Unreadable
from reconciler.model.state import Resource, State
from reconciler.orchestrator.sight import Hints, Look


def believed(look: Look, inventory: Inventory) -> Look:
    """Believe an empty v2 organization only where we own nothing in it.

    v2 answers an unknown organization with empty lists (v2 reference 4). A new organization looks
    the same, and creating in one that does not exist fails without harm; but things that we own
    and do not see are no evidence for forgetting them.
    """
    if not look.unproven:
        return look
    lost = sum(key.kind in look.unproven for key in inventory.entries)
    if not lost:
        return replace(look, state=replace(look.state, complete=look.state.complete | look.unproven))
    error = AbsentError(
        f"v2 shows nothing at all, yet {lost} things there are ours: the organization may be gone or misspelt",
        advice="check `organization` and the token; remove the inventory entries if the organization was emptied",
    )
    return replace(look, failures={**look.failures, **dict.fromkeys(look.unproven, error)})


def hints(desired: State, inventory: Inventory, digest_key: bytes | None) -> Hints:
    """What spares requests: which agents' keys matter, and runners known to be as desired."""
    agents = {key.id for key in (*desired.resources, *inventory.entries) if key.kind is Kind.AGENT}
    agents |= {
        key.id.partition("/")[0] for key in (*desired.resources, *inventory.entries) if key.kind is Kind.KEY
    }
    runners: dict[str, tuple[str, Resource]] = {}
    for resource in desired.of(Kind.RUNNER):
        entry = inventory.entries.get(resource.key)
        if (
            entry is not None
            and entry.phase is Phase.OWNED
            and entry.observed_at
            and entry.applied == digest(resource.document)
            and entry.secrets == literal_digests(resource, digest_key)
        ):
            runners[resource.key.id] = (entry.observed_at, _as_live(resource, entry.observed_at))
    return Hints(frozenset(agents), runners)


def _as_live(desired: Resource, updated_at: str) -> Resource:
    """The live resource that `desired` reads back as."""
    secrets = {
        at: Unreadable() if isinstance(leaf, Literal) else leaf for at, leaf in desired.secrets.items()
    }
    return replace(desired, secrets=secrets, origin=None, payload=None, updated_at=updated_at)
