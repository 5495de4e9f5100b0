"""The kinds of group `humanitec.io` and whoever shares their names (agent and operator 3.3): R67."""

import re
from collections.abc import Iterator

from reconciler.facts.operator import has_operator
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, Path
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
_OURS = "secretstores.humanitec.io"
_EXTERNAL_SECRETS = "external-secrets.io"
_BARE = re.compile(r"\bkubectl\b[^|;&\n]*?\bsecretstores?(?![\w.-])")
_COMMANDS = ("command", "args")
_MANIFESTS = ("batch/v1", "apps/v1", "v1")


def _kinds_first(scope: Scope) -> Iterator[Finding | Unknown]:
    for store in scope.secret_stores:
        for index, place in enumerate(store.document.spec.clusters or ()):
            if scope.operators_on(place.cluster):
                continue
            installed = _installed(scope, place.cluster, _OURS)
            if installed is None:
                # An Operator that the settings tell of has brought its CRDs.
                if not has_operator(scope, place.cluster):
                    yield Unknown("R67", str(scope.unseen(place.cluster)), scope.unseen(place.cluster))
            elif not installed:
                yield Finding(
                    "R67",
                    Severity.ERROR,
                    f"Secret store `{store.document.metadata.id}` is planned for cluster `{place.cluster}`, which does "
                    f"not know `{_OURS}`: the CRDs of `humanitec.io` come with the Operator",
                    store.origin(("spec", "clusters", index, "cluster")),
                    advice=f"Declare an `Operator` with `cluster: {place.cluster}`; its chart brings the CRDs.",
                )
    yield from _bare_names(scope)


def _installed(scope: Scope, cluster: str, name: str) -> bool | None:
    state = scope.cluster_state(cluster)
    found = None if state is None else state.of(*_CRD)
    return None if found is None else any(definition.name == name for definition in found)


def _bare_names(scope: Scope) -> Iterator[Finding | Unknown]:
    commands = [
        (foreign, path)
        for foreign in scope.declarations.foreign
        if foreign.raw.get("apiVersion") in _MANIFESTS
        for path, text in _words(foreign.raw)
        if _BARE.search(text)
    ]
    if not commands:
        return
    has_other = _has_external_secrets(scope)
    for foreign, path in commands:
        if has_other is None:
            yield Unknown(
                "R67",
                f"the command at {foreign.origin(path)} uses the bare name `secretstore`; whether External Secrets "
                "is installed beside is not known",
            )
        elif has_other:
            yield Finding(
                "R67",
                Severity.WARNING,
                "The command uses the bare name `secretstore`, which External Secrets has as well",
                foreign.origin(path),
                advice=f"Write `{_OURS}`.",
            )


def _has_external_secrets(scope: Scope) -> bool | None:
    """Tell from manifests in the tree, else from the clusters that were read."""
    if any(
        str(foreign.raw.get("apiVersion", "")).startswith(f"{_EXTERNAL_SECRETS}/")
        for foreign in scope.everything.foreign
    ):
        return True
    told = [_installed(scope, name, f"secretstores.{_EXTERNAL_SECRETS}") for name in scope.settings.clusters]
    if any(told):
        return True
    return None if not told or None in told else False


def _words(raw: Json) -> Iterator[tuple[Path, str]]:
    """Commands of containers: each list of words as one text, with the path of the list."""
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
        title="The kinds of `humanitec.io` are installed and named in full",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_kinds_first,
    ),
)
