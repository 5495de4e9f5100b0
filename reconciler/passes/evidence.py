"""What may be believed of what was read, and what need not be looked at again. Pure; called by `reconcile`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from reconciler.diff.fields import literal_digests
from reconciler.errors import AbsentError, InventoryError
from reconciler.model.declaration import Declarations, Rejected
from reconciler.model.desired import desired_state
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.json import digest
from reconciler.model.kind import FACTS, Generation, Kind
from reconciler.model.origin import Origin
from reconciler.model.place import Place
from reconciler.model.record import Inventory, Phase
from reconciler.model.secret import Handed, Literal, Unreadable
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import Beside
from reconciler.orchestrator.sight import Hints, Look
from reconciler.plan.action import TargetPlan, Verb
from reconciler.plan.problem import NO_CONNECTION, STILL_DECLARED, UNKNOWN_BUILT_IN
from reconciler.settings import FILE_NAME, Connection, Target
from reconciler.source.quoted import quoted
from reconciler.source.violation import nearest

UNASSIGNED = "F11"
"""Finding: a file belongs to no target (`reconciler.model.reading_rule`)."""
_NAMED_BY_ID: Mapping[str, Kind] = MappingProxyType(
    {str(kind): kind for kind in Kind if FACTS[kind].has_document_id}
)
"""Kinds of documents whose object has the document's id."""


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
        f"v2 shows nothing at all, yet {lost} owned things are recorded: the organization may be gone or misspelt",
        advice="check `organization` and the token; remove the inventory entries if the organization was emptied",
    )
    return replace(look, failures={**look.failures, **dict.fromkeys(look.unproven, error)})


def hints(
    desired: State, inventory: Inventory, beside: frozenset[Beside], named: Mapping[Beside, frozenset[str]]
) -> Hints:
    """What spares requests: which agents' keys matter, runners known to be as desired, what rules ask for."""
    agents = set(agents_in((*desired.resources, *inventory.entries)))
    runners: dict[str, tuple[str, Resource]] = {}
    for resource in desired.of(Kind.RUNNER):
        entry = inventory.entries.get(resource.key)
        if (
            entry is not None
            and entry.phase is Phase.OWNED
            and entry.observed_at
            and entry.applied == digest(resource.document)
            and entry.secrets == literal_digests(resource)
        ):
            runners[resource.key.id] = (entry.observed_at, _as_live(resource, entry.observed_at))
    known = {key.kind for key in (*desired.resources, *inventory.entries)}
    kinds = frozenset(kind for kind in known if FACTS[kind].collection is not None)
    return Hints(frozenset(agents), runners, kinds, beside, named)


def agents_in(keys: Iterable[ResourceKey]) -> Iterator[str]:
    """Ids of the agents that some of the keys are of, or belong to."""
    for key in keys:
        if key.kind is Kind.AGENT:
            yield key.id
        elif key.kind is Kind.KEY:
            yield key.id.partition("/")[0]


def _as_live(desired: Resource, updated_at: str) -> Resource:
    """The live resource that `desired` reads back as."""
    secrets = {
        at: Unreadable() if isinstance(leaf, Literal | Handed) else leaf
        for at, leaf in desired.secrets.items()
    }
    return replace(desired, secrets=secrets, origin=None, payload=None, updated_at=updated_at)


def at_home(inventory: Inventory, target: Target, place: Place, digest_key: str) -> Inventory:
    """The record with the target's addresses and place, as it will be written with the digest key of this id.

    Raises InventoryError where it is of others: what has the same names elsewhere was never ours.
    """
    given = {
        str(generation): connection.url.rstrip("/")
        for generation in Generation
        if (connection := connection_of(target, generation)) is not None
    }
    moved = inventory.moved(given) if inventory.holds_anything else None
    if moved is not None:
        raise InventoryError(
            f"the ownership record is of {moved[0]}, and the settings say {moved[1]}: what is there under "
            "the same names is not known to be ours",
            advice="use another `instance` or inventory for another installation; if this one only changed its "
            "address, change it under `endpoints` in the record too",
        )
    recorded = inventory.place
    if inventory.holds_anything and recorded is not None and recorded.name != place.name:
        raise InventoryError(
            f"the ownership record is of {recorded.realm} {recorded.name}, and the settings say {place.name}: "
            "what has the same names there is not known to be ours",
            advice="give another organization a target of its own, so that each keeps its record",
        )
    return replace(
        inventory.at(place),
        endpoints={**inventory.endpoints, **given},
        digest_key=digest_key or inventory.digest_key,
        is_written=inventory.is_written and digest_key in ("", inventory.digest_key),
    )


