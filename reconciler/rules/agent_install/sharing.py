"""The rule about installations that are replicas of one Agent: R38 (agent and operator 2.2)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.facts.agent_installation import ORGS, key_secret, named, namespace_of, organizations_served
from reconciler.facts.declared_key import AgentKey, fingerprints, keys_by_agent
from reconciler.facts.installed import InstalledAgent, installs_of
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_DIFFERENCE = {"orgs": f"organizations (`{ORGS}`)", "privateKey": "key"}
"""What differs, by the member of the installation that says it."""


@dataclass(frozen=True, slots=True)
class _Held:
    """Keys that an installation may run with; `is_seen` tells that the cluster was asked."""

    fingerprints: frozenset[str]
    is_seen: bool


def _alike(scope: Scope) -> Iterator[Finding | Unknown]:
    declared, live = keys_by_agent(scope), _live_keys(scope)
    for agent in scope.agents:
        first, *others = installs_of(agent) or (None,)
        if first is not None and others:
            yield from _same_organizations(scope, first, others)
            keys = declared.get(first.id, ())
            yield from _same_key(
                scope, [first, *others], keys, fingerprints(keys) | live.get(first.id, set())
            )


def _same_organizations(
    scope: Scope, first: InstalledAgent, others: list[InstalledAgent]
) -> Iterator[Finding | Unknown]:
    served = {id(installed): _served(scope, installed) for installed in (first, *others)}
    if None in served.values():
        # All left out: whatever the targets are, they are the same for all.
        if any(organizations_served(installed) is not None for installed in (first, *others)):
            yield Unknown(
                "R38",
                f"which organizations each installation of Agent `{first.id}` serves: some are told, others are not",
            )
        return
    for installed in others:
        if served[id(installed)] != served[id(first)]:
            yield _differing(scope, (first, installed), "orgs", Severity.ERROR)


def _served(scope: Scope, installed: InstalledAgent) -> frozenset[str] | None:
    found = organizations_served(installed)
    if found is None:
        return frozenset((scope.organization,)) if len(scope.settings.targets) == 1 else None
    return None if any(is_filled_in(entry) for entry in found) else frozenset(filter(None, found))


def _same_key(
    scope: Scope, installs: list[InstalledAgent], declared: Sequence[AgentKey], registered: set[str]
) -> Iterator[Finding | Unknown]:
    pairs = [(installed, _held(scope, installed, declared)) for installed in installs]
    known = [(installed, keys) for installed, keys in pairs if keys is not None]
    if len(known) < len(pairs):
        unseen = sorted({i.install.cluster or i.install.host for i, keys in pairs if keys is None})
        yield Unknown(
            "R38",
            f"which key Agent `{installs[0].id}` runs with on {listed(unseen)}: not looked at, and no `Key` tells",
        )
    for installed, keys in known[1:]:
        reference, expected = known[0]
        if keys.fingerprints & expected.fingerprints:
            continue
        is_rotating = (
            keys.is_seen or expected.is_seen
        ) and keys.fingerprints | expected.fingerprints <= registered
        severity = Severity.WARNING if is_rotating else Severity.ERROR
        yield _differing(scope, (reference, installed), "privateKey", severity)


def _live_keys(scope: Scope) -> Mapping[str, set[str]]:
    """Fingerprints of the registered keys by Agent."""
    found: dict[str, set[str]] = defaultdict(set)
    for resource in scope.live_of(Kind.KEY):
        agent, _, fingerprint = resource.key.id.partition("/")
        found[agent].add(fingerprint)
    return found


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
    scope: Scope, pair: tuple[InstalledAgent, InstalledAgent], member: str, severity: Severity
) -> Finding:
    first, other = pair
    what = _DIFFERENCE[member]
    rotating = " (both are registered: the rotation is not finished)" if severity is Severity.WARNING else ""
    return Finding(
        "R38",
        severity,
        f"Replicas of Agent `{first.id}` must share key and organizations; {named(other)} differs in its {what}"
        + rotating,
        other.origin((member,)),
        key=scope.key(Kind.AGENT, first.id),
        others=(first.origin((member,)),),
        advice="Give all installations the same, or declare a second Agent with an id of its own.",
    )


RULES = (
    Rule(
        id="R38",
        title="Replicas of one Agent share key and organizations",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_alike,
    ),
)
