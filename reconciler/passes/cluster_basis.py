"""What the plan of a cluster is built from. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from reconciler.diff.change import Diff, Group
from reconciler.diff.compare import compare
from reconciler.diff.foreign import with_foreign
from reconciler.diff.managed_fields import managers_of
from reconciler.facts.cluster_demand import DEFINITIONS, DEPLOYMENTS, OF_DEPLOYMENTS
from reconciler.facts.definition import dig
from reconciler.facts.delivered import delivered
from reconciler.facts.operator_state import deployed, full_name, missing_controller, missing_kinds
from reconciler.facts.rollout import rollout
from reconciler.footprint.value import Footprint
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.json import JsonObject
from reconciler.model.kind import WORKLOAD_KINDS, Kind
from reconciler.model.kubernetes_object import (
    FIELD_MANAGER,
    FINGERPRINT_ANNOTATION,
    INSTALLATION_ANNOTATION,
    OPERATOR_INSTALLATIONS,
    metadata_of,
    text_of,
)
from reconciler.model.record import Safeguards
from reconciler.model.state import Resource
from reconciler.model.unread import Unread
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.passes.key_turn import waiting
from reconciler.plan.action import ActionId, Held, Unexamined, Verb
from reconciler.plan.build import Basis
from reconciler.plan.doubt import Doubt
from reconciler.plan.problem import CANNOT_INSTALL
from reconciler.settings import Settings

_NOWHERE: Mapping[str, str] = MappingProxyType({})
_ALL_READ: Mapping[str, frozenset[str] | None] = MappingProxyType({})
_BROUGHT: Mapping[Kind, str] = MappingProxyType(
    {Kind.STORE_RESOURCE: ", which comes with the chart of the Operator"}
)
_REGISTERED = frozenset((Kind.AGENT, Kind.KEY, Kind.OPERATOR_KEY, Kind.RUNNER))


@dataclass(frozen=True, slots=True)
class Absences:
    """Why something that no file declares may still be declared.

    `unproven` holds deletes until the files can be read, "" if they can. `doubts` and `is_bare` are as in
    `plan.case.Case`, for the files of all targets.
    """

    unproven: str = ""
    doubts: tuple[Doubt, ...] = ()
    is_bare: bool = False


def cluster_basis(
    settings: Settings,
    sight: ClusterSight,
    before: Safeguards,
    absences: Absences,
    *,
    homeless: Mapping[str, str] = _NOWHERE,
    unread: Mapping[str, frozenset[str] | None] = _ALL_READ,
) -> Basis:
    """The basis of one cluster. `before` are limits that still count.

    `homeless` are installations that cannot start at their new place yet, with what it lacks (`lacking_a_place`).
    `unread` are organizations that were not read completely, with the registrations that each has by its record, such
    as `Agent/eu-1`; None where it may have any.
    """
    diff = _with_managers(compare(sight.desired, sight.live, sight.inventory), sight)
    waits: dict[ActionId, Held] = {
        **dict(_waiting(sight)),
        **dict(_still_used(diff, unread)),
        **dict(_succeeded(sight, homeless)),
        **dict(waiting(sight.turns)),
    }
    if absences.unproven:
        held = Held(absences.unproven)
        pruned = (change.key for change in diff.of(Group.PRUNE) if change.key.kind is not Kind.PRIVATE_KEY)
        waits.update({(Verb.DELETE, key): held for key in pruned})
    return Basis(
        target=sight.name,
        place=sight.place,
        desired=sight.desired,
        live=sight.live,
        inventory=sight.inventory,
        diff=diff,
        policy=settings.policy,
        safety=settings.safety,
        before=before,
        unexamined=(
            *sight.reading.unexamined,
            *_unknown_organizations(settings, sight),
            *_illegible_keys(sight),
        ),
        waits=waits,
        doubts=absences.doubts,
        is_bare=absences.is_bare,
        verify=dict(_unready(sight)),
        deployed=dict(_deployed(sight)),
        awaits=dict(_awaited(settings, sight)),
        problems=tuple(
            Finding(CANNOT_INSTALL, Severity.ERROR, f"{name} cannot be installed: {why}", at)
            for name, why, at in sight.refused
        ),
    )


def lacking_a_place(sights: Iterable[ClusterSight]) -> Mapping[str, str]:
    """Installations whose workload is still to be created and cannot be yet, with what is missing."""
    return {
        sight.workloads[key].installation: f"{key} in {sight.place}, which waits: {lacks}"
        for sight in sights
        for key, lacks in sight.lacking.items()
        if key in sight.workloads and key not in sight.live.resources
    }


def _succeeded(sight: ClusterSight, homeless: Mapping[str, str]) -> Iterator[tuple[ActionId, Held]]:
    """Workloads that are to run elsewhere: until they can, they stay, as otherwise nothing would run meanwhile."""
    for key, live in sight.live.resources.items():
        if key.kind in WORKLOAD_KINDS and key not in sight.bodies:
            lacks = homeless.get(text_of(live.document, "annotations", INSTALLATION_ANNOTATION))
            if lacks is not None:
                yield (Verb.DELETE, key), Held(f"waits: its successor is {lacks}")


def _still_used(diff: Diff, unread: Mapping[str, frozenset[str] | None]) -> Iterator[tuple[ActionId, Held]]:
    """Workloads that an organization may still send deployments to, which are first to be taken away there."""
    for change in diff.of(Group.PRUNE):
        if change.key.kind in WORKLOAD_KINDS and change.live is not None:
            installation = text_of(change.live.document, "annotations", INSTALLATION_ANNOTATION)
            users = [name for name, known in unread.items() if known is None or installation in known]
            if users:
                names = ", ".join(sorted(users))
                why = f"waits: organization {names}, which was not read, may still use it"
                yield (Verb.DELETE, change.key), Held(why)


def held_registrations(diff: Diff, unseen: Sequence[str]) -> dict[ActionId, Held]:
    """Deletes of registrations that wait, because their workload may still run on a cluster that was not seen."""
    if not unseen:
        return {}
    names = ", ".join(unseen)
    held = Held(f"waits: its workload may still run on cluster {names}, which was not read")
    return {
        (Verb.DELETE, change.key): held for change in diff.of(Group.PRUNE) if change.key.kind in _REGISTERED
    }


def held_keys(diff: Diff, sights: Iterable[ClusterSight], revoked: Collection[str]) -> dict[ActionId, Held]:
    """Withdrawals of keys that wait, because pods of a workload run with them, or may until it is rolled out."""
    withdrawn = [change.key for change in diff.of(Group.PRUNE) if change.key.kind is Kind.KEY]
    if not withdrawn:
        return {}
    running: dict[str, str] = {}
    turning: dict[str, str] = {}
    for sight in sights:
        for key, live in sight.live.resources.items():
            kind, _, agent = text_of(live.document, "annotations", INSTALLATION_ANNOTATION).partition("/")
            if kind != Kind.AGENT or key.kind is not Kind.DEPLOYMENT or sight.reading.is_directory:
                continue
            running[f"{agent}/{_mounted_by(live)}"] = f"{key} in {sight.place} runs with it"
            found = sight.reading.found.get(key)
            missing = "" if found is None else _missing(key, found)
            if missing:
                turning[agent] = f"{key} in {sight.place} is not ready: {missing}"
    held = {}
    for key in withdrawn:
        why = running.get(key.id) or turning.get(key.id.partition("/")[0])
        if why and key.id not in revoked:
            held[Verb.DELETE, key] = Held(f"waits: {why}")
    return held


def _unready(sight: ClusterSight) -> Iterator[tuple[ResourceKey, str]]:
    """Workloads that are as declared, and whose newest template is not rolled out."""
    if sight.reading.is_directory:
        return
    for key in sorted(sight.workloads):
        found = sight.reading.found.get(key)
        missing = "" if found is None else _missing(key, found) or _missing_of_operator(sight, key)
        if missing:
            yield key, f"not ready: {missing}"


def _with_managers(diff: Diff, sight: ClusterSight) -> Diff:
    """The changes, with who else manages the fields that differ, and what of the live side must not be shown."""
    changes = dict(diff.changes)
    for change in diff.of(Group.UPDATE, Group.CONTESTED):
        found = sight.reading.found.get(change.key)
        if found is not None:
            owners = (owner.manager for field in change.fields for owner in managers_of(found, field.path))
            others = dict.fromkeys(name for name in owners if name != FIELD_MANAGER)
            changes[change.key] = replace(change, changed_by=tuple(others))
    for change in [*changes.values()]:
        found = sight.reading.found.get(change.key)
        if found is not None:
            is_directory = sight.reading.is_directory
            changes[change.key] = with_foreign(change, found, is_directory=is_directory)
    return Diff(changes)


def _waiting(sight: ClusterSight) -> Iterator[tuple[ActionId, Held]]:
    """Workloads that would start without their key."""
    for key, lacks in sight.lacking.items():
        verb = Verb.UPDATE if key in sight.live.resources else Verb.CREATE
        yield (verb, key), Held(f"waits: {lacks}")
    for key, why in sight.reading.denied.items():
        verb = Verb.UPDATE if key in sight.live.resources else Verb.CREATE
        yield (verb, key), Held(f"the cluster would refuse it: {why}", is_transient=False)
    # Then they are applied after it, and it is not done before its kinds are there.
    is_coming = any(
        _is_operator(one) and key not in sight.live.resources for key, one in sight.workloads.items()
    )
    for key in sight.bodies:
        if key.kind in sight.reading.absent_kinds and not (is_coming and key.kind is Kind.STORE_RESOURCE):
            yield (
                (Verb.CREATE, key),
                Held(f"waits: the cluster has no kind {key.kind}{_BROUGHT.get(key.kind, '')}"),
            )


def _missing_of_operator(sight: ClusterSight, key: ResourceKey) -> str:
    """What an Operator lacks whose chart is installed, as far as it was read; "" if nothing, and for others."""
    one, observed = sight.workloads[key], sight.reading.observed
    if not _is_operator(one) or one.workload is None:
        return ""
    kinds = observed.get(DEFINITIONS.name)
    if kinds is not None:
        names = {str(metadata_of(body).get("name")) for body in kinds}
        missing = missing_kinds(lambda _, kind: full_name(kind) in names)
        if missing:
            return missing
    deployments = observed.get(DEPLOYMENTS.name)
    if deployments is None:
        return ""
    namespace = one.workload.namespace
    here = (body for body in deployments if metadata_of(body).get("namespace") == namespace)
    named = next((body for body in here if metadata_of(body).get("name") == one.workload.name), None)
    return missing_controller(namespace, named, ())


def _is_operator(one: Footprint) -> bool:
    return one.installation.startswith(OPERATOR_INSTALLATIONS)


def _deployed(sight: ClusterSight) -> Iterator[tuple[ResourceKey, str]]:
    """Workloads of live Operators, with what was deployed through them, or why that is not known."""
    if sight.reading.is_directory:
        return
    unseen = [full_name(kind.kind) for kind in OF_DEPLOYMENTS if kind.name not in sight.reading.observed]
    found = [body for kind in OF_DEPLOYMENTS for body in sight.reading.observed.get(kind.name, ())]
    what = deployed(found)
    if not what and unseen:
        what = f"{', '.join(unseen)} cannot be listed, so whether anything is deployed is not known"
    for key, live in sight.live.resources.items():
        installation = text_of(live.document, "annotations", INSTALLATION_ANNOTATION)
        if what and key.kind in WORKLOAD_KINDS and installation.startswith(OPERATOR_INSTALLATIONS):
            yield key, what


def _missing(key: ResourceKey, found: JsonObject) -> str:
    return rollout(found, ()).missing if key.kind is Kind.DEPLOYMENT else delivered(found)


def _awaited(settings: Settings, sight: ClusterSight) -> Iterator[tuple[ActionId, tuple[ResourceKey, ...]]]:
    """The mounted key, in every organization that an Agent serves, before pods start with it.

    Pods that run with it already are not held up: another change may be what mends them.
    """
    places = {
        target.organization: settings.place(TargetName(name)) for name, target in settings.targets.items()
    }
    for workload, fingerprint in sight.mounted.items():
        one = sight.workloads[workload]
        kind, _, agent = one.installation.partition("/")
        live = sight.live.resources.get(workload)
        known = [places[name] for name in one.organizations if name in places]
        if kind == Kind.AGENT and (live is None or _mounted_by(live) != fingerprint):
            keys = tuple(ResourceKey(place, Kind.KEY, f"{agent}/{fingerprint}") for place in known)
            yield (Verb.CREATE if live is None else Verb.UPDATE, workload), keys
        if _is_operator(one) and live is None:
            # One that runs already may need another version of its chart to accept a key again.
            keys = tuple(ResourceKey(place, Kind.OPERATOR_KEY, fingerprint) for place in known)
            yield (Verb.CREATE, workload), keys


def _mounted_by(workload: Resource) -> object:
    return dig(workload.document, "spec", "template", "metadata", "annotations", FINGERPRINT_ANNOTATION)


def _unknown_organizations(settings: Settings, sight: ClusterSight) -> Iterator[Unexamined]:
    """Organizations that an Agent serves and no target has: whether they accept its key cannot be seen."""
    known = {target.organization for target in settings.targets.values()}
    for one in sight.workloads.values():
        for name in one.organizations:
            if name not in known:
                yield Unexamined(
                    f"whether organization {name} accepts the key of {one.installation}",
                    "the settings have no target for it",
                )


def _illegible_keys(sight: ClusterSight) -> Iterator[Unexamined]:
    """Places where keys are made whose content is no key: nothing is made, replaced or removed there."""
    for one in sight.turns:
        if isinstance(one.place, Unread):
            yield Unexamined(f"the key of {one.owner_name} in {one.entries}", one.place.reason)
