"""Rules about where a private key comes from (compatibility rules, Keys): R19, R27."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from reconciler.facts.agent_installation import is_on_kubernetes, key_secret, namespace_of
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent, InstalledRunner
from reconciler.facts.key_place import installs_by_owner, owner_key, runner_secret
from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.pattern import is_open
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared, Foreign
from reconciler.model.finding import Severity
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.key import KeyDocument, KeyOwner, PrivateKeySource
from reconciler.model.origin import Origin
from reconciler.rules.over import MANIFESTS, OPERATORS, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.runner import NAME as RUNNER_SECRET

F = TypeVar("F")

_VALUE = "humanitec.privateKey"
_NAMES = frozenset(("privatekey", "private_key", "private-key"))
_LABEL = "PRIVATE KEY-----"
_SEALED = "ENC["
"""Prefix of values encrypted by SOPS."""
_MAKERS = frozenset(("Secret", "ExternalSecret", "SealedSecret", "SopsSecret", "VaultStaticSecret"))
"""Kinds of manifests that create a Secret on a cluster, under their own name or that of `spec.target`."""
_DEPTH = 32


@dataclass(frozen=True, slots=True)
class _Install:
    """An installation and its owner. `has_source` is true where a `Key` names the location of its private half.

    `made` are the names of the Secrets that manifests in the tree create.
    """

    owner: KeyOwner
    installed: InstalledAgent | InstalledRunner
    has_source: bool
    made: frozenset[str]


def _installs(scope: Scope) -> Iterator[Subject[_Install]]:
    installs = tuple(installs_by_owner(scope))
    if installs:
        sources = {
            key.document.spec.for_ for key in scope.everything.keys if _is_named(key.document.spec.privateKey)
        }
        made = frozenset(_made_secrets(scope.everything.foreign))
        for owner, installed in installs:
            fact = _Install(owner, installed, owner in sources, made)
            yield Subject(fact, scope, owner.name, installed.origin)


INSTALLS = Over("installation", _installs)


def _of_installation(subject: Subject[_Install]) -> Iterator[Answer]:
    installed = subject.fact.installed
    for path in _key_values(installed.install.helmValues, ()):
        place = installed.origin(("helmValues", *path))
        yield _carried(subject, f"The chart value `{_dotted(path)}` of {subject.name}", place)


def _of_operator(subject: Subject[DeclaredOperator]) -> Iterator[Answer]:
    operator = subject.fact
    for path in _key_values(operator.document.spec.helmValues, ()):
        place = operator.origin(("spec", "helmValues", *path))
        yield _carried(subject, f"The chart value `{_dotted(path)}` of {subject.name}", place)


def _of_manifest(subject: Subject[Foreign]) -> Iterator[Answer]:
    for path in _of_foreign(subject.fact.raw):
        yield _carried(subject, f"The chart value `{_VALUE}`", subject.fact.origin(path))


def _carried(subject: Subject[F], what: str, place: Origin) -> Answer:
    return subject.says(
        f"{what} would contain a private key from Git",
        at=place,
        advice="Create a Secret from a secret store and name it, or pass the value when installing the chart; if this "
        "was a real key, generate a new pair.",
    )


def _key_values(values: Json, at: Path) -> Iterator[Path]:
    """Paths of literal strings that are a private key by their name or their PEM label."""
    if len(at) > _DEPTH:
        return
    if isinstance(values, dict):
        for name, value in values.items():
            if isinstance(value, str):
                if _LABEL in value or (name.lower() in _NAMES and _is_literal(value)):
                    yield (*at, name)
            else:
                yield from _key_values(value, (*at, name))
    elif isinstance(values, list):
        for index, value in enumerate(values):
            if isinstance(value, str):
                if _LABEL in value:
                    yield (*at, index)
            else:
                yield from _key_values(value, (*at, index))


def _is_literal(text: str) -> bool:
    return bool(text) and not is_open(text) and not text.startswith(_SEALED)


def _of_foreign(raw: JsonObject) -> Iterator[Path]:
    """Paths of keys in values files, of the chart or a parent chart, and in what Argo CD and Flux pass to it."""
    for values, at in _chart_values(raw):
        value = dig(values, "humanitec", "privateKey")
        if isinstance(value, str) and _is_literal(value):
            yield (*at, "humanitec", "privateKey")
    for source, at in _sources(raw):
        parameters = dig(source, "helm", "parameters")
        for index, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
            value = dig(parameter, "value")
            if dig(parameter, "name") == _VALUE and isinstance(value, str) and _is_literal(value):
                yield (*at, "helm", "parameters", index, "value")


def _chart_values(raw: JsonObject) -> Iterator[tuple[Json, Path]]:
    yield raw, ()
    if "kind" not in raw:
        for name, child in raw.items():
            yield child, (name,)
        return
    yield dig(raw, "spec", "values"), ("spec", "values")
    for source, at in _sources(raw):
        yield dig(source, "helm", "valuesObject"), (*at, "helm", "valuesObject")


def _sources(raw: JsonObject) -> Iterator[tuple[Json, Path]]:
    """Sources of an Argo CD application, with their paths."""
    yield dig(raw, "spec", "source"), ("spec", "source")
    several = dig(raw, "spec", "sources")
    for index, source in enumerate(several if isinstance(several, list) else ()):
        yield source, ("spec", "sources", index)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))


def _is_named(source: PrivateKeySource | None) -> bool:
    return source is not None and bool(source.secret or (source.store and source.ref))


def _made_secrets(foreign: Sequence[Foreign]) -> Iterator[str]:
    for one in foreign:
        kind = one.raw.get("kind")
        if isinstance(kind, str) and kind in _MAKERS:
            for name in (dig(one.raw, "metadata", "name"), dig(one.raw, "spec", "target", "name")):
                if isinstance(name, str):
                    yield name


def _has_source(subject: Subject[_Install]) -> Iterator[Answer]:
    one, installed = subject.fact, subject.fact.installed
    if one.has_source or any(True for _ in _key_values(installed.install.helmValues, ())):
        return
    name, problem = (
        _agent_problem(subject.scope, installed)
        if isinstance(installed, InstalledAgent)
        else _runner_problem(subject.scope, installed)
    )
    if problem is not None and name not in one.made:
        severity, what = problem
        yield subject.says(
            f"No source for the private key of {subject.name}: {what}",
            key=owner_key(subject.scope, one.owner),
            advice=_advice(installed),
            severity=severity,
        )


_Problem = tuple[Severity, str] | None


def _advice(installed: InstalledAgent | InstalledRunner) -> str:
    """What to declare. On hosts that are not clusters, the key is a file and no Secret is read."""
    if isinstance(installed, InstalledAgent) and not is_on_kubernetes(installed.install):
        return (
            "Declare in `privateKey` of its `Key` document where the private half is kept, such as `store` and `ref`: "
            "whoever installs the Agent takes the file from there."
        )
    return "Name the Secret in `privateKey.secretName`, or declare in a `Key` document where the private half is kept."


def _agent_problem(scope: Scope, installed: InstalledAgent) -> tuple[str, _Problem]:
    """Name of the Secret that is read by convention, and what is wrong."""
    install = installed.install
    named = None if install.privateKey is None else install.privateKey.secretName
    if not is_on_kubernetes(install):
        more = "" if named is None else f"; Secret `{named}` is only read on a cluster"
        return "", (Severity.WARNING, f"nothing declares where host `{install.host}` gets it{more}")
    if named is not None:
        return named, None
    custom = key_secret(install)
    if custom is None:
        return "", (Severity.ERROR, "the chart is installed but no Secret is named")
    return custom[0], _custom(scope, install.cluster, namespace_of(install), custom[0])


def _runner_problem(scope: Scope, installed: InstalledRunner) -> tuple[str, _Problem]:
    if runner_secret(installed) is not None:
        return "", None
    install = installed.install
    return RUNNER_SECRET, _custom(scope, install.cluster, install.namespace, RUNNER_SECRET)


def _custom(scope: Scope, cluster: str | None, namespace: str | None, secret: str) -> _Problem:
    """What is wrong where no Secret is named; the one from the vendor's guide may exist."""
    state = None if cluster is None else scope.cluster_state(cluster)
    if state is not None and namespace is not None:
        if state.secret(namespace, secret) is not None:
            return None
        if state.has_read_secrets:
            return (
                Severity.ERROR,
                f"no Secret is named, and `{namespace}/{secret}` does not exist on cluster `{cluster}`",
            )
    return Severity.WARNING, f"no Secret is named; only `{secret}`, the name in the guide, may exist"


