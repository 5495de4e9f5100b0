"""Rules about installed runners (compatibility rules, Runner): R104, R106, R107."""

from collections.abc import Iterator

from reconciler.facts.agent_manifest import DEPLOYMENT
from reconciler.facts.declared_runner import CONTAINERS, JOB, MAIN
from reconciler.facts.definition import dig, items
from reconciler.facts.delivery import has_known_maker
from reconciler.facts.installed import InstalledRunner
from reconciler.facts.key_place import runner_secret
from reconciler.facts.pattern import is_filled_in, is_open
from reconciler.facts.runner_installation import account_of, is_by_chart, namespace_of, remote_url
from reconciler.model.finding import Severity
from reconciler.model.installation import RunnerInstall
from reconciler.model.json import Json, Path
from reconciler.model.origin import Origin
from reconciler.model.runner import AgentRunner
from reconciler.model.unseen import unspecified
from reconciler.model.wording import listed
from reconciler.rules.over import OPERATORS, RUNNER_INSTALLS
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.runner.cloud_annotation import (
    operator_is_annotated_for_its_cloud,
    runner_is_annotated_for_its_cloud,
)
from reconciler.rules.subject import Subject

CHART = "humanitec-kubernetes-agent-runner"
PUBLIC_IMAGES = "ghcr.io/humanitec/"
REMOTE_URL = "REMOTE_URL"
PRIVATE_KEY_ENTRY = "private_key"


def _agreement(runner: Subject[InstalledRunner]) -> Iterator[Answer]:
    install, configuration = runner.fact.install, runner.fact.runner.document.spec.runner_configuration
    if not isinstance(configuration, AgentRunner):
        return
    is_made = _is_made(runner)
    # Missing values are then made from the fields of the document.
    if install.helmValues is None and not is_made:
        why = (
            "the chart's values are not declared"
            if is_by_chart(install)
            else "nothing declares who installs it (`delivery`), or the values of a chart"
        )
        yield runner.doubts(f"whether {runner.name} is installed as it is declared", unspecified(why))
    for path, expected, named, place in _same(runner, configuration):
        found, at = dig(install.helmValues, *path), runner.fact.origin(("helmValues", *path))
        if not isinstance(found, str) or found in (
            "",
            expected,
        ):  # empty is the chart's default, which follows the release
            continue
        if expected is None or is_filled_in(found) or is_filled_in(expected):
            yield runner.doubts(
                f"whether `{'.'.join(path)}` of {runner.name} is {named}",
                unspecified(f"one of them is not declared, or is filled in later ({at})"),
            )
        else:
            yield runner.says(
                f"Runner `{runner.fact.id}` and its chart disagree: `{'.'.join(path)}` is `{found}`, {named} is "
                f"`{expected}`",
                at=at,
                others=(place,),
                advice=f"Make both `{expected}`.",
            )
    if install.helmValues is not None or is_made or install.serviceAccount is not None:
        yield from _accounts_apart(runner, configuration)


def _is_made(runner: Subject[InstalledRunner]) -> bool:
    install = runner.fact.install
    return has_known_maker(install, runner.scope.cluster_facts(install.cluster))


def _same(
    runner: Subject[InstalledRunner], configuration: AgentRunner
) -> Iterator[tuple[tuple[str, ...], str | None, str, Origin]]:
    """Path of each chart value, its expected value, and the name and place of that."""
    declared, scope = runner.fact.runner, runner.scope
    organization = scope.settings.origin("targets", scope.target, "organization")
    yield ("humanitec", "orgId"), scope.organization, "the organization", organization
    yield ("humanitec", "runnerId"), runner.fact.id, "the runner's id", declared.origin(("metadata", "id"))
    job = configuration.job
    yield ("jobsRbac", "namespace"), job.namespace, "job.namespace", declared.origin((*JOB, "namespace"))
    account = declared.origin((*JOB, "service_account"))
    yield ("jobsRbac", "serviceAccountName"), job.service_account, "job.service_account", account
    release = runner.fact.origin(("namespace",))
    yield ("namespaceOverride",), runner.fact.install.namespace, "the release namespace", release


def _accounts_apart(runner: Subject[InstalledRunner], configuration: AgentRunner) -> Iterator[Answer]:
    """Chart and footprint name a Role after each account, both in the namespace of the jobs (v2 reference 10)."""
    install, account = runner.fact.install, configuration.job.service_account
    values = install.helmValues
    place = (
        ("helmValues", "serviceAccount", "name") if install.serviceAccount is None else ("serviceAccount",)
    )
    if (
        account == account_of(install)
        and dig(values, "rbac", "create") is not False
        and dig(values, "jobsRbac", "create") is not False
    ):
        yield runner.says(
            f"The jobs of {runner.name} use the account of the runner itself, `{account}`: there would be two roles of "
            "that name in one namespace",
            at=runner.fact.runner.origin((*JOB, "service_account")),
            others=(runner.fact.origin(place),),
            advice="Give the jobs their own account, such as `humanitec-kubernetes-agent-runner-job`.",
        )


def _is_other(found: Json, expected: str | None) -> bool:
    return isinstance(found, str) and found != "" and expected is not None and found != expected


