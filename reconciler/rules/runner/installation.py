"""Rules about installed runners (compatibility rules, Runner): R104, R106, R107."""

from collections.abc import Iterator

from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledRunner
from reconciler.facts.pattern import is_open
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.installation import RunnerInstall
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.runner import AgentRunner
from reconciler.model.unseen import untold
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side

CHART = "humanitec-kubernetes-agent-runner"
REMOTE_URL = "REMOTE_URL"
PRIVATE_KEY_ENTRY = "private_key"


def _agent_runners(scope: Scope) -> Iterator[tuple[InstalledRunner, AgentRunner]]:
    for installed in scope.runner_installs:
        configuration = installed.runner.document.spec.runner_configuration
        if isinstance(configuration, AgentRunner):
            yield installed, configuration


def _agreement(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed, configuration in _agent_runners(scope):
        values = installed.install.helmValues
        job = configuration.job
        compared: tuple[tuple[tuple[str, ...], str | None, str], ...] = (
            (("jobsRbac", "namespace"), job.namespace, "job.namespace"),
            (("jobsRbac", "serviceAccountName"), job.service_account, "job.service_account"),
            (("namespaceOverride",), installed.install.namespace, "the release namespace"),
        )
        for path, expected, named in compared:
            found = dig(values, *path)
            if _is_other(found, expected):
                yield Finding(
                    "R104",
                    Severity.ERROR,
                    f"Runner `{installed.id}` and its chart disagree: `{'.'.join(path)}` is `{found}`, {named} is "
                    f"`{expected}`",
                    installed.origin(("helmValues", *path)),
                    key=scope.key(Kind.RUNNER, installed.id),
                    advice=f"Make both `{expected}`.",
                )


def _is_other(found: Json, expected: str | None) -> bool:
    """Empty text is the chart's default, which follows the release."""
    return isinstance(found, str) and found != "" and expected is not None and found != expected


def _completeness(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed, _ in _agent_runners(scope):
        for path, problem, advice in _problems(installed.install):
            yield Finding(
                "R106",
                Severity.ERROR,
                f"Runner `{installed.id}`: {problem}",
                installed.origin(path),
                key=scope.key(Kind.RUNNER, installed.id),
                advice=advice,
            )
        yield from _secret_on_cluster(scope, installed)


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
    if install.selfHosted and not _has_remote_url(install):
        yield (
            ("selfHosted",),
            f"the orchestrator is self-hosted and `{REMOTE_URL}` is not set",
            f"Set `{REMOTE_URL}` in `env` to the base URL of its API.",
        )


def _entry(install: RunnerInstall) -> str:
    named = dig(install.helmValues, "humanitec", "existingSecretKey")
    return named if isinstance(named, str) and named else PRIVATE_KEY_ENTRY


def _has_remote_url(install: RunnerInstall) -> bool:
    if REMOTE_URL in (install.env or {}):
        return True
    variables = dig(install.helmValues, "humanitec", "extraEnvVars")
    return isinstance(variables, list) and any(dig(entry, "name") == REMOTE_URL for entry in variables)


def _secret_on_cluster(scope: Scope, installed: InstalledRunner) -> Iterator[Finding | Unknown]:
    install = installed.install
    name = (
        install.privateKey.secretName
        if install.privateKey
        else dig(install.helmValues, "humanitec", "existingSecret")
    )
    if not isinstance(name, str) or install.namespace is None:
        return
    state = None if install.cluster is None else scope.cluster_state(install.cluster)
    if state is None or not state.has_read_secrets:
        where = scope.unseen(install.cluster) if install.cluster else untold("its cluster is not declared")
        yield Unknown("R106", f"whether the Secret of runner `{installed.id}` holds its key: {where}", where)
        return
    secret = state.secret(install.namespace, name)
    entry = _entry(install)
    if secret is not None and entry in secret.entries:
        return
    problem = "is not there" if secret is None else f"has no entry `{entry}`"
    yield Finding(
        "R106",
        Severity.ERROR,
        f"Runner `{installed.id}`: Secret `{name}` in namespace `{install.namespace}` {problem}",
        installed.origin(("privateKey",)),
        key=scope.key(Kind.RUNNER, installed.id),
        advice=f"Create it in namespace `{install.namespace}` with the private key under `{entry}`.",
    )


def _trust(scope: Scope) -> Iterator[Finding | Unknown]:
    for installed, configuration in _agent_runners(scope):
        trusted = installed.install.trusts
        job = configuration.job
        expected = f"{job.namespace}/{job.service_account}"
        if trusted is None:
            continue
        found = [f"{identity.namespace}/{identity.serviceAccount}" for identity in trusted]
        if expected not in found:
            yield Finding(
                "R107",
                Severity.ERROR,
                f"The cloud identity trusts {listed(found) or 'nobody'}; the jobs of runner `{installed.id}` run as "
                f"`{expected}`",
                installed.origin(("trusts",)),
                key=scope.key(Kind.RUNNER, installed.id),
                advice=f"Let the role's policy, the federated credential or the member name `{expected}`, the "
                "account of the jobs and not of the runner.",
            )


RULES = (
    Rule(
        id="R104",
        title="A runner and its chart agree",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_agreement,
    ),
    Rule(
        id="R106",
        title="An installed runner finds its chart, its key and its orchestrator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=SCOPE,
        check=_completeness,
    ),
    Rule(
        id="R107",
        title="The cloud trusts the account of the jobs",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_trust,
    ),
)
