"""The key by which an Operator proves itself to hosted drivers (agent and operator 3.2): R64."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.driver import needs_key
from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.scope import Scope
from reconciler.model.cluster_state import SecretObject
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identity import shown
from reconciler.model.json import Path
from reconciler.model.operator import DRIVER_KEY_SECRET, DriverKey
from reconciler.model.surroundings import Beside
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.settings import Mode

_ENTRY = "privateKey"
_ENTRIES = (_ENTRY, "humanitecOrganisationID")
_KEY: Path = ("spec", "driverKey")


@dataclass(frozen=True, slots=True)
class _Lack:
    """What an Operator lacks; `path` leads to the place in its document."""

    what: str
    path: Path
    advice: str
    severity: Severity = Severity.ERROR


def _has_key(scope: Scope) -> Iterator[Finding | Unknown]:
    operators = scope.operators
    if not operators or not (scope.git_targets or scope.primary.mode is Mode.DIRECT):
        return
    unknown_driver: DeclaredDefinition | None = None
    for definition in scope.definitions:
        needs = needs_key(definition, scope.surroundings.drivers)
        if needs:
            for operator in operators:
                yield from _judged(scope, operator, definition)
            return
        if needs is None:
            unknown_driver = unknown_driver or definition
    if unknown_driver is not None:
        yield Unknown(
            "R64",
            f"whether driver `{unknown_driver.entity.driver_type}` ({unknown_driver.origin(('driver_type',))}) is "
            "hosted by Humanitec, and so needs the Operator's key, is not known",
        )


def _judged(
    scope: Scope, operator: DeclaredOperator, definition: DeclaredDefinition
) -> Iterator[Finding | Unknown]:
    key = operator.document.spec.driverKey
    if key is None:
        lacks: list[_Lack | Unknown] = [
            _Lack("none is declared", _KEY, "Declare `driverKey` and put the Secret beside the Operator.")
        ]
    else:
        lacks = [*_declared_wrong(operator, key), *_cluster_wrong(scope, operator, key)]
    for lack in lacks:
        if isinstance(lack, Unknown):
            yield lack
            continue
        yield Finding(
            "R64",
            lack.severity,
            f"Hosted driver `{definition.entity.driver_type}` (`{definition.id}`) needs the key of Operator "
            f"`{operator.document.metadata.id}` on `{operator.document.spec.cluster}`; {lack.what}",
            operator.origin(lack.path),
            others=(definition.origin(("driver_type",)),),
            advice=lack.advice,
        )


def _declared_wrong(operator: DeclaredOperator, key: DriverKey) -> Iterator[_Lack]:
    namespace = operator.document.spec.namespace
    if key.namespace not in (None, namespace):
        yield _Lack(
            f"its Secret is in namespace `{key.namespace}`, the Operator in `{namespace}`",
            (*_KEY, "namespace"),
            "Put the Secret into the Operator's namespace.",
        )
    if key.secretName != DRIVER_KEY_SECRET:
        yield _Lack(
            f"its Secret is called `{key.secretName}`, where only `{DRIVER_KEY_SECRET}` is known to be read",
            (*_KEY, "secretName"),
            f"Call the Secret `{DRIVER_KEY_SECRET}`.",
            Severity.WARNING,
        )
    if key.entries is not None:
        yield from _missing_entries(frozenset(key.entries), (*_KEY, "entries"), "are declared")


def _missing_entries(entries: frozenset[str], path: Path, told: str) -> Iterator[_Lack]:
    missing = [entry for entry in _ENTRIES if entry not in entries]
    if missing:
        yield _Lack(
            f"of the entries that {told}, {' and '.join(f'`{entry}`' for entry in missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            path,
            f"Give the Secret the entries `{_ENTRIES[0]}` (PEM) and `{_ENTRIES[1]}` (one id, spelt with `s`).",
        )


def _cluster_wrong(scope: Scope, operator: DeclaredOperator, key: DriverKey) -> Iterator[_Lack | Unknown]:
    spec = operator.document.spec
    state = scope.cluster_state(spec.cluster)
    secret = None if state is None else state.secret(spec.namespace, key.secretName)
    if secret is not None:
        yield from _missing_entries(secret.entries, _KEY, "the Secret has")
    elif state is not None and state.has_read_secrets:
        if key.namespace in (None, spec.namespace):
            yield _Lack(
                f"Secret `{key.secretName}` is not in namespace `{spec.namespace}`",
                _KEY,
                "Create the Secret from a secret store before the Operator starts.",
            )
    else:
        yield Unknown("R64", str(scope.unseen(spec.cluster)), scope.unseen(spec.cluster))
    yield from _registered(scope, operator, key, secret)


def _registered(
    scope: Scope, operator: DeclaredOperator, key: DriverKey, secret: SecretObject | None
) -> Iterator[_Lack | Unknown]:
    fingerprints = _fingerprints(scope, operator, key, secret)
    registered = scope.surroundings.operator_keys
    if registered is None:
        yield Unknown("R64", str(scope.unread(Beside.OPERATOR_KEYS)), scope.unread(Beside.OPERATOR_KEYS))
    elif not fingerprints:
        yield Unknown(
            "R64",
            f"which key Operator `{operator.document.metadata.id}` uses is not told; give "
            "`driverKey.fingerprint` or declare a `Key` for it",
        )
    elif not fingerprints & {known.fingerprint for known in registered}:
        ours = ", ".join(f"`{shown(fingerprint)}…`" for fingerprint in sorted(fingerprints))
        yield _Lack(
            f"fingerprint {ours} is not registered in organization `{scope.organization}`",
            (*_KEY, "fingerprint"),
            "Register the public key with `POST /orgs/ORG/keys`, or correct the fingerprint.",
        )


def _fingerprints(
    scope: Scope, operator: DeclaredOperator, key: DriverKey, secret: SecretObject | None
) -> set[str]:
    """What the Operator uses: the mounted key, else the declared fingerprint, else those of its `Key` documents."""
    mounted = None if secret is None else secret.private_keys.get(_ENTRY)
    if mounted is not None and mounted.fingerprint:
        return {mounted.fingerprint}
    if key.fingerprint is not None:
        return {key.fingerprint.lower()}
    found = (
        scope.public_key(declared.origin())
        for declared in scope.declarations.keys
        if declared.document.spec.for_.operator == operator.document.metadata.id
    )
    return {public_key.fingerprint for public_key in found if public_key is not None}


RULES = (
    Rule(
        id="R64",
        title="An Operator has the key that hosted drivers ask for",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER, Side.LIVE),
        over=SCOPE,
        check=_has_key,
    ),
)
