"""Rules about what stands in the wrong place of a runner (compatibility rules, Runner): R103, R108."""

from collections.abc import Iterator

from reconciler.facts.declared_runner import CONFIGURATION, STORAGE, WrittenRunner, written_runners
from reconciler.facts.definition import dig
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.json import Json, Path
from reconciler.model.origin import Origin
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

_TERRAFORM_STORAGE = (
    "kubernetes_configuration",
    "s3_configuration",
    "gcs_configuration",
    "azurerm_configuration",
)
_V1_MEMBERS = ("driver_type", "driver_inputs", "driver_account", "criteria", "organizations", "public_key")
_V2_MEMBERS = ("runner_configuration", "state_storage_configuration")
_AGENT_VARIABLE = "ORGS"
_AGENT_VALUE = "org"


def _right_place(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in written_runners(scope):
        for path, problem, advice in _misplaced(runner):
            yield Finding(
                "R103",
                Severity.ERROR,
                f"Runner `{runner.id}`: {problem}",
                runner.origin(path),
                key=runner.key(scope),
                advice=advice,
            )


def _misplaced(runner: WrittenRunner) -> Iterator[tuple[Path, str, str]]:
    configuration = runner.at(*(str(step) for step in CONFIGURATION))
    job = dig(configuration, "job")
    if isinstance(job, dict) and "key" in job:
        yield (
            (*CONFIGURATION, "job", "key"),
            "`key` stands under `job`",
            "Move it up, beside `job`, into `runner_configuration`.",
        )
    is_on_kubernetes = dig(configuration, "type") != "serverless-ecs"
    if isinstance(configuration, dict) and is_on_kubernetes:
        for name in ("namespace", "service_account"):
            if dig(job, name) in (None, "") and not (isinstance(job, dict) and _is_wrong_type(job, name)):
                place = (*CONFIGURATION, "job") if job is not None else CONFIGURATION
                yield place, f"`job.{name}` is missing", f"Set `runner_configuration.job.{name}`."
    for name in _TERRAFORM_STORAGE:
        if runner.at(*(str(step) for step in STORAGE), name) is not None:
            yield (
                (*STORAGE, name),
                f"`{name}` is Terraform's spelling",
                f"Write the members of `{name}` beside `type`, as the API has them.",
            )


def _is_wrong_type(job: dict[str, Json], name: str) -> bool:
    """The reader says so already."""
    return job.get(name) is not None and not isinstance(job[name], str)


def _one_product(scope: Scope) -> Iterator[Finding | Unknown]:
    for runner in written_runners(scope):
        yield from _v1_in_runner(scope, runner)
    for rejected in scope.declarations.rejected:
        spec = dig(rejected.raw, "spec" if rejected.kind != "Definition" else "entity")
        if rejected.kind in ("Agent", "Definition") and isinstance(spec, dict):
            for name in _V2_MEMBERS:
                if name in spec:
                    path: Path = ("spec" if rejected.kind == "Agent" else "entity", name)
                    yield _mixed(
                        f"`{name}` belongs to a runner (v2) and stands in "
                        f"{'an Agent' if rejected.kind == 'Agent' else 'a definition'} (v1)",
                        rejected.origin(path),
                    )
    yield from _runner_key_of_agent(scope)


def _v1_in_runner(scope: Scope, runner: WrittenRunner) -> Iterator[Finding]:
    spec = runner.at("spec")
    for name in _V1_MEMBERS:
        if isinstance(spec, dict) and name in spec:
            message = f"`{name}` belongs to v1 and stands in runner `{runner.id}` (v2)"
            yield _mixed(message, runner.origin(("spec", name)))
    for installed in scope.runner_installs:
        if installed.id != runner.id:
            continue
        if _AGENT_VARIABLE in (installed.install.env or {}):
            message = f"Variable `{_AGENT_VARIABLE}` is one of the Agent (v1), set on runner `{runner.id}`"
            yield _mixed(message, installed.origin(("env", _AGENT_VARIABLE)))
        if dig(installed.install.helmValues, "humanitec", _AGENT_VALUE) is not None:
            named = f"Chart value `humanitec.{_AGENT_VALUE}`"
            message = f"{named} is one of the Agent's chart (v1), set on runner `{runner.id}`"
            yield _mixed(message, installed.origin(("helmValues", "humanitec", _AGENT_VALUE)))


def _runner_key_of_agent(scope: Scope) -> Iterator[Finding]:
    """A runner's key registered for an Agent: one of the two is meant for the other product."""
    runners = {
        facts.fingerprint: runner.document.metadata.id
        for runner in scope.declarations.runners
        if (facts := scope.public_key(runner.origin())) is not None
    }
    for key in scope.declarations.keys:
        facts = scope.public_key(key.origin())
        owner = key.document.spec.for_.agent
        if owner is not None and facts is not None and facts.fingerprint in runners:
            yield _mixed(
                f"The key of runner `{runners[facts.fingerprint]}` (v2) is registered for Agent `{owner}` (v1)",
                key.origin(("spec", "for")),
            )


def _mixed(message: str, origin: Origin) -> Finding:
    return Finding(
        "R108",
        Severity.ERROR,
        message,
        origin,
        advice="The Agent (v1) and the kubernetes-agent runner (v2) are different products; describe each in a "
        "document of its own.",
    )


RULES = (
    Rule(
        id="R103",
        title="Members of a runner stand where the API has them",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_right_place,
    ),
    Rule(
        id="R108",
        title="Agent and runner are kept apart",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_one_product,
    ),
)
