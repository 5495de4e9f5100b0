"""The rule about kinds of group `humanitec.io` and their namesakes (agent and operator 3.3): R67."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.operator import has_operator
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.json import Json, Path
from reconciler.model.origin import Origin
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.model.unseen import Unseen, UnseenError, unspecified
from reconciler.rules.over import STORES, Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject

_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_FULL_NAME = "secretstores.humanitec.io"
_EXTERNAL_SECRETS = "external-secrets.io"
_BARE = re.compile(r"\bkubectl\b[^|;&\n]*?\bsecretstores?(?![\w.-])")
_COMMANDS = ("command", "args")
_MANIFESTS = ("batch/v1", "apps/v1", "v1")


def _kinds_first(subject: Subject[Declared[SecretStoreDocument]]) -> Iterator[Answer]:
    store, scope = subject.fact, subject.scope
    unseen: list[Unseen] = []
    for index, place in enumerate(store.document.spec.clusters or ()):
        if scope.operators_on(place.cluster):
            continue
        installed = _installed(scope, place.cluster, _FULL_NAME)
        if installed is None:
            # An Operator that the settings declare has installed its CRDs.
            if not has_operator(scope, place.cluster):
                unseen.append(scope.unseen(place.cluster, _CRD[1]))
        elif not installed:
            yield subject.says(
                f"Secret store `{store.document.metadata.id}` is declared for cluster `{place.cluster}`, which does "
                f"not have `{_FULL_NAME}`: the CRDs of `humanitec.io` come with the Operator",
                at=store.origin(("spec", "clusters", index, "cluster")),
                advice=f"Declare an `Operator` with `cluster: {place.cluster}`; its chart installs the CRDs.",
            )
    for one in unseen:
        yield subject.doubts(f"whether cluster `{one.place}` has the kind of {subject.name}", one)


def _installed(scope: Scope, cluster: str, name: str) -> bool | None:
    state = scope.cluster_state(cluster)
    found = None if state is None else state.of(*_CRD)
    return None if found is None else any(definition.name == name for definition in found)


@dataclass(frozen=True, slots=True)
class _Command:
    """A command that uses the bare name; `has_other` is whether External Secrets is installed as well."""

    place: Origin
    has_other: bool | None


def _commands(scope: Scope) -> Iterator[Subject[_Command]]:
    places = [
        foreign.origin(path)
        for foreign in scope.declarations.foreign
        if foreign.raw.get("apiVersion") in _MANIFESTS
        for path, text in _words(foreign.raw)
        if _BARE.search(text)
    ]
    has_other = _has_external_secrets(scope) if places else None
    for place in places:
        yield Subject(_Command(place, has_other), scope, f"the command at {place}", place)


COMMANDS = Over("command that uses a bare name", _commands)


def _full_name(subject: Subject[_Command]) -> Iterator[Answer]:
    if subject.fact.has_other is None:
        raise UnseenError(
            unspecified("it uses the bare name `secretstore`, and External Secrets may be installed")
        )
    if subject.fact.has_other:
        yield subject.says(
            "The command uses the bare name `secretstore`, which External Secrets defines as well",
            advice=f"Write `{_FULL_NAME}`.",
            severity=Severity.WARNING,
        )


def _has_external_secrets(scope: Scope) -> bool | None:
    """Whether External Secrets is installed, from manifests in the tree, else from the clusters that were read."""
    if any(
        str(foreign.raw.get("apiVersion", "")).startswith(f"{_EXTERNAL_SECRETS}/")
        for foreign in scope.everything.foreign
    ):
        return True
    found = [_installed(scope, name, f"secretstores.{_EXTERNAL_SECRETS}") for name in scope.settings.clusters]
    if any(found):
        return True
    return None if not found or None in found else False


def _words(raw: Json) -> Iterator[tuple[Path, str]]:
    """Commands of containers: each list of words as one string, with the path of the list."""
    stack: list[tuple[Path, Json]] = [((), raw)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, dict):
            stack.extend(((*path, name), child) for name, child in reversed(value.items()))
        elif isinstance(value, list):
            if path and path[-1] in _COMMANDS and all(isinstance(word, str) for word in value):
                yield path, " ".join(map(str, value))
            else:
                stack.extend(((*path, index), value[index]) for index in range(len(value) - 1, -1, -1))


RULES = (
    Rule(
        id="R67",
        title="Kinds of `humanitec.io` are installed, and named in full",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=STORES,
        check=_kinds_first,
        also=(Part(COMMANDS, _full_name),),
    ),
)
