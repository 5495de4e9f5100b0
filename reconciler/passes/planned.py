"""One plan over everything that was seen."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.diff.built_in import with_built_in
from reconciler.diff.compare import compare
from reconciler.model.active_resource import ActiveResource
from reconciler.model.cluster_state import ClusterState
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import FACTS, ORCHESTRATORS, WHOLE_KINDS, Kind
from reconciler.model.record import NO_SAFEGUARDS, Inventory, LastApply
from reconciler.model.state import State
from reconciler.passes.absence import absence
from reconciler.passes.begin import Pass
from reconciler.passes.cluster_basis import (
    Absences,
    cluster_basis,
    held_keys,
    held_registrations,
    lacking_a_place,
)
from reconciler.passes.cluster_sight import ClusterSight, cluster_state
from reconciler.passes.concern import belongs, concerned
from reconciler.passes.evidence import (
    connection_of,
    renamed,
    still_declared,
    strays,
    unconnected,
    unknown_built_in,
)
from reconciler.passes.look import Clients, Looked, Sight
from reconciler.passes.organizations import organizations, recorded
from reconciler.passes.read import Reading
from reconciler.passes.rotations import first_keys, mounted_runners
from reconciler.passes.stopped import NO_STOPS, Stops
from reconciler.passes.store_switches import reach_of
from reconciler.plan.action import TargetPlan, Unexamined
from reconciler.plan.approval import Approval, misses
from reconciler.plan.build import Basis, build
from reconciler.plan.doubt import NO_ABSENCE, Absence
from reconciler.plan.guards import reduced_definitions, takeover
from reconciler.plan.safeguards import declared, in_force, loosened
from reconciler.plan.saved import SavedPlan, bind
from reconciler.plan.withheld import behind_stopped


@dataclass(frozen=True, slots=True)
class Use:
    """What deployments use of the definitions that a plan reduces, by target."""

    active: Mapping[TargetName, Mapping[str, tuple[ActiveResource, ...]]]
    unread: Mapping[TargetName, tuple[Unexamined, ...]]


NO_USE = Use({}, {})


@dataclass(frozen=True, slots=True)
class Plans:
    """The plan of each target and of each cluster, as parts of one graph."""

    pairs: tuple[tuple[Sight, TargetPlan], ...]
    clusters: tuple[tuple[ClusterSight, TargetPlan], ...]

    @property
    def all(self) -> tuple[TargetPlan, ...]:
        """The plans, clusters last."""
        return tuple(built for _, built in (*self.pairs, *self.clusters))

    def replaced(self, plans: Sequence[TargetPlan]) -> "Plans":
        """The same with other plans, in the order of `all`."""
        built = iter(plans)
        return Plans(
            tuple((sight, next(built)) for sight, _ in self.pairs),
            tuple((sight, next(built)) for sight, _ in self.clusters),
        )


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of every target and cluster that was seen.

    `notes` are sentences about approvals that approved nothing.
    """

    plans: Plans
    use: Use
    stops: Stops = NO_STOPS
    """Errors of the files that stop targets, also those that were seen."""
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[tuple[Sight, TargetPlan], ...]:
        """Targets with their plans."""
        return self.plans.pairs

    def cluster_states(self) -> Mapping[str, ClusterState]:
        """Clusters as their plans leave them, by name; not those that are folders, where nothing is known to run."""
        return {
            sight.place.name: cluster_state(sight, built)
            for sight, built in self.clusters
            if not sight.reading.is_directory
        }

    @property
    def clusters(self) -> tuple[tuple[ClusterSight, TargetPlan], ...]:
        """Clusters with their plans."""
        return self.plans.clusters


