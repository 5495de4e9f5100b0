"""Rules about the jobs of runners (compatibility rules, Runner): R100, R101, R102, R105."""

from collections.abc import Iterator

from reconciler.facts.declared_runner import JOB, MAIN, OLDER_NAMES, WrittenRunner
from reconciler.facts.definition import dig, items
from reconciler.facts.pattern import is_literal
from reconciler.model.finding import Severity
from reconciler.model.json import Json, Path
from reconciler.model.secret_name import variable_names_secret
from reconciler.rules.over import RUNNERS
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.vendor.cloud import CLOUDS

_AKS = CLOUDS["aks"]
WORKLOAD_IDENTITY = _AKS.annotation
WORKLOAD_LABEL = _AKS.pod_label
_ANNOTATIONS = ("spec", "install", "helmValues", "serviceAccount", "annotations")
_IDENTITY = ("spec", "install", "identity", _AKS.field)


def _one_container(runner: Subject[WrittenRunner]) -> Iterator[Answer]:
    for path, container in runner.fact.containers():
        name = container.get("name")
        if name == MAIN or container.get("image"):
            continue
        # sources contradict each other about the older names of the runner's own container
        is_older = name in OLDER_NAMES
        yield runner.says(
            f"Container {_shown(name)} has no image: a current runner may add it next to `{MAIN}`"
            if is_older
            else f"Container {_shown(name)} would be added next to `{MAIN}` but has no image",
            at=runner.fact.origin((*path, "name")),
            advice=f"To change the runner's own container, use the name `{MAIN}`; an additional one needs an `image`.",
            severity=Severity.WARNING if is_older else None,
        )


def _shown(name: Json) -> str:
    return f"`{name}`" if isinstance(name, str) else "without a name"


def _list_of_variables(runner: Subject[WrittenRunner]) -> Iterator[Answer]:
    for path, container in runner.fact.containers():
        if "env" in container and not isinstance(container["env"], list):
            yield runner.says(
                f"`env` of container {_shown(container.get('name'))} is not a list",
                at=runner.fact.origin((*path, "env")),
                advice="Use a list of entries with `name` and `value`, or `name` and `valueFrom`.",
            )


def _workload_label(runner: Subject[WrittenRunner]) -> Iterator[Answer]:
    annotations = runner.fact.at(*_ANNOTATIONS)
    is_annotated = isinstance(annotations, dict) and WORKLOAD_IDENTITY in annotations
    if not is_annotated and runner.fact.at(*_IDENTITY) is None:
        return
    at = _ANNOTATIONS if is_annotated else _IDENTITY
    path = (*JOB, "pod_template", "metadata", "labels", WORKLOAD_LABEL)
    if runner.seen.platform(runner.fact.cluster) == "aks" and runner.fact.at(*path) != "true":
        yield runner.says(
            f"Job pods of {runner.name} need the label `{WORKLOAD_LABEL}` with the string `true`",
            at=runner.fact.origin(path),
            others=(runner.fact.origin(at),),
            advice='Set it under `job.pod_template.metadata.labels` as `"true"`, in quotes; a later pod template '
            "replaces the earlier one entirely.",
        )


def _secret_variables(runner: Subject[WrittenRunner]) -> Iterator[Answer]:
    variables = [
        ((*path, "env", index), variable)
        for path, container in runner.fact.containers()
        for index, variable in enumerate(items(container.get("env")))
    ]
    namespace = runner.fact.job("namespace")
    for path, variable in variables:
        name = dig(variable, "name")
        if isinstance(name, str) and variable_names_secret(name) and is_literal(dig(variable, "value")):
            where = f"namespace `{namespace}`" if namespace else "the namespace of the jobs"
            yield runner.says(
                f"Variable `{name}` of {runner.name} appears to be secret but has a plain value",
                at=runner.fact.origin((*path, "value")),
                advice=f"Use a Secret in {where} with `valueFrom.secretKeyRef`, and replace the value, since it was "
                "in the repository.",
            )
    for path, variable in variables if namespace is not None else ():
        yield from _secret_on_cluster(runner, namespace or "", path, variable)


def _secret_on_cluster(
    runner: Subject[WrittenRunner], namespace: str, path: Path, variable: Json
) -> Iterator[Answer]:
    name, cluster = dig(variable, "valueFrom", "secretKeyRef", "name"), runner.fact.cluster
    if isinstance(name, str) and runner.seen.secret(cluster, namespace, name) is None:
        yield runner.says(
            f"Secret `{name}` is not in namespace `{namespace}` of cluster `{cluster}`, where the jobs of "
            f"{runner.name} run",
            at=runner.fact.origin((*path, "valueFrom", "secretKeyRef", "name")),
            advice=f"Create it in namespace `{namespace}`; a pod can read Secrets only in its own namespace.",
            severity=Severity.WARNING,
        )


RULES = (
    Rule(
        id="R100",
        title="Containers of a pod template have an image or are the runner's own",
        severity=Severity.ERROR,
        confidence=Confidence.CONTRADICTORY,
        sides=(Side.FILE,),
        over=RUNNERS,
        check=_one_container,
    ),
    Rule(
        id="R101",
        title="Environment variables of a container are a list",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RUNNERS,
        check=_list_of_variables,
    ),
    Rule(
        id="R102",
        title="Jobs on AKS have the workload identity label",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RUNNERS,
        check=_workload_label,
    ),
    Rule(
        id="R105",
        title="Secret variables of jobs come from Secrets",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=RUNNERS,
        check=_secret_variables,
    ),
)
