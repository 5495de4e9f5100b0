"""Rules about installed runners (compatibility rules, Runner): R104, R106, R107."""

from collections.abc import Iterator

from reconciler.facts.definition import dig, items
from reconciler.facts.installed import InstalledRunner
from reconciler.facts.key_place import runner_secret
from reconciler.facts.pattern import is_open
from reconciler.model.finding import Severity
from reconciler.model.installation import RunnerInstall
from reconciler.model.json import Json, Path
from reconciler.model.runner import AgentRunner
from reconciler.model.wording import listed
from reconciler.rules.over import OPERATORS, RUNNER_INSTALLS
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.runner.cloud_annotation import (
    operator_is_annotated_for_its_cloud,
    runner_is_annotated_for_its_cloud,
)
from reconciler.rules.subject import Subject

CHART = "humanitec-kubernetes-agent-runner"
REMOTE_URL = "REMOTE_URL"
PRIVATE_KEY_ENTRY = "private_key"


def _agreement(runner: Subject[InstalledRunner]) -> Iterator[Answer]:
    install, configuration = runner.fact.install, runner.fact.runner.document.spec.runner_configuration
    if not isinstance(configuration, AgentRunner):
        return
    compared: tuple[tuple[tuple[str, ...], str | None, str], ...] = (
        (("jobsRbac", "namespace"), configuration.job.namespace, "job.namespace"),
        (("jobsRbac", "serviceAccountName"), configuration.job.service_account, "job.service_account"),
        (("namespaceOverride",), install.namespace, "the release namespace"),
    )
    for path, expected, named in compared:
        found = dig(install.helmValues, *path)
        if _is_other(found, expected):
            yield runner.says(
                f"Runner `{runner.fact.id}` and its chart disagree: `{'.'.join(path)}` is `{found}`, {named} is "
                f"`{expected}`",
                at=runner.fact.origin(("helmValues", *path)),
                advice=f"Make both `{expected}`.",
            )


def _is_other(found: Json, expected: str | None) -> bool:
    """Empty text is the chart's default, which follows the release."""
    return isinstance(found, str) and found != "" and expected is not None and found != expected


def _completeness(runner: Subject[InstalledRunner]) -> Iterator[Answer]:
    installed, install = runner.fact, runner.fact.install
    if not isinstance(installed.runner.document.spec.runner_configuration, AgentRunner):
        return
    for path, problem, advice in _problems(install):
        yield runner.says(f"Runner `{installed.id}`: {problem}", at=installed.origin(path), advice=advice)
    name, entry = runner_secret(installed), _entry(install)
    if name is None or install.namespace is None:
        return
    secret = runner.seen.secret(install.cluster, install.namespace, name)
    if secret is None or entry not in secret.entries:
        problem = "is not there" if secret is None else f"has no entry `{entry}`"
        yield runner.says(
            f"Runner `{installed.id}`: Secret `{name}` in namespace `{install.namespace}` {problem}",
            at=installed.origin(("privateKey",)),
            advice=f"Create it in namespace `{install.namespace}` with the private key under `{entry}`.",
        )


def _problems(install: RunnerInstall) -> Iterator[tuple[Path, str, str]]:
    chart = "" if install.chart is None else install.chart.rstrip("/").rsplit("/", 1)[-1].partition(":")[0]
    if chart and not is_open(chart) and chart != CHART:
        yield (
            ("chart",),
            f"the chart is called `{chart}`",
            f"Keep the name `{CHART}` in a mirrored registry; the guide and the Terraform module address it so.",
        )
    secret = install.privateKey
    if secret is not None and secret.secretKey != _entry(install):
        yield (
            ("privateKey", "secretKey"),
            f"the Secret's entry is `{secret.secretKey}`, the chart reads `{_entry(install)}`",
            "Name the entry as the chart reads it, or set `humanitec.existingSecretKey`.",
        )
    if secret is not None and _is_other(secret.namespace, install.namespace):
        yield (
            ("privateKey", "namespace"),
            f"the Secret is in namespace `{secret.namespace}`, the runner runs in `{install.namespace}`",
            f"Create the Secret in namespace `{install.namespace}`.",
        )
    named = dig(install.helmValues, "humanitec", "existingSecret")
    if secret is not None and isinstance(named, str) and named != secret.secretName:
        yield (
            ("helmValues", "humanitec", "existingSecret"),
            f"the chart reads Secret `{named}`, the key is in `{secret.secretName}`",
            f"Set `humanitec.existingSecret` to `{secret.secretName}`.",
        )
    variables = [dig(entry, "name") for entry in items(dig(install.helmValues, "humanitec", "extraEnvVars"))]
    if install.selfHosted and REMOTE_URL not in (install.env or {}) and REMOTE_URL not in variables:
        yield (
            ("selfHosted",),
            f"the orchestrator is self-hosted and `{REMOTE_URL}` is not set",
            f"Set `{REMOTE_URL}` in `env` to the base URL of its API.",
        )


def _entry(install: RunnerInstall) -> str:
    named = dig(install.helmValues, "humanitec", "existingSecretKey")
    return named if isinstance(named, str) and named else PRIVATE_KEY_ENTRY


def _trust(runner: Subject[InstalledRunner]) -> Iterator[Answer]:
    trusted, configuration = runner.fact.install.trusts, runner.fact.runner.document.spec.runner_configuration
    if trusted is None or not isinstance(configuration, AgentRunner):
        return
    expected = f"{configuration.job.namespace}/{configuration.job.service_account}"
    found = [f"{identity.namespace}/{identity.serviceAccount}" for identity in trusted]
    if expected not in found:
        yield runner.says(
            f"The cloud identity trusts {listed(found) or 'nobody'}; the jobs of {runner.name} run as `{expected}`",
            at=runner.fact.origin(("trusts",)),
            advice=f"Let the role's policy, the federated credential or the member name `{expected}`, the account "
            "of the jobs and not of the runner.",
        )


RULES = (
    Rule(
        id="R104",
        title="A runner and its chart agree",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RUNNER_INSTALLS,
        check=_agreement,
    ),
    Rule(
        id="R106",
        title="An installed runner finds its chart, its key and its orchestrator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=RUNNER_INSTALLS,
        check=_completeness,
    ),
    Rule(
        id="R107",
        title="The cloud trusts the account that works in it",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=RUNNER_INSTALLS,
        check=_trust,
        also=(
            Part(RUNNER_INSTALLS, runner_is_annotated_for_its_cloud),
            Part(OPERATORS, operator_is_annotated_for_its_cloud),
        ),
    ),
)