def plan_all(
    asked: Pass,
    reading: Reading,
    looked: Looked,
    approvals: frozenset[Approval],
    clients: Clients,
    *,
    stops: Stops = NO_STOPS,
) -> Planned:
    """One plan over all targets. `approvals` are given for this pass; those of the repository are added.

    If it reduces definitions that deployments use, it is made again with that use, for the guards to see.
    """
    approvals = approvals | reading.approvals
    wanted = {sight.name: sight.desired for sight in looked.sights}
    found = looked.clusters.sights
    missing = absence(asked, reading, wanted)
    made = plans_of(asked, reading, looked, wanted, found, approvals=approvals, stops=stops, missing=missing)
    use = _use(made.pairs, clients)
    if use.active or use.unread:
        made = plans_of(
            asked, reading, looked, wanted, found, approvals=approvals, use=use, stops=stops, missing=missing
        )
    plans = made.all
    refused = [
        refusal
        for built in plans
        for refusal in (
            *built.refusals,
            *takeover(built.target, built.contested, is_one_of_many=len(plans) > 1),
        )
    ]
    accepted = [one for built in plans for one in built.accepted]
    notes = [*misses(approvals, accepted, refused), *_loosened(asked, reading, looked)]
    return Planned(made, use, stops, tuple(notes))


def _loosened(asked: Pass, reading: Reading, looked: Looked) -> Iterator[str]:
    """Sentences about limits that the commit loosens, which counts from the next commit on."""
    safety = asked.settings.safety
    for sight in looked.sights:
        what = loosened(safety, in_force(safety, sight.inventory.last, _commit(reading)))
        if what:
            yield f"target {sight.name}: {what}; what this commit loosens counts from the next commit on"


def without_stopped(planned: Planned, stops: Stops) -> Planned:
    """The plan with `stops`, and with actions held that depend on targets that they stop."""
    plans = planned.plans
    stopped = {built.target: False for built in plans.all if built.target in stops.by_target}
    return replace(planned, plans=plans.replaced(behind_stopped(plans.all, stopped)), stops=stops)


def plans_of(
    asked: Pass,
    reading: Reading,
    looked: Looked,
    wanted: Mapping[TargetName, State],
    clusters: Sequence[ClusterSight],
    *,
    approvals: frozenset[Approval] = frozenset(),
    use: Use = NO_USE,
    before: Mapping[str, tuple[str, ...]] | None = None,
    stops: Stops = NO_STOPS,
    missing: Absence = NO_ABSENCE,
) -> Plans:
    """The plan that makes `wanted` live in every target that was seen, and `clusters` as they are declared.

    `use` is what deployments use of reduced definitions; `before` replaces `builtIn.disabled` of targets;
    `stops` names files that may declare what seems to be removed, `missing` is what the files lack otherwise.
    """
    disabled = {
        sight.name: (before or {}).get(sight.name, sight.target.builtIn.disabled) for sight in looked.sights
    }
    plans = build(
        [
            _basis(
                asked,
                reading,
                sight,
                wanted[sight.name],
                disabled=disabled[sight.name],
                use=use,
                missing=missing,
                looked=looked,
                clusters=clusters,
            )
            for sight in looked.sights
        ]
        + _cluster_bases(asked, reading, looked, clusters, _absences(looked, stops, missing)),
        includes=_includes(asked, looked, [*wanted.values(), *(sight.desired for sight in clusters)]),
        approvals=approvals,
        organizations=organizations(asked, reading, looked, wanted),
        unread=stops.unread,
        emptied=missing.emptied,
        belongs=belongs(asked.shown, looked.rotations),
        revoked=asked.selection.revoked_ids,
    )
    pairs = [
        _with_problems(asked, reading, sight, built, wanted=wanted[sight.name], disabled=disabled[sight.name])
        for sight, built in zip(looked.sights, plans, strict=False)
    ]
    stopped = {
        sight.name: not built.problems and all(f.is_transient for f in sight.look.failures.values())
        for sight, built in pairs
        if built.problems or sight.look.failures
    }
    made = Plans(tuple(pairs), tuple(zip(clusters, plans[len(looked.sights) :], strict=True)))
    return made.replaced(behind_stopped(made.all, stopped))


def _with_problems(
    asked: Pass,
    reading: Reading,
    sight: Sight,
    built: TargetPlan,
    *,
    wanted: State,
    disabled: Sequence[str],
) -> tuple[Sight, TargetPlan]:
    """A target with its plan, and what is wrong with it that only the whole tree or the settings show."""
    unassigned = strays(sight.everything, reading.findings, asked.place(sight.name))
    more = (
        *unconnected(sight.name, sight.target, wanted),
        *unknown_built_in(sight.name, sight.target, disabled, sight.look.state),
        *still_declared(built, unassigned, renamed(sight.everything, asked.place(sight.name))),
    )
    return sight, replace(built, problems=(*built.problems, *more))


