"""Rules about misplaced fields of runners (compatibility rules, Runner): R103, R108."""

from collections.abc import Iterator

from reconciler.facts.declared_runner import CONFIGURATION, JOB, STORAGE, WrittenRunner, written_runners
from reconciler.facts.definition import dig, members_of
from reconciler.facts.installed import InstalledRunner
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Rejected
from reconciler.model.finding import Severity
from reconciler.model.json import Path
from reconciler.model.origin import Origin
from reconciler.rules.over import RUNNERS, TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject

_TERRAFORM_STORAGE = (
    "kubernetes_configuration",
    "s3_configuration",
    "gcs_configuration",
    "azurerm_configuration",
)
_V1_MEMBERS = ("driver_type", "driver_inputs", "driver_account", "criteria", "organizations", "public_key")
_V2_MEMBERS = ("runner_configuration", "state_storage_configuration")
_APART = (
    "The Agent (v1) and the kubernetes-agent runner (v2) are different products; give each its own document."
)
_Problem = tuple[Origin, str]


def _right_place(runner: Subject[WrittenRunner]) -> Iterator[Answer]:
    for path, problem, advice, lacking in _misplaced(runner.fact):
        # same place as the reader's finding for an unknown, missing or empty field
        is_given = runner.fact.at(*map(str, path)) not in ("", None)
        place = runner.fact.key_origin(path) if is_given else runner.fact.origin(path)
        others = () if lacking is None else (runner.fact.key_origin(lacking),)
        yield runner.says(f"Runner `{runner.fact.id}`: {problem}", at=place, others=others, advice=advice)


def _misplaced(runner: WrittenRunner) -> Iterator[tuple[Path, str, str, Path | None]]:
    """Path, problem and advice of each; and the mapping that lacks what is elsewhere, if that explains all it lacks."""
    configuration = runner.at(*CONFIGURATION)
    job = dig(configuration, "job")
    members = members_of(job)
    if "key" in members:
        yield (
            (*JOB, "key"),
            "`key` is under `job`",
            "Move it up into `runner_configuration`, next to `job`.",
            CONFIGURATION if "key" not in members_of(configuration) else None,
        )
    if isinstance(job, dict) and dig(configuration, "type") != "serverless-ecs":
        for name in ("namespace", "service_account"):
            if members.get(name) in (
                None,
                "",
            ):  # the reader reports values of another type, and a missing `job`
                place: Path = (*JOB, name) if name in members else JOB
                yield place, f"`job.{name}` is missing", f"Set `runner_configuration.job.{name}`.", None
    for name in _TERRAFORM_STORAGE:
        if runner.at(*STORAGE, name) is not None:
            yield (
                (*STORAGE, name),
                f"`{name}` is Terraform's spelling",
                f"Move the fields of `{name}` up next to `type`, as in the API.",
                STORAGE if members_of(runner.at(*STORAGE)).keys() == {"type", name} else None,
            )


def _one_product(target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    problems = (
        *(problem for runner in written_runners(scope) for problem in _v1_in_runner(runner)),
        *(problem for installed in scope.runner_installs for problem in _v1_in_chart(installed)),
        *(problem for rejected in scope.declarations.rejected for problem in _v2_in_document(rejected)),
        *_runner_key_of_agent(scope),
    )
    for place, message in problems:
        yield target.says(message, at=place, advice=_APART)


def _v1_in_runner(runner: WrittenRunner) -> Iterator[_Problem]:
    spec = runner.at("spec")
    for name in _V1_MEMBERS:
        if isinstance(spec, dict) and name in spec:
            place = runner.origin(("spec", name))
            yield place, f"`{name}` belongs to v1 but is set on runner `{runner.id}` (v2)"


def _v1_in_chart(installed: InstalledRunner) -> Iterator[_Problem]:
    if "ORGS" in (installed.install.env or {}):
        place = installed.origin(("env", "ORGS"))
        yield place, f"Variable `ORGS` belongs to the Agent (v1) but is set on runner `{installed.id}` (v2)"
    if dig(installed.install.helmValues, "humanitec", "org") is not None:
        place = installed.origin(("helmValues", "humanitec", "org"))
        yield (
            place,
            f"Chart value `humanitec.org` belongs to the Agent's chart (v1) but is set on runner `{installed.id}` (v2)",
        )


def _v2_in_document(rejected: Rejected) -> Iterator[_Problem]:
    known = {"Agent": ("spec", "an Agent"), "Definition": ("entity", "a definition")}
    root, document = known.get(rejected.kind, ("", ""))
    members = dig(rejected.raw, root)
    for name in _V2_MEMBERS:
        if isinstance(members, dict) and name in members:
            place = rejected.origin((root, name))
            yield place, f"`{name}` belongs to a runner (v2) but is set on {document} (v1)"


def _runner_key_of_agent(scope: Scope) -> Iterator[_Problem]:
    """Runners' keys registered for an Agent: one of the two documents is meant for the other product."""
    runners = {
        facts.fingerprint: runner.document.metadata.id
        for runner in scope.declarations.runners
        if (facts := scope.public_key(runner.origin())) is not None
    }
    for key in scope.declarations.keys:
        owner = key.document.spec.for_.agent
        found = [facts.fingerprint for facts in scope.public_keys_of(key) if facts.fingerprint in runners]
        if owner is not None and found:
            name = runners[found[0]]
            place = key.origin(("spec", "for"))
            yield place, f"The key of runner `{name}` (v2) is registered for Agent `{owner}` (v1)"


RULES = (
    Rule(
        id="R103",
        title="Fields of a runner are where the API expects them",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RUNNERS,
        check=_right_place,
    ),
    Rule(
        id="R108",
        title="Agent and runner are kept apart",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=TARGET,
        check=_one_product,
    ),
)
