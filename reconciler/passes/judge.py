"""Evaluates the rules of one pass: those that need only files before anything live is read, the others after planning.

The second turn sees live state as it will be after the plan: what the plan removes is not in it.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain

from reconciler.facts.installed import installs_of
from reconciler.facts.placed_key import entries_of, placed_keys
from reconciler.facts.scope import NO_CLUSTERS, Scope
from reconciler.model.agent import AgentDocument
from reconciler.model.cluster_state import ClusterState
from reconciler.model.declaration import AnyDeclared, Declarations, Rejected
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import TargetName, target_of_cluster
from reconciler.model.key import KeyDocument
from reconciler.model.operator import OperatorDocument
from reconciler.model.origin import Origin
from reconciler.model.runner import RunnerDocument
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.model.state import State
from reconciler.passes.begin import Pass
from reconciler.passes.clusters import by_cluster, clusters_of
from reconciler.passes.read import Reading
from reconciler.passes.stopped import Stops, stops
from reconciler.rules.judge import Judgement, Turn, judge
from reconciler.settings import Settings, Target
from reconciler.source.selection import select, targets_of


@dataclass(frozen=True, slots=True)
class Judged:
    """Findings of reading and of rules so far; `checked_only` is declared but never applied."""

    reading: tuple[Finding, ...]
    verdict: Judgement
    checked_only: tuple[tuple[str, int], ...] = ()
    scopes: Sequence[Scope] = field(default=(), repr=False)
    """What the rules read, for the next step; empty after the last."""

    @property
    def is_invalid(self) -> bool:
        """True if a finding so far refuses the plan."""
        found = chain(self.reading, self.verdict.findings)
        return any(finding.severity is Severity.ERROR for finding in found)


def judge_files(asked: Pass, reading: Reading) -> Judged:
    """Findings of reading and of the rules that need only files."""
    looked_at = scopes(asked.settings, asked.targets, reading.declarations, asked.started_at)
    verdict = judge(looked_at, asked.settings, day=asked.started_at.date(), turn=Turn.BEFORE_LOOK)
    declared = checked_only(
        (scope.declarations for scope in looked_at), _applied(asked, reading.declarations)
    )
    return Judged(reading.findings, verdict, declared, looked_at)


def _applied(asked: Pass, declarations: Declarations) -> frozenset[Origin]:
    """Places of installations whose objects are applied."""
    declared = by_cluster(asked, declarations)
    reached = clusters_of(asked, declared)
    return frozenset(one.origin for name in reached for one in declared.get(name, ()) if one.applied)


def judge_unseen(asked: Pass, judged: Judged) -> Judged:
    """Add what the other rules say without live state: mostly that it is unknown."""
    verdict = judge(judged.scopes, asked.settings, day=asked.started_at.date(), turn=Turn.AFTER_LOOK)
    whole = _with_refused(asked, judged.scopes, judged.verdict.joined(verdict))
    return replace(judged, verdict=whole, scopes=())


def _with_refused(asked: Pass, looked_at: Sequence[Scope], verdict: Judgement) -> Judgement:
    """The verdict with findings in documents that reading rejected for one member, so that all problems appear at once.

    Findings at a place that contained such a member, or at the id of the document, are left out: they may be
    about its absence.
    """
    loaded = looked_at[0].everything if looked_at else Declarations()
    refused = [one for one in loaded.rejected if one.rest is not None]
    if not refused:
        return verdict
    again = scopes(asked.settings, asked.targets, loaded.with_rests(), asked.started_at)
    found = judge(again, asked.settings, day=asked.started_at.date()).findings
    files = {one.file for one in refused}
    holders = {place for one in refused for place in _holders(one)}
    known = set(verdict.findings)
    more = [
        finding
        for finding in found
        if finding not in known and finding.origin.file in files and finding.origin not in holders
    ]
    return verdict.joined(Judgement(tuple(more), (), ()))


def _holders(refused: Rejected) -> Iterator[Origin]:
    """Places of everything that contained a removed member, of the names of these, and of the id."""
    yield refused.origin(("metadata", "id"))
    for path in refused.without:
        for depth in range(len(path) + 1):
            yield refused.origin(path[:depth])
            yield refused.key_origin(path[:depth])


def judge_world(
    asked: Pass,
    judged: Judged,
    live: Mapping[TargetName, State],
    clusters: Mapping[str, ClusterState] = NO_CLUSTERS,
) -> Judged:
    """Add findings of the other rules, with live state as it will be after the plan."""
    looked_at = [scope.with_live(live.get(scope.target), clusters) for scope in judged.scopes]
    verdict = judge(looked_at, asked.settings, day=asked.started_at.date(), turn=Turn.AFTER_LOOK)
    whole = _with_refused(asked, judged.scopes, judged.verdict.joined(verdict))
    return replace(judged, verdict=whole, scopes=())


def judged_stops(asked: Pass, reading: Reading, judged: Judged) -> Stops:
    """The targets that errors found so far stop."""
    targets = {TargetName(name): target for name, target in asked.settings.targets.items()}
    found = stops(reading, judged.verdict.findings, targets)
    return replace(found, by_target={**found.by_target, **_of_clusters(asked, reading, found, targets)})


def _of_clusters(
    asked: Pass, reading: Reading, found: Stops, targets: Mapping[TargetName, Target]
) -> dict[TargetName, tuple[Finding, ...]]:
    """Clusters on which a target that is stopped declares an installation, or a key that is made there."""
    if not found.by_target:
        return {}
    loaded = reading.declarations
    stopped: dict[TargetName, tuple[Finding, ...]] = {}
    declared = by_cluster(asked, loaded)
    for name in clusters_of(asked, declared):
        footprints = declared.get(name, ())
        keys = {key.file for key in placed_keys(loaded) if entries_of(key).cluster == name}
        owners = targets_of(loaded, targets, {one.origin.file for one in footprints} | keys)
        errors = [
            error
            for target in sorted(frozenset[TargetName]().union(*owners.values()))
            for error in found.by_target.get(target, ())
        ]
        if errors:
            stopped[target_of_cluster(name)] = tuple(dict.fromkeys(errors))
    return stopped


def scopes(
    settings: Settings,
    targets: Mapping[TargetName, Target],
    loaded: Declarations,
    now: datetime,
) -> list[Scope]:
    """Scopes of the rules before anything live is read, one for each of `targets`."""
    return [
        Scope(
            target=name,
            place=settings.place(name),
            settings=settings,
            declarations=select(loaded, target),
            everything=loaded,
            now=now,
        )
        for name, target in targets.items()
    ]


def checked_only(
    of_targets: Iterable[Declarations], applied: Collection[Origin] = ()
) -> tuple[tuple[str, int], ...]:
    """What files declare and no plan carries out: noun and number, sorted.

    `applied` are the places of installations that a plan does carry out.

    The counterpart of `reconciler.model.desired`: a reader of the plan must not take these for installed.
    """
    counts: Counter[str] = Counter()
    seen: set[Origin] = set()
    for declarations in of_targets:
        others: Iterable[AnyDeclared] = chain(
            declarations.agents,
            declarations.keys,
            declarations.runners,
            declarations.operators,
            declarations.secret_stores,
        )
        for declared in others:
            if declared.origin() not in seen:
                seen.add(declared.origin())
                counts.update(_left_out(declared, applied))
    return tuple(sorted(counts.items()))


def _left_out(declared: AnyDeclared, applied: Collection[Origin]) -> Iterator[str]:
    match declared.document:
        case AgentDocument():
            for installed in installs_of(declared):
                if installed.origin() not in applied:
                    yield "Agent installation"
        case RunnerDocument(spec=spec) if spec.install is not None:
            if declared.origin(("spec", "install")) not in applied:
                yield "Runner installation"
        case OperatorDocument() if declared.origin(("spec",)) not in applied:
            yield "Operator"
        case SecretStoreDocument(spec=spec):
            entries = (
                declared.origin(("spec", "clusters", index)) for index, _ in enumerate(spec.clusters or ())
            )
            yield from ("SecretStore custom resource" for place in entries if place not in applied)
        case KeyDocument(spec=spec):
            if spec.for_.runner is not None:
                yield "Runner key"
            if spec.privateKey is not None:
                yield "private key place"