def _includes(asked: Pass, looked: Looked, desired: Sequence[State]) -> Callable[[ResourceKey], bool]:
    """What is selected; for single owners of keys, what their rotation is about."""
    includes = asked.selection.among(desired)
    if not asked.selection.owners:
        return includes
    is_concerned = concerned(looked.rotations, asked.selection.owners)
    return lambda key: includes(key) and is_concerned(key)


def _cluster_bases(
    asked: Pass, reading: Reading, looked: Looked, clusters: Sequence[ClusterSight], absences: Absences
) -> list[Basis]:
    """What the plans of clusters are built from. Guards that a commit loosens count there as in organizations."""
    safety, before = asked.settings.safety, NO_SAFEGUARDS
    for sight in looked.sights:
        before = before.joined(in_force(safety, sight.inventory.last, _commit(reading)))
    homeless = lacking_a_place(clusters)
    unread = _unread(asked, looked)
    return [
        cluster_basis(asked.settings, sight, before, absences, homeless=homeless, unread=unread)
        for sight in clusters
    ]


def _unread(asked: Pass, looked: Looked) -> Mapping[str, frozenset[str] | None]:
    """Organizations that were not read completely, with the registrations in their records; None for all.

    Those that are not selected are not read either.
    """
    found: dict[str, frozenset[str] | None] = {
        one.organization: None for one in looked.failed if not one.stopped_by
    }
    for sight in looked.sights:
        if sight.look.failures:
            found[sight.target.organization] = _registrations(sight.inventory.entries)
    for name, target in asked.settings.targets.items():
        if name not in asked.targets:
            entries = recorded(asked, TargetName(name))
            found.setdefault(target.organization, None if entries is None else _registrations(entries))
    return found


def _registrations(entries: Iterable[ResourceKey]) -> frozenset[str]:
    return frozenset(f"{key.kind}/{key.id}" for key in entries if key.kind in (Kind.AGENT, Kind.RUNNER))


def _absences(looked: Looked, stops: Stops, missing: Absence) -> Absences:
    """What the files lack, for a cluster: a file of any target could declare something on it."""
    unproven = ""
    if stops.unread:
        unproven = f"{stops.unread} could not be read and may declare it"
    elif stops.by_target:
        unproven = f"the files of {', '.join(sorted(stops.by_target))} have errors and may declare it"
    doubts = dict.fromkeys(replace(one, is_own=True) for found in missing.doubts.values() for one in found)
    is_bare = any(one.name in missing.bare and one.inventory.holds_anything for one in looked.sights)
    return Absences(unproven, tuple(doubts), is_bare)


def _use(pairs: Sequence[tuple[Sight, TargetPlan]], clients: Clients) -> Use:
    """What deployments use of definitions that are deleted or lose a criterion; one request for each."""
    active: dict[TargetName, Mapping[str, tuple[ActiveResource, ...]]] = {}
    unread: dict[TargetName, tuple[Unexamined, ...]] = {}
    for sight, built in pairs:
        definitions = reduced_definitions(built.actions)
        if not definitions or built.problems:
            continue
        found = clients.of(sight.name).active_resources(definitions)
        active[sight.name] = found.found
        unread[sight.name] = tuple(
            Unexamined(f"deployments that use Definition/{name}", str(error))
            for name, error in sorted(found.failures.items())
        )
    return Use(active, unread)


def _commit(reading: Reading) -> str:
    """The commit that is applied, "" for a folder that has none or differs from it."""
    return "" if reading.source.is_dirty else reading.source.revision


def _goes_back(asked: Pass, reading: Reading, sight: Sight) -> bool | None:
    """True if the commit of this run is an ancestor of the last applied one; None where the history is not at hand."""
    last, revision = sight.inventory.last, reading.source.revision
    if last is None or not revision or last.revision == revision:
        return False
    return asked.adapters.is_ancestor(revision, last.revision)