def connection_of(target: Target, generation: Generation) -> Connection | None:
    """The target's connection to one of the two APIs."""
    match generation:
        case Generation.V1:
            return target.orchestrator
        case Generation.V2:
            return target.runners


def unconnected(name: TargetName, target: Target, desired: State) -> list[Finding]:
    """Declared, and nowhere to send it: an error, not silence."""
    names = {Generation.V1: "orchestrator", Generation.V2: "runners"}
    found = []
    for generation in Generation:
        if connection_of(target, generation) is not None:
            continue
        for key, resource in desired.resources.items():
            if FACTS[key.kind].generation is generation:
                found.append(
                    Finding(
                        NO_CONNECTION,
                        Severity.ERROR,
                        f"{key} is declared, but target {name} has no `{names[generation]}` connection",
                        resource.origin or Origin(""),
                        key=key,
                        advice=f"add `targets.{name}.{names[generation]}` to the settings",
                    )
                )
    return found


def renamed(everything: Declarations, place: Place) -> Mapping[ResourceKey, Resource]:
    """What files declare in an organization that are not read because their names end otherwise.

    Of documents that are not valid, what their ids name.
    """
    aside = everything.set_aside
    if aside is None:
        return {}
    named = {
        key: Resource(key, {}, origin=rejected.origin())
        for rejected in aside.rejected
        if (key := _key_of(rejected, place)) is not None
    }
    return {**named, **desired_state(aside, place).resources}


def _key_of(rejected: Rejected, place: Place) -> ResourceKey | None:
    metadata = rejected.raw.get("metadata")
    name = metadata.get("id") if isinstance(metadata, dict) else None
    if not isinstance(name, str) or rejected.kind not in _NAMED_BY_ID:
        return None
    return ResourceKey(place, _NAMED_BY_ID[rejected.kind], name)


def unknown_built_in(name: TargetName, target: Target, disabled: Sequence[str], live: State) -> list[Finding]:
    """Ids under `builtIn.disabled` that no built-in definition has: a slip must not look like success."""
    setting = f"targets.{name}.builtIn.disabled"
    if not disabled:
        return []
    if target.orchestrator is None:
        message = f"{setting} is given, but target {name} has no `orchestrator` connection"
        advice = f"add `targets.{name}.orchestrator` to the settings"
        return [Finding(NO_CONNECTION, Severity.ERROR, message, Origin(FILE_NAME), advice=advice)]
    if Kind.DEFINITION not in live.complete:
        return []
    present = {resource.key.id: resource.is_built_in for resource in live.of(Kind.DEFINITION)}
    known = sorted(identifier for identifier, is_built_in in present.items() if is_built_in)
    found = []
    for identifier in dict.fromkeys(disabled):
        if present.get(identifier, False):
            continue
        meant = nearest(identifier, known)
        what = "is not built in" if identifier in present else "does not exist"
        advice = f"did you mean `{meant}`?" if meant else f"built in are: {', '.join(known) or 'none'}"
        if identifier in present:
            advice = "remove it from the list; its criteria are changed in the document that declares it"
        message = (
            f"{setting} names the definition {quoted(identifier)}, which {what} in {target.organization}"
        )
        found.append(Finding(UNKNOWN_BUILT_IN, Severity.ERROR, message, Origin(FILE_NAME), advice=advice))
    return found


def strays(
    everything: Declarations, findings: Iterable[Finding], place: Place
) -> Mapping[ResourceKey, Resource]:
    """What files that belong to no target would declare in an organization."""
    files = {finding.origin.file for finding in findings if finding.rule == UNASSIGNED}
    return desired_state(everything.of_files(files), place).resources


def still_declared(
    built: TargetPlan,
    unassigned: Mapping[ResourceKey, Resource],
    renamed: Mapping[ResourceKey, Resource],
) -> list[Finding]:
    """Refuse deletes that a slip caused, in `paths` or in the name of a file: the file is there, and not read."""
    reasons = (
        (unassigned, "and belongs to no target", "correct `paths` in the settings, or remove the file"),
        (renamed, "and is not read because of its name", "let its name end in .yaml, or remove the file"),
    )
    return [
        Finding(
            STILL_DECLARED,
            Severity.ERROR,
            f"{action.key} would be deleted, but this file still declares it {why}",
            declared[action.key].origin or Origin(""),
            key=action.key,
            advice=advice,
        )
        for declared, why, advice in reasons
        for action in built.actions
        if action.verb is Verb.DELETE and action.key in declared
    ]
