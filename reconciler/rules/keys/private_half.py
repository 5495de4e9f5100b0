"""Rules about private keys found on clusters (compatibility rules, Keys): R11, R18.

These rules see only facts about a key, and show only fingerprints of its public half.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.facts.key_place import Found, KeyPlace, key_places, look, owner_key
from reconciler.facts.keyring import declared_keys, is_shared, live_keys
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.identity import shown
from reconciler.model.key import KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.unseen import UnseenError
from reconciler.rules.over import KEY_PLACES, Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _no_passphrase(subject: Subject[KeyPlace]) -> Iterator[Answer]:
    found = look(subject.scope, subject.fact)
    if found.unseen:
        raise UnseenError(found.unseen)
    if found.key is not None and found.key.is_encrypted:
        yield subject.says(
            f"The key in {subject.name} has a passphrase; {subject.fact.owner.name} cannot read it",
            advice="Store the key without a passphrase: `openssl pkey -in KEY -out KEY` asks for it once.",
        )


@dataclass(frozen=True, slots=True)
class _Mounted:
    """What is mounted at a place, and the allowed fingerprints: declared ones, and those registered for an Agent.

    `declared` is None where nothing is compared: a declared key could not be parsed, or R23 covers the Agent.
    """

    found: Found
    declared: frozenset[str] | None
    registered: frozenset[str] | None


def _mounted(scope: Scope) -> Iterator[Subject[_Mounted]]:
    live = live_keys(scope)
    declared, uncertain = _declared(scope)
    shared = {KeyOwner(agent=agent.document.metadata.id) for agent in scope.agents if is_shared(agent)}
    for place in key_places(scope):
        owner = place.owner
        expected = None if owner in uncertain or owner in shared else frozenset(declared.get(owner, ()))
        registered = None if live is None else frozenset(live.get(owner.agent or "", ()))
        fact = _Mounted(look(scope, place), expected, registered)
        yield Subject(fact, scope, place.name, place.origin, owner_key(scope, owner))


MOUNTED = Over("key in its place", _mounted)


def _declared(scope: Scope) -> tuple[Mapping[KeyOwner, set[str]], frozenset[KeyOwner]]:
    """Declared fingerprints by owner, and owners of keys that could not be parsed."""
    found: dict[KeyOwner, set[str]] = defaultdict(set)
    declared, uncertain = declared_keys(scope)
    for owner, keys in declared.items():
        found[owner].update(keys)
    for operator in scope.operators:
        key = operator.document.spec.driverKey
        if key is not None and key.fingerprint is not None:
            found[KeyOwner(operator=operator.document.metadata.id)].add(key.fingerprint.lower())
    for runner in scope.declarations.runners:
        public_key = scope.public_key(runner.origin())
        if public_key is not None:
            found[KeyOwner(runner=runner.document.metadata.id)].add(public_key.fingerprint)
    return found, uncertain


def _matches(subject: Subject[_Mounted]) -> Iterator[Answer]:
    found, place = subject.fact.found, subject.fact.found.place
    if found.unseen:
        raise UnseenError(found.unseen)
    if found.key is not None and found.key.fingerprint:
        yield from _compared(subject, found.key.fingerprint)
    elif found.key is None and found.secret is not None and place.entry in found.secret.entries:
        yield subject.says(
            f"Entry `{place.entry}` of {place.name} contains no readable private key; {place.owner.name} needs one "
            "there",
            advice="Store the private key there as PEM with the correct label.",
            severity=Severity.WARNING,
        )


def _compared(subject: Subject[_Mounted], mounted: str) -> Iterator[Answer]:
    owner, declared, registered = (
        subject.fact.found.place.owner,
        subject.fact.declared,
        subject.fact.registered,
    )
    if declared is None or mounted in declared or (owner.agent is None and not declared):
        return
    if owner.agent is not None and registered is None:
        raise UnseenError(subject.scope.unread(Kind.KEY))
    known = declared | (registered or frozenset())
    if mounted in known:
        return
    words = "declared or registered" if owner.agent is not None else "declared"
    yield subject.says(
        f"The key in {subject.name} has fingerprint {shown(mounted)}, {words} for {owner.name}: "
        + (", ".join(map(shown, sorted(known))) or "none"),
        advice="Store the private half of a declared key there, or declare the public half of the mounted one.",
    )


RULES = (
    Rule(
        id="R11",
        title="A mounted private key has no passphrase",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.CLUSTER,),
        over=KEY_PLACES,
        check=_no_passphrase,
    ),
    Rule(
        id="R18",
        title="The mounted key is declared or registered",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.CLUSTER, Side.LIVE),
        over=MOUNTED,
        check=_matches,
    ),
)
