"""The rule about the key with which an Operator authenticates to hosted drivers (agent and operator 3.2): R64."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.driver import needs_key
from reconciler.facts.key_place import OPERATOR_ENTRY, ORGANIZATION_ENTRY
from reconciler.facts.keyring import declared_keys
from reconciler.facts.operator import DeclaredOperator, controllers
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import ClusterState, SecretObject
from reconciler.model.finding import Severity
from reconciler.model.identity import shown
from reconciler.model.json import Path
from reconciler.model.operator import DRIVER_KEY_SECRET, DriverKey
from reconciler.model.surroundings import Beside
from reconciler.model.unseen import UnseenError, unspecified
from reconciler.rules.over import OPERATORS, Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode

_ENTRIES = (OPERATOR_ENTRY, ORGANIZATION_ENTRY)
_KEY: Path = ("spec", "driverKey")


@dataclass(frozen=True, slots=True)
class _Lack:
    """What an Operator lacks; `path` is the place in its document."""

    what: str
    path: Path
    advice: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class _Asked:
    """An Operator and the first definition whose driver needs its key; `is_sure` is false where it only may need it."""

    operator: DeclaredOperator
    definition: DeclaredDefinition
    is_sure: bool


def _asked(scope: Scope) -> Iterator[Subject[_Asked]]:
    if not scope.operators or not (scope.git_targets or scope.primary.mode is Mode.DIRECT):
        return
    needs = ((needs_key(one, scope.surroundings.drivers), one) for one in scope.definitions)
    asking = [(is_needed, one) for is_needed, one in needs if is_needed is not False]
    if asking:
        is_needed, definition = next((one for one in asking if one[0]), asking[0])
        for operator in OPERATORS.subjects(scope):
            fact = _Asked(operator.fact, definition, bool(is_needed))
            yield Subject(fact, scope, operator.name, partial(operator.fact.origin, _KEY))


ASKED = Over("Operator whose key drivers need", _asked)


def _has_key(subject: Subject[_Asked]) -> Iterator[Answer]:
    operator, definition, scope = subject.fact.operator, subject.fact.definition, subject.scope
    if not subject.fact.is_sure:
        driver, place = definition.entity.driver_type, definition.origin(("driver_type",))
        raise UnseenError(
            unspecified(
                f"whether driver `{driver}` ({place}) is hosted by Humanitec, and so needs the key, is not known"
            )
        )
    key = operator.document.spec.driverKey
    if key is None:
        advice = "Declare `driverKey`, and create the Secret in the Operator's namespace."
        yield _lacking(subject, _Lack("none is declared", _KEY, advice))
        return
    spec = operator.document.spec
    state = scope.cluster_state(spec.cluster)
    secret = None if state is None else state.secret(spec.namespace, key.secretName)
    found = () if _is_awaited(scope, operator) else _not_in_place(operator, key, secret, state)
    for lack in (*_declared_wrong(operator, key), *found):
        yield _lacking(subject, lack)
    yield from _registered(subject, key, secret)
    subject.seen.secret(spec.cluster, spec.namespace, key.secretName)


def _lacking(subject: Subject[_Asked], lack: _Lack) -> Answer:
    operator, definition = subject.fact.operator, subject.fact.definition
    return subject.says(
        f"Hosted driver `{definition.entity.driver_type}` (`{definition.id}`) needs the key of {subject.name} on "
        f"`{operator.document.spec.cluster}`; {lack.what}",
        at=operator.origin(lack.path),
        others=(definition.origin(("driver_type",)),),
        advice=lack.advice,
        severity=lack.severity,
    )


def _declared_wrong(operator: DeclaredOperator, key: DriverKey) -> Iterator[_Lack]:
    namespace = operator.document.spec.namespace
    if key.namespace not in (None, namespace):
        yield _Lack(
            f"its Secret is in namespace `{key.namespace}`, the Operator in `{namespace}`",
            (*_KEY, "namespace"),
            "Move the Secret to the Operator's namespace.",
        )
    if key.secretName != DRIVER_KEY_SECRET:
        yield _Lack(
            f"its Secret is called `{key.secretName}`, but only `{DRIVER_KEY_SECRET}` is known to be read",
            (*_KEY, "secretName"),
            f"Call the Secret `{DRIVER_KEY_SECRET}`.",
            Severity.WARNING,
        )
    if key.entries is not None:
        yield from _missing_entries(frozenset(key.entries), (*_KEY, "entries"), "are declared")


def _missing_entries(entries: frozenset[str], path: Path, source: str) -> Iterator[_Lack]:
    missing = [entry for entry in _ENTRIES if entry not in entries]
    if missing:
        yield _Lack(
            f"of the entries that {source}, {' and '.join(f'`{entry}`' for entry in missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            path,
            f"Add the entries `{_ENTRIES[0]}` (PEM) and `{_ENTRIES[1]}` (one id, spelled with `s`) to the Secret.",
        )


def _is_awaited(scope: Scope, operator: DeclaredOperator) -> bool:
    """True where the plan installs the chart, and does not before the Secret is there."""
    spec = operator.document.spec
    return spec.delivery != "helm" and controllers(scope, spec.cluster) == ()


def _not_in_place(
    operator: DeclaredOperator, key: DriverKey, secret: SecretObject | None, state: ClusterState | None
) -> Iterator[_Lack]:
    namespace = operator.document.spec.namespace
    if secret is not None:
        yield from _missing_entries(secret.entries, _KEY, "the Secret has")
    elif (
        state is not None
        and state.has_read_secret(namespace, key.secretName)
        and key.namespace in (None, namespace)
    ):
        yield _Lack(
            f"Secret `{key.secretName}` is not in namespace `{namespace}`",
            _KEY,
            "Create the Secret from a secret store before the Operator starts.",
        )


def _registered(subject: Subject[_Asked], key: DriverKey, secret: SecretObject | None) -> Iterator[Answer]:
    operator, scope = subject.fact.operator, subject.scope
    fingerprints = _fingerprints(scope, operator, key, secret)
    registered = scope.surroundings.operator_keys
    question = f"whether the key of {subject.name} is registered"
    if registered is None:
        yield subject.doubts(question, scope.unread(Beside.OPERATOR_KEYS))
    elif not fingerprints:
        which = "which key it uses is not known; set `driverKey.fingerprint` or declare a `Key` for it"
        yield subject.doubts(question, unspecified(which))
    elif not fingerprints & {*(known.fingerprint for known in registered), *_to_be_registered(scope)}:
        used = ", ".join(f"`{shown(fingerprint)}…`" for fingerprint in sorted(fingerprints))
        lack = _Lack(
            f"fingerprint {used} is not registered in organization `{scope.organization}`",
            (*_KEY, "fingerprint"),
            "Declare a `Key` of this Operator with that public key, or correct the fingerprint.",
        )
        yield _lacking(subject, lack)


def _to_be_registered(scope: Scope) -> Iterator[str]:
    """Fingerprints of the keys of Operators that the plan registers."""
    for owner, keys in declared_keys(scope)[0].items():
        if owner.operator is not None:
            yield from keys


def _fingerprints(
    scope: Scope, operator: DeclaredOperator, key: DriverKey, secret: SecretObject | None
) -> set[str]:
    """Fingerprints of what the Operator uses: the mounted key, else the declared one, else its `Key` documents."""
    mounted = None if secret is None else secret.private_keys.get(OPERATOR_ENTRY)
    if mounted is not None and mounted.fingerprint:
        return {mounted.fingerprint}
    if key.fingerprint is not None:
        return {key.fingerprint.lower()}
    return {
        public_key.fingerprint
        for declared in scope.declarations.keys
        if declared.document.spec.for_.operator == operator.document.metadata.id
        for public_key in scope.public_keys_of(declared)
    }


RULES = (
    Rule(
        id="R64",
        title="An Operator has the key that hosted drivers need",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER, Side.LIVE),
        over=ASKED,
        check=_has_key,
    ),
)