def _unknown_order(asked: Pass, reading: Reading, sight: Sight) -> Iterator[Unexamined]:
    last = sight.inventory.last
    if last is not None and _goes_back(asked, reading, sight) is None:
        yield Unexamined(
            f"whether the commit is older than {last.revision[:12]}, which was applied last",
            "the history is not at hand",
        )


def last_apply(asked: Pass, reading: Reading, sight: Sight, built: TargetPlan) -> Inventory:
    """The record with the commit that is applied now; as it is where none is, or where an older one is refused."""
    revision, last = _commit(reading), sight.inventory.last
    if not revision or any(refusal.guard == "older-commit" for refusal in built.refusals):
        return sight.inventory
    safety = asked.settings.safety
    now = LastApply(revision, declared(safety), in_force(safety, last, revision))
    return sight.inventory if now == last else replace(sight.inventory, last=now, is_written=False)


def _basis(
    asked: Pass,
    reading: Reading,
    sight: Sight,
    desired: State,
    *,
    disabled: Sequence[str],
    use: Use,
    missing: Absence,
    looked: Looked,
    clusters: Sequence[ClusterSight],
) -> Basis:
    diff = with_built_in(
        compare(desired, sight.look.state, sight.inventory), disabled, sight.inventory.built_in
    )
    return Basis(
        target=sight.name,
        place=asked.place(sight.name),
        desired=desired,
        live=sight.look.state,
        inventory=sight.inventory,
        diff=diff,
        mounted=mounted_runners(sight, looked.rotations),
        waits={
            **held_keys(diff, clusters, asked.selection.revoked_ids),
            **held_registrations(diff, looked.clusters.unseen),
            **dict(first_keys(sight, looked.rotations)),
        },
        policy=asked.settings.policy,
        safety=asked.settings.safety,
        before=in_force(asked.settings.safety, sight.inventory.last, _commit(reading)),
        revision=reading.source.revision,
        newer=sight.inventory.last.revision
        if sight.inventory.last and _goes_back(asked, reading, sight)
        else "",
        reach=reach_of(asked, reading, sight, diff, clusters),
        active=use.active.get(sight.name, {}),
        is_bare=sight.name in missing.bare,
        doubts=missing.doubts.get(sight.name, ()),
        unexamined=(
            *_unexamined(asked, sight, desired),
            *_unknown_order(asked, reading, sight),
            *use.unread.get(sight.name, ()),
        ),
    )


def _unexamined(asked: Pass, sight: Sight, desired: State) -> list[Unexamined]:
    found = []
    if sight.look.failures:
        unread = ", ".join(sorted(sight.look.failures))
        subject = f"{unread} in {sight.target.organization}"
        found.append(Unexamined(subject, "could not be read, see the error", is_failure=True))
    for generation in ORCHESTRATORS:
        kinds = [k for k in WHOLE_KINDS if FACTS[k].generation is generation]
        if connection_of(sight.target, generation) is None and not any(
            key.kind in kinds for key in desired.resources
        ):
            found.append(Unexamined(", ".join(kinds), f"target {sight.name} has no {generation} connection"))
    if Kind.DEFINITION in sight.look.state.complete:
        found.extend(
            Unexamined(
                f"criteria of Definition/{identifier}",
                "they were taken while it was built in, and it no longer exists; they stay in the record",
            )
            for identifier in sorted(sight.inventory.built_in)
            if ResourceKey(asked.place(sight.name), Kind.DEFINITION, identifier)
            not in sight.look.state.resources
        )
    if not sight.inventory.exists and asked.settings.inventory.none:
        found.append(Unexamined("deletes", "no inventory is kept, so nothing is ever deleted"))
    return found


def binding(asked: Pass, reading: Reading, planned: Planned, approvals: frozenset[Approval]) -> SavedPlan:
    """What binds an apply to this plan. Digests both states, so only who saves or compares plans calls it."""
    return bind(
        (
            *((built, sight.desired, sight.look.state, sight.inventory) for sight, built in planned.pairs),
            *((built, sight.desired, sight.live, sight.inventory) for sight, built in planned.clusters),
        ),
        asked.settings,
        revision=reading.source.revision,
        selection=asked.selection.describe(),
        approvals=approvals | reading.approvals,
        now=asked.started_at,
    )
