"""Checks for the problems of `reconciler.model.body`, by kind of document."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from reconciler.model.body import BodyProblem, mapping, member
from reconciler.model.handed import FORMS, as_tag, is_tagged, wrong_with
from reconciler.model.json import JsonObject, Path
from reconciler.model.pod_template import template_problems, variable_problems
from reconciler.vendor import orchestrator_v1 as v1
from reconciler.vendor import orchestrator_v2 as v2

_WORDS: Mapping[type, str] = MappingProxyType({bool: "true or false", dict: "a mapping"})


def body_problems(kind: str, document: JsonObject) -> Iterator[BodyProblem]:
    """Problems for which the orchestrator would refuse a document of a kind, beyond what its model checks."""
    check = _CHECKS.get(kind)
    if check is not None:
        yield from check(document)


def _of_runner(document: JsonObject) -> Iterator[BodyProblem]:
    configuration: Path = ("spec", "runner_configuration")
    runner_type = member(document, *map(str, configuration), "type")
    if runner_type == "serverless-ecs":
        job = member(document, *map(str, configuration), "job")
        yield from variable_problems(job, (*configuration, "job"))
    else:
        template: Path = (*configuration, "job", "pod_template")
        yield from template_problems(member(document, *map(str, template)), template)
    storage = member(document, "spec", "state_storage_configuration", "type")
    taken = v2.STORAGE_OF.get(runner_type) if isinstance(runner_type, str) else None
    if taken is not None and isinstance(storage, str) and storage not in taken:
        listed = ", ".join(f"`{name}`" for name in taken)
        yield BodyProblem(
            ("spec", "state_storage_configuration", "type"),
            f"must be {listed} for a runner of type `{runner_type}`",
        )


def _of_definition(document: JsonObject) -> Iterator[BodyProblem]:
    at: Path = ("entity", "provision")
    for selector, options in mapping(document, "entity", "provision").items():
        if v1.SELECTOR.problem(selector):
            yield BodyProblem(
                (*at, selector), "has an empty selector as its name", f"the form is: {v1.SELECTOR.form}"
            )
        for name, value in (options if isinstance(options, dict) else {}).items():
            wanted = v1.PROVISION_OPTIONS.get(name)
            if wanted is None:
                yield BodyProblem((*at, selector, name), known=tuple(v1.PROVISION_OPTIONS))
            elif value is not None and not isinstance(value, wanted):
                yield BodyProblem((*at, selector, name), wanted=_WORDS[wanted])


def _of_store(document: JsonObject) -> Iterator[BodyProblem]:
    for kind, names in v1.STORE_FIELDS.items():
        for name in names:
            value = member(document, "spec", kind, name)
            if value is not None and not isinstance(value, str):
                yield BodyProblem(("spec", kind, name), wanted="a string")
    for name, value in mapping(document, "spec", "orchestrator", "auth").items():
        if not isinstance(value, dict) or set(value) - {"env", "file"}:
            continue
        tag = as_tag(value)
        wrong = wrong_with(tag) if is_tagged(tag) else "is not one source of a value"
        if wrong:
            yield BodyProblem(("spec", "orchestrator", "auth", name), wrong, f"write {FORMS}")


_CHECKS: Mapping[str, Callable[[JsonObject], Iterator[BodyProblem]]] = MappingProxyType(
    {"Runner": _of_runner, "Definition": _of_definition, "SecretStore": _of_store}
)
