"""Pod templates of runners, checked as by the orchestrator: strict conversion and five rules (v2 reference 6.7)."""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.model.body import BodyProblem, items, mapping, member
from reconciler.model.json import Json, JsonObject, Path
from reconciler.vendor import kubernetes_name
from reconciler.vendor import orchestrator_v2 as v2
from reconciler.vendor.limit import TextLimit
from reconciler.vendor.pod_template import ROOT, SCALARS, fields

_NAMED = ("containers", "initContainers", "volumes")
"""Lists of `spec` whose items have names that must be DNS labels."""
_WHOLE_POD = frozenset(("apiVersion", "kind"))


def template_problems(template: Json, at: Path) -> Iterator[BodyProblem]:
    """Everything wrong with the template at the path `at`; null passes, as on the server."""
    yield from _conversion(ROOT, template, at)
    if member(template, "metadata", "namespace"):
        yield BodyProblem(
            (*at, "metadata", "namespace"),
            "must not be set in a pod template",
            "jobs run in `job.namespace`",
        )
    if member(template, "spec", "serviceAccountName"):
        yield BodyProblem(
            (*at, "spec", "serviceAccountName"),
            "must not be set in a pod template",
            "jobs run as `job.service_account`",
        )
    for index, container in items(template, "spec", "containers"):
        yield from _container(container, (*at, "spec", "containers", index))
    for name in _NAMED:
        for index, item in items(template, "spec", name):
            text = member(item, "name")
            if isinstance(text, str) and text:
                yield from _limited(kubernetes_name.LABEL, text, (*at, "spec", name, index, "name"))


def _limited(limit: TextLimit, text: str, path: Path) -> Iterator[BodyProblem]:
    problem = limit.problem(text)
    if problem:
        yield BodyProblem(path, problem, f"the form is: {limit.form}")


def _container(container: Json, at: Path) -> Iterator[BodyProblem]:
    if container is not None and not isinstance(container, dict):
        return
    name = member(container, "name")
    if name is None:
        yield BodyProblem((*at, "name"), is_missing=True)
    elif name == "":
        yield BodyProblem((*at, "name"), "must not be empty")
    if name not in v2.RUNNER_CONTAINERS:
        return
    for index, variable in items(container, "env"):
        variable_name = member(variable, "name")
        place: Path = (*at, "env", index, "name")
        if isinstance(variable_name, str) and variable_name in v2.RESERVED_VARIABLES:
            yield BodyProblem(
                place,
                f"must not be `{variable_name}`: the orchestrator sets this variable",
                "remove the variable or rename it",
            )
        if variable_name == v2.SENSITIVE_VARIABLE and not member(variable, "valueFrom"):
            yield BodyProblem(
                place,
                f"is `{variable_name}`, which must come from a Secret",
                "use `valueFrom` instead of `value`",
            )


def _conversion(kind: str, value: Json, at: Path) -> Iterator[BodyProblem]:
    """What the strict conversion to a Kubernetes type refuses: unknown fields and values of the wrong type."""
    if value is None or kind == "any":
        return
    if kind in SCALARS:
        wanted, types = SCALARS[kind]
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            yield BodyProblem(at, wanted=wanted)
    elif kind[0] == "[":
        yield from _each(kind[1:-1], enumerate(value), at) if isinstance(value, list) else _not("a list", at)
    elif not isinstance(value, dict):
        yield from _not("a mapping", at)
    elif kind[0] == "{":
        yield from _each(kind[1:-1], value.items(), at)
    else:
        yield from _object(kind, value, at)


def _not(wanted: str, at: Path) -> Iterator[BodyProblem]:
    yield BodyProblem(at, wanted=wanted)


def _each(kind: str, members: Iterable[tuple[str | int, Json]], at: Path) -> Iterator[BodyProblem]:
    for step, item in members:
        yield from _conversion(kind, item, (*at, step))


def _object(kind: str, value: JsonObject, at: Path) -> Iterator[BodyProblem]:
    known = fields()[kind]
    for name, item in value.items():
        if name in known:
            yield from _conversion(known[name], item, (*at, name))
        else:
            yield BodyProblem((*at, name), known=tuple(known), advice=_advice(kind, known, name))


def _advice(kind: str, known: Mapping[str, str], name: str) -> str:
    """Where a field that is written one level too high belongs; "" if that is not known."""
    if kind == ROOT and name in _WHOLE_POD:
        return "a pod template has only `metadata` and `spec`; it is not a complete object"
    below = [field for field, inner in known.items() if name in fields().get(inner, ())]
    return f"it belongs in `{below[0]}`" if len(below) == 1 else ""


def variable_problems(job: Json, at: Path) -> Iterator[BodyProblem]:
    """Variables of an ECS task that the orchestrator sets itself, or accepts only from a secret (v2 reference 6.6)."""
    for name in ("environment", "secrets"):
        for variable in mapping(job, name):
            if variable in v2.RESERVED_VARIABLES:
                yield BodyProblem(
                    (*at, name, variable),
                    "must not be set: the orchestrator sets this variable",
                    "remove the variable or rename it",
                )
    if v2.SENSITIVE_VARIABLE in mapping(job, "environment"):
        yield BodyProblem(
            (*at, "environment", v2.SENSITIVE_VARIABLE), "must come from a secret", "move it to `secrets`"
        )