def _completeness(runner: Subject[InstalledRunner]) -> Iterator[Answer]:
    installed, install = runner.fact, runner.fact.install
    if not isinstance(installed.runner.document.spec.runner_configuration, AgentRunner):
        return
    entry = _entry(install, is_made=_is_made(runner))
    for path, problem, advice in _problems(install, entry):
        yield runner.says(f"Runner `{installed.id}`: {problem}", at=installed.origin(path), advice=advice)
    for path, problem, advice in _public_jobs(installed):
        message = f"Runner `{installed.id}`: {problem}"
        yield runner.says(message, at=installed.origin(path), advice=advice, severity=Severity.WARNING)
    name = runner_secret(installed)
    namespace = install.namespace if install.delivery is None else namespace_of(install)
    if name is None or namespace is None:
        return
    secret = runner.seen.secret(install.cluster, namespace, name)
    if secret is not None and entry not in secret.entries:
        problem = f"has no entry `{entry}`"
    elif secret is None and _is_read(runner, namespace, name):
        problem = "does not exist, although a Deployment there reads it"
    else:
        problem = ""  # before the installation, the Secret is what it waits for
    if problem:
        yield runner.says(
            f"Runner `{installed.id}`: Secret `{name}` in namespace `{namespace}` {problem}",
            at=installed.origin(("privateKey",)),
            advice=f"Create it in namespace `{namespace}` with the private key as entry `{entry}`.",
        )


def _is_read(runner: Subject[InstalledRunner], namespace: str, secret: str) -> bool:
    """True if a Deployment in the namespace names the Secret in a variable or a volume."""
    deployments = runner.seen.objects(runner.fact.install.cluster, *DEPLOYMENT)
    pods = [dig(one.body, "spec", "template", "spec") for one in deployments if one.namespace == namespace]
    containers = [one for pod in pods for one in items(dig(pod, "containers"))]
    variables = [one for container in containers for one in items(dig(container, "env"))]
    sources = [one for container in containers for one in items(dig(container, "envFrom"))]
    volumes = [one for pod in pods for one in items(dig(pod, "volumes"))]
    return secret in (
        *(dig(one, "valueFrom", "secretKeyRef", "name") for one in variables),
        *(dig(one, "secretRef", "name") for one in sources),
        *(dig(one, "secret", "secretName") for one in volumes),
    )


def _problems(install: RunnerInstall, entry: str) -> Iterator[tuple[Path, str, str]]:
    chart = "" if install.chart is None else install.chart.rstrip("/").rsplit("/", 1)[-1].partition(":")[0]
    if chart and not is_open(chart) and chart != CHART:
        yield (
            ("chart",),
            f"the chart is called `{chart}`",
            f"Keep the name `{CHART}` in a mirrored registry; the guide and the Terraform module use it.",
        )
    secret = install.privateKey
    if secret is not None and secret.secretKey != entry:
        yield (
            ("privateKey", "secretKey"),
            f"the Secret's entry is `{secret.secretKey}`, but the chart reads `{entry}`",
            "Use the name that the chart reads, or set `humanitec.existingSecretKey`.",
        )
    if secret is not None and _is_other(secret.namespace, install.namespace):
        yield (
            ("privateKey", "namespace"),
            f"the Secret is in namespace `{secret.namespace}`, but the runner runs in `{install.namespace}`",
            f"Create the Secret in namespace `{install.namespace}`.",
        )
    named = dig(install.helmValues, "humanitec", "existingSecret")
    if secret is not None and isinstance(named, str) and named != secret.secretName:
        yield (
            ("helmValues", "humanitec", "existingSecret"),
            f"the chart reads Secret `{named}`, but the key is in `{secret.secretName}`",
            f"Set `humanitec.existingSecret` to `{secret.secretName}`.",
        )
    variables = [dig(entry, "name") for entry in items(dig(install.helmValues, "humanitec", "extraEnvVars"))]
    if install.selfHosted and remote_url(install) is None and REMOTE_URL not in variables:
        yield (
            ("selfHosted",),
            f"the orchestrator is self-hosted but `{REMOTE_URL}` is not set",
            "Set `orchestratorUrl` to the base URL of its API.",
        )


def _public_jobs(installed: InstalledRunner) -> Iterator[tuple[Path, str, str]]:
    """Problem where the runner comes from a mirror but its jobs from the public registry (v2 reference 11.4)."""
    install = installed.install
    path: Path = ("helmValues", "image", "repository")
    image = dig(install.helmValues, "image", "repository")
    if install.image is not None or install.registry is not None:
        path = ("image",) if install.registry is None else ("registry",)
        image = install.registry or install.image
    if not isinstance(image, str) or not image or is_filled_in(image) or PUBLIC_IMAGES in image:
        return
    containers = items(dig(installed.runner.raw, *CONTAINERS))
    job = next((dig(one, "image") for one in containers if dig(one, "name") == MAIN), None)
    if not job or (isinstance(job, str) and PUBLIC_IMAGES in job):
        yield (
            path,
            f"its image comes from `{image}`, but that of its jobs from the public registry",
            f"Set the mirrored `image` of container `{MAIN}` in `job.pod_template`, and `imagePullSecrets`.",
        )


def _entry(install: RunnerInstall, *, is_made: bool) -> str:
    """Entry that the runner reads. Without the chart, its objects are made with the declared one."""
    if install.privateKey is not None and not is_by_chart(install) and is_made:
        return install.privateKey.secretKey
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
            f"The cloud identity trusts {listed(found) or 'no account'}, but the jobs of {runner.name} run as "
            f"`{expected}`",
            at=runner.fact.origin(("trusts",)),
            others=(runner.fact.runner.origin(JOB),),
            advice=f"Name `{expected}`, the account of the jobs and not of the runner, in the role's policy, the "
            "federated credential or the member.",
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
        title="An installed runner can find its chart, key and orchestrator",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.CLUSTER),
        over=RUNNER_INSTALLS,
        check=_completeness,
    ),
    Rule(
        id="R107",
        title="The cloud trusts the account that uses it",
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
