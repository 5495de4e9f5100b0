"""The rule about several installations of one Agent: R38 (agent and operator 2.2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.agent_installation import ORGS, key_secret, named, namespace_of, organizations_served
from reconciler.facts.declared_key import AgentKey, fingerprints, keys_by_agent
from reconciler.facts.installed import InstalledAgent, installs_of
from reconciler.facts.keyring import live_keys
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.unseen import unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_DIFFERENCE = {"orgs": f"organizations (`{ORGS}`)", "privateKey": "key"}
"""What differs, in words, by the field of the installation."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Keys that an installation may run with; `is_seen` is true where the key was read from the cluster."""

    fingerprints: frozenset[str]
    is_seen: bool


@dataclass(frozen=True, slots=True)
class _Replicas:
    """Installations of one Agent, at least two; `registered` are fingerprints of its declared and its live keys."""

    first: InstalledAgent
    others: tuple[InstalledAgent, ...]
    declared: Sequence[AgentKey]
    registered: frozenset[str]


def _replicas(scope: Scope) -> Iterator[Subject[_Replicas]]:
    declared, live = keys_by_agent(scope), live_keys(scope) or {}
    for agent in scope.agents:
        first, *others = installs_of(agent) or (None,)
        if first is not None and others:
            keys = declared.get(first.id, ())
            registered = frozenset((*fingerprints(keys), *live.get(first.id, ())))
            replicas = _Replicas(first, tuple(others), keys, registered)
            key = scope.key(Kind.AGENT, first.id)
            yield Subject(replicas, scope, f"Agent `{first.id}`", first.origin, key)


REPLICAS = Over("several installations of an Agent", _replicas)


def _alike(subject: Subject[_Replicas]) -> Iterator[Answer]:
    yield from _same_organizations(subject)
    yield from _same_key(subject)


def _same_organizations(subject: Subject[_Replicas]) -> Iterator[Answer]:
    first, others = subject.fact.first, subject.fact.others
    served = {id(installed): _served(subject.scope, installed) for installed in (first, *others)}
    if None in served.values():
        # Where all installations omit them, all serve the same organizations.
        if any(organizations_served(installed) is not None for installed in (first, *others)):
            question = f"which organizations each installation of {subject.name} serves"
            yield subject.doubts(question, unspecified("only some of them list organizations"))
        return
    for installed in others:
        if served[id(installed)] != served[id(first)]:
            yield _differing(subject, (first, installed), "orgs", Severity.ERROR)


def _served(scope: Scope, installed: InstalledAgent) -> frozenset[str] | None:
    found = organizations_served(installed)
    if found is None:
        return frozenset((scope.organization,)) if len(scope.settings.targets) == 1 else None
    return None if any(is_filled_in(entry) for entry in found) else frozenset(filter(None, found))


def _same_key(subject: Subject[_Replicas]) -> Iterator[Answer]:
    replicas = subject.fact
    pairs = [
        (installed, _held(subject.scope, installed, replicas.declared))
        for installed in (replicas.first, *replicas.others)
    ]
    known = [(installed, keys) for installed, keys in pairs if keys is not None]
    if len(known) < len(pairs):
        unseen = sorted({i.install.cluster or i.install.host for i, keys in pairs if keys is None})
        question = f"which key {subject.name} runs with on {listed(unseen)}"
        yield subject.doubts(
            question, unspecified("it was not read there, and no `Key` document declares it")
        )
    for installed, keys in known[1:]:
        reference, expected = known[0]
        if keys.fingerprints & expected.fingerprints:
            continue
        is_rotating = (
            keys.is_seen or expected.is_seen
        ) and keys.fingerprints | expected.fingerprints <= replicas.registered
        severity = Severity.WARNING if is_rotating else Severity.ERROR
        yield _differing(subject, (reference, installed), "privateKey", severity)


def _held(scope: Scope, installed: InstalledAgent, declared: Sequence[AgentKey]) -> _Held | None:
    install = installed.install
    mount = key_secret(install)
    if mount is None or install.cluster is None:
        return None
    name, entry = mount
    state = scope.cluster_state(install.cluster)
    secret = None if state is None else state.secret(namespace_of(install), name)
    mounted = None if secret is None else secret.private_keys.get(entry)
    if mounted is not None and mounted.fingerprint:
        return _Held(frozenset((mounted.fingerprint,)), is_seen=True)
    there = [
        key
        for key in declared
        if key.is_in(install.cluster, namespace_of(install), name) and key.entry == entry
    ]
    found = frozenset(fingerprints(there))
    return _Held(found, is_seen=False) if found else None


def _differing(
    subject: Subject[_Replicas],
    pair: tuple[InstalledAgent, InstalledAgent],
    member: str,
    severity: Severity,
) -> Answer:
    first, other = pair
    rotating = (
        " (both keys are registered: a rotation is in progress)" if severity is Severity.WARNING else ""
    )
    return subject.says(
        f"Replicas of Agent `{first.id}` must share key and organizations; {named(other)} differs in its "
        f"{_DIFFERENCE[member]}{rotating}",
        at=other.origin((member,)),
        others=(first.origin((member,)),),
        advice="Give all installations the same, or declare a second Agent with its own id.",
        severity=severity,
    )


RULES = (
    Rule(
        id="R38",
        title="Replicas of one Agent share key and organizations",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=REPLICAS,
        check=_alike,
    ),
)
