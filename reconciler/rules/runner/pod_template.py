"""Rules about the jobs of runners (compatibility rules, Runner): R100, R101, R102, R105."""

from collections.abc import Iterator

from reconciler.facts.declared_runner import CONFIGURATION, MAIN, WrittenRunner, written_runners
from reconciler.facts.definition import dig
from reconciler.facts.pattern import is_literal
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, Path
from reconciler.model.secret_name import variable_names_secret
from reconciler.rules.rule import Confidence, Rule, Side

WORKLOAD_IDENTITY = "azure.workload.identity/client-id"
WORKLOAD_LABEL = "azure.workload.identity/use"
_ALIAS = "platform-orchestrator-runner"


def _one_container(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in written_runners(scope):
        for path, container in runner.containers():
            name = container.get("name")
            if name in (MAIN, _ALIAS) or container.get("image"):
                continue
            yield Finding(
                "R100",
                Severity.ERROR,
                f"Container {_shown(name)} would be added beside `{MAIN}` and has no image",
                runner.origin((*path, "name")),
                key=runner.key(scope),
                advice=f"To change the runner's own container use the name `{MAIN}`; a further one needs an "
                "`image`.",
            )


def _shown(name: Json) -> str:
    return f"`{name}`" if isinstance(name, str) else "without a name"


def _list_of_variables(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in written_runners(scope):
        for path, container in runner.containers():
            if "env" in container and not isinstance(container["env"], list):
                yield Finding(
                    "R101",
                    Severity.ERROR,
                    f"`env` of container {_shown(container.get('name'))} is not a list",
                    runner.origin((*path, "env")),
                    key=runner.key(scope),
                    advice="Write a list of entries with `name` and `value`, or `name` and `valueFrom`.",
                )


def _workload_label(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed in scope.runner_installs:
        annotations = dig(installed.install.helmValues, "serviceAccount", "annotations")
        if not isinstance(annotations, dict) or WORKLOAD_IDENTITY not in annotations:
            continue
        facts = scope.cluster_facts(installed.install.cluster)
        if facts is None or facts.platform is None:
            yield Unknown("R102", f"the platform of the cluster of runner `{installed.id}` is not declared")
            continue
        path: Path = (*CONFIGURATION, "job", "pod_template", "metadata", "labels", WORKLOAD_LABEL)
        label = dig(installed.runner.raw, *(str(step) for step in path))
        if facts.platform == "aks" and label != "true":
            yield Finding(
                "R102",
                Severity.ERROR,
                f"Job pods of runner `{installed.id}` need the label `{WORKLOAD_LABEL}` with the text `true`",
                installed.runner.origin(path),
                key=WrittenRunner(installed.id, installed.runner.raw, installed.runner.positions).key(scope),
                others=(installed.origin(("helmValues", "serviceAccount", "annotations")),),
                advice='Set it under `job.pod_template.metadata.labels` as `"true"`, in quotes; a pod template '
                "given later replaces the earlier one whole.",
            )


def _secret_variables(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in written_runners(scope):
        namespace = runner.job("namespace")
        for path, container in runner.containers():
            variables = container.get("env")
            for index, variable in enumerate(variables if isinstance(variables, list) else ()):
                at: Path = (*path, "env", index)
                name, value = dig(variable, "name"), dig(variable, "value")
                if isinstance(name, str) and variable_names_secret(name) and is_literal(value):
                    yield _literal(scope, runner, name, (*at, "value"), namespace)
                wanted = dig(variable, "valueFrom", "secretKeyRef", "name")
                if isinstance(wanted, str) and namespace is not None:
                    yield from _missing_secret(scope, runner, wanted, at, namespace)


def _literal(scope: Scope, runner: WrittenRunner, name: str, at: Path, namespace: str | None) -> Finding:
    where = f"namespace `{namespace}`" if namespace else "the namespace of the jobs"
    return Finding(
        "R105",
        Severity.ERROR,
        f"Variable `{name}` of runner `{runner.id}` looks secret and has a plain value",
        runner.origin(at),
        key=runner.key(scope),
        advice=f"Use a Secret in {where} with `valueFrom.secretKeyRef`, and replace the value: it was in the "
        "repository.",
    )


def _missing_secret(
    scope: Scope, runner: WrittenRunner, wanted: str, at: Path, namespace: str
) -> Iterator[Finding | Unknown]:
    cluster = next((i.install.cluster for i in scope.runner_installs if i.id == runner.id), None)
    state = None if cluster is None else scope.cluster_state(cluster)
    if state is None or not state.has_read_secrets:
        where = scope.unseen(cluster) if cluster else "its cluster is not declared"
        yield Unknown("R105", f"whether the Secrets that jobs of runner `{runner.id}` use are there: {where}")
    elif state.secret(namespace, wanted) is None:
        yield Finding(
            "R105",
            Severity.WARNING,
            f"Secret `{wanted}` is not in namespace `{namespace}` of cluster `{cluster}`, where the jobs of "
            f"runner `{runner.id}` run",
            runner.origin((*at, "valueFrom", "secretKeyRef", "name")),
            key=runner.key(scope),
            advice=f"Create it in namespace `{namespace}`; a pod reads Secrets of its own namespace only.",
        )


RULES = (
    Rule(
        id="R100",
        title="Containers of a pod template have an image, or are the runner's own",
        severity=Severity.ERROR,
        condition=f"Every container of `job.pod_template` that is not named `{MAIN}` must have an `image`.",
        why="The template is merged into the runner's by the names of containers. Another name adds a second "
        "container, which has no image, and the job never starts.",
        advice=f"Name the container `{MAIN}` to change the runner's own one.",
        source="Runner guide; code of the data plane",
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        check=_one_container,
    ),
    Rule(
        id="R101",
        title="Environment variables of a container are a list",
        severity=Severity.ERROR,
        condition="`env` of a container in `job.pod_template` must be a list of entries.",
        why="A mapping survives the merge and is refused by the strict conversion at deployment. One published "
        "sample shows a mapping; the others show a list.",
        advice="Write `env: [{name: NAME, value: text}]`.",
        source="Runner guide; code of the data plane",
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        check=_list_of_variables,
    ),
    Rule(
        id="R102",
        title="Jobs on AKS carry the workload identity label",
        severity=Severity.ERROR,
        condition=f"Where the chart sets the annotation `{WORKLOAD_IDENTITY}` and the cluster's platform is "
        f'`aks`, the pod template must have the label `{WORKLOAD_LABEL}: "true"`, a text.',
        why="Without the label no identity is injected into the job's pods, and cloud calls fail.",
        advice="Set the label in the pod template of the runner, in quotes.",
        source="Runner guide, sections on AKS",
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        check=_workload_label,
    ),
    Rule(
        id="R105",
        title="Secret variables of jobs come from Secrets",
        severity=Severity.ERROR,
        condition="A variable of a container whose name looks secret must not have a plain `value`. A Secret "
        "named by `valueFrom.secretKeyRef` must be in `job.namespace`; where it is not, this is a warning.",
        why="A plain value stands in Git, and the API returns it in clear text to everyone who may read runners.",
        advice="Keep the value in a Secret of the job's namespace and refer to it.",
        source="Runner guide; API description of runners",
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        check=_secret_variables,
    ),
)