@dataclass(frozen=True, slots=True)
class _Key:
    """A `Key` document; `has_install` is true where its owner is installed somewhere."""

    document: Declared[KeyDocument]
    has_install: bool


def _keys(scope: Scope) -> Iterator[Subject[_Key]]:
    installed = {owner for owner, _ in installs_by_owner(scope)} if scope.declarations.keys else set()
    installed |= {
        KeyOwner(operator=operator.document.metadata.id)
        for operator in scope.operators
        if operator.document.spec.driverKey is not None
    }
    for key in scope.declarations.keys:
        owner, name = key.document.spec.for_, f"key `{key.document.metadata.id}`"
        place = partial(key.origin, ("metadata", "id"))
        yield Subject(_Key(key, owner in installed), scope, name, place, owner_key(scope, owner))


KEYS = Over("key and its installation", _keys)


def _of_key(subject: Subject[_Key]) -> Iterator[Answer]:
    document = subject.fact.document
    source = document.document.spec.privateKey
    if _is_named(source) or (source is None and subject.fact.has_install):
        return
    what = (
        "none is declared" if source is None else "`privateKey` names neither a Secret nor a store with `ref`"
    )
    yield subject.says(
        f"No source for the private half of {subject.name} of {document.document.spec.for_.name}: {what}",
        at=subject.place if source is None else document.origin(("spec", "privateKey")),
        advice="Set in `spec.privateKey` where it is kept: `cluster`, `namespace` and `secret`, or `store` and `ref`.",
        severity=Severity.WARNING if source is None else Severity.ERROR,
    )


RULES = (
    Rule(
        id="R19",
        title="No chart value contains a private key",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=INSTALLS,
        check=_of_installation,
        also=(Part(OPERATORS, _of_operator), Part(MANIFESTS, _of_manifest)),
    ),
    Rule(
        id="R27",
        title="The private half of a key has a source",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.CLUSTER),
        over=INSTALLS,
        check=_has_source,
        also=(Part(KEYS, _of_key),),
    ),
)
