"""Rules about private keys found on clusters (compatibility rules, Keys): R11, R18.

Only facts of a key are seen here, and only fingerprints of its public half are shown.
"""

from collections import defaultdict
from collections.abc import Iterator

from reconciler.facts.key_place import Found, KeyPlace, key_places, look, owner_key
from reconciler.facts.keyring import declared_keys, is_shared, live_keys
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import shown
from reconciler.model.key import KeyOwner
from reconciler.model.kind import Kind
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


def _no_passphrase(scope: Scope) -> Iterator[Finding | Unknown]:
    for place in key_places(scope):
        found = look(scope, place)
        if found.unseen:
            yield Unknown(
                "R11", f"whether the key of {place.owner.name} has a passphrase: {found.unseen}", found.unseen
            )
        elif found.key is not None and found.key.is_encrypted:
            yield Finding(
                "R11",
                Severity.ERROR,
                f"The key in {place.name} has a passphrase; {place.owner.name} cannot open it",
                place.origin,
                key=owner_key(scope, place.owner),
                advice="Put the key there without a passphrase: `openssl pkey -in KEY -out KEY` asks for it once.",
            )


def _matches(scope: Scope) -> Iterator[Finding | Unknown]:
    expected = _Expected(scope)
    for place in key_places(scope):
        found = look(scope, place)
        if found.unseen:
            yield Unknown("R18", f"which key {place.owner.name} has: {found.unseen}", found.unseen)
        elif found.key is not None and found.key.fingerprint:
            yield from _compared(scope, place, found.key.fingerprint, expected)
        elif found.key is None and found.secret is not None and place.entry in found.secret.entries:
            yield _unreadable(scope, found)


def _unreadable(scope: Scope, found: Found) -> Finding:
    place = found.place
    return Finding(
        "R18",
        Severity.WARNING,
        f"Entry `{place.entry}` of {place.name} holds no private key that can be read; {place.owner.name} needs "
        "one there",
        place.origin,
        key=owner_key(scope, place.owner),
        advice="Put the private key there in PEM, labelled as what it is.",
    )


class _Expected:
    """Fingerprints that a mounted key may have, by owner."""

    def __init__(self, scope: Scope) -> None:
        self.live = live_keys(scope)
        declared, self.uncertain = declared_keys(scope)
        self.declared: dict[KeyOwner, set[str]] = defaultdict(set)
        for owner, keys in declared.items():
            self.declared[owner].update(keys)
        for operator in scope.operators:
            key = operator.document.spec.driverKey
            if key is not None and key.fingerprint is not None:
                self.declared[KeyOwner(operator=operator.document.metadata.id)].add(key.fingerprint.lower())
        for runner in scope.declarations.runners:
            public_key = scope.public_key(runner.origin())
            if public_key is not None:
                self.declared[KeyOwner(runner=runner.document.metadata.id)].add(public_key.fingerprint)
        self.of_r23 = {
            KeyOwner(agent=agent.document.metadata.id) for agent in scope.agents if is_shared(agent)
        }


def _compared(
    scope: Scope, place: KeyPlace, mounted: str, expected: _Expected
) -> Iterator[Finding | Unknown]:
    owner = place.owner
    declared = expected.declared.get(owner, set())
    if mounted in declared or owner in expected.uncertain or owner in expected.of_r23:
        return
    registered: set[str] = set()
    if owner.agent is not None:
        if expected.live is None:
            yield Unknown(
                "R18",
                f"whether the mounted key of {owner.name} is registered: the live keys were not read",
                scope.unread(Kind.KEY),
            )
            return
        registered = set(expected.live.get(owner.agent, ()))
        if mounted in registered:
            return
    elif not declared:
        return
    known = ", ".join(shown(fingerprint) for fingerprint in sorted(declared | registered)) or "none"
    words = "declared or registered" if owner.agent is not None else "declared"
    yield Finding(
        "R18",
        Severity.ERROR,
        f"The key in {place.name} has fingerprint {shown(mounted)}, {words} for {owner.name}: {known}",
        place.origin,
        key=owner_key(scope, owner),
        advice="Put the private half of a declared key there, or declare the public half of the mounted one.",
    )


RULES = (
    Rule(
        id="R11",
        title="A mounted private key has no passphrase",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.CLUSTER,),
        over=SCOPE,
        check=_no_passphrase,
    ),
    Rule(
        id="R18",
        title="The mounted key is one that is declared or registered",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.CLUSTER, Side.LIVE),
        over=SCOPE,
        check=_matches,
    ),
)
