"""Which reads count as evidence, and which need not be repeated. Pure."""

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
from reconciler.model.kind import FACTS, ORCHESTRATORS, Generation, Kind
from reconciler.model.origin import Origin
from reconciler.model.place import Place
from reconciler.model.record import Inventory, Phase
from reconciler.model.secret import Handed, Literal, Unreadable
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import Beside
from reconciler.model.wording import plural
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
    """The look, in which an empty v2 organization counts as read only if nothing in it is owned.

    v2 answers an unknown organization with empty lists (v2 reference 4), and a new one looks the same.
    Creating in one that does not exist fails without harm; but an empty list is no evidence that owned
    objects are gone.
    """
    if not look.unproven:
        return look
    lost = sum(key.kind in look.unproven for key in inventory.entries)
    if not lost:
        return replace(look, state=replace(look.state, complete=look.state.complete | look.unproven))
    error = AbsentError(
        f"v2 lists nothing, but the ownership record has {plural(lost, 'object')}: the organization may be gone or "
        "misspelled",
        advice="check `organization` and the token; remove the inventory entries if the organization was emptied",
    )
    return replace(look, failures={**look.failures, **dict.fromkeys(look.unproven, error)})


def hints(
    desired: State, inventory: Inventory, beside: frozenset[Beside], named: Mapping[Beside, frozenset[str]]
) -> Hints:
    """Hints that spare requests: agents whose keys matter, runners known to be as desired, lists for rules."""
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
    """Ids of the agents among the keys, and of those that keys among them belong to."""
    for key in keys:
        if key.kind is Kind.AGENT:
            yield key.id
        elif key.kind is Kind.KEY:
            yield key.id.partition("/")[0]


def _as_live(desired: Resource, updated_at: str) -> Resource:
    """The live resource as which `desired` is read back."""
    secrets = {
        at: Unreadable() if isinstance(leaf, Literal | Handed) else leaf
        for at, leaf in desired.secrets.items()
    }
    return replace(desired, secrets=secrets, origin=None, payload=None, updated_at=updated_at)


def for_target(inventory: Inventory, target: Target, place: Place, digest_key: str) -> Inventory:
    """The record with the target's addresses and place, as it will be written with the digest key of this id.

    Raises InventoryError if it belongs to another installation or organization: objects with the same
    names there were never owned.
    """
    given = {
        str(generation): connection.url.rstrip("/")
        for generation in ORCHESTRATORS
        if (connection := connection_of(target, generation)) is not None
    }
    moved = inventory.moved(given) if inventory.holds_anything else None
    if moved is not None:
        raise InventoryError(
            f"the ownership record belongs to {moved[0]}, but the settings say {moved[1]}: objects with the same "
            "names there are not known to be owned",
            advice="use another `instance` or inventory for another installation; if this one only changed its "
            "address, change it under `endpoints` in the record too",
        )
    recorded = inventory.place
    if inventory.holds_anything and recorded is not None and recorded.name != place.name:
        raise InventoryError(
            f"the ownership record belongs to {recorded.realm} {recorded.name}, but the settings say {place.name}: "
            "objects with the same names there are not known to be owned",
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
        case Generation.KUBERNETES:
            return None


def unconnected(name: TargetName, target: Target, desired: State) -> list[Finding]:
    """Errors about resources declared for an API that the target has no connection to."""
    names = {Generation.V1: "orchestrator", Generation.V2: "runners"}
    found = []
    for generation in ORCHESTRATORS:
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
    """Resources that files declare in an organization, but that are not read because of the files' names.

    A document that is not valid counts with what its id names.
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
    """Errors about ids under `builtIn.disabled` that no built-in definition has: a typo must not look like success."""
    setting = f"targets.{name}.builtIn.disabled"
    if not disabled:
        return []
    if target.orchestrator is None:
        message = f"{setting} is set, but target {name} has no `orchestrator` connection"
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
    """Resources that files without a target would declare in an organization."""
    files = {finding.origin.file for finding in findings if finding.rule == UNASSIGNED}
    return desired_state(everything.of_files(files), place).resources


def still_declared(
    built: TargetPlan,
    unassigned: Mapping[ResourceKey, Resource],
    renamed: Mapping[ResourceKey, Resource],
) -> list[Finding]:
    """Errors about deletes caused by a mistake in `paths` or in a file's name: the file is there, but not read."""
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
