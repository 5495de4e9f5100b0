"""The objects of a kubernetes-agent runner, as the vendor's chart and guide make them (v2 reference 10 to 12).

The Secret is only referred to. The roles are in the namespace of the jobs, under the names of the accounts.
"""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.facts.installed import InstalledRunner
from reconciler.facts.runner_installation import account_of, identity_annotation, key_secret, namespace_of
from reconciler.footprint.container import mirrored, pull_secrets, resources, unusable
from reconciler.footprint.metadata import namespaces, owned, selector
from reconciler.footprint.value import Footprint, SecretEntry, Site, WorkloadKey, without_none
from reconciler.model.installation import RunnerInstall
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.runner import AgentRunner, Job
from reconciler.vendor import agent, runner
from reconciler.vendor.kubernetes_name import ENTRY

_GROUP = "rbac.authorization.k8s.io"


def runner_footprint(installed: InstalledRunner, site: Site) -> Footprint:
    """Objects of one installation: namespaces, accounts with their roles, ConfigMap, Deployment."""
    install, configuration = installed.install, installed.runner.document.spec.runner_configuration
    namespace, secret, found = namespace_of(install), runner_secret(install), begin_runner(installed, site)
    if not isinstance(configuration, AgentRunner):
        return found.refused(f"runners of type `{configuration.type}` are not installed on a cluster")
    problems = unusable(found.image, {"namespace": namespace}, secret.name, secret.entry)
    problem = (
        next(problems, "")
        or problem_of_runner(install, configuration.job, site)
        or _problem_of_objects(install)
    )
    if problem:
        return found.refused(problem)
    labels = selector(runner.NAME, site)
    spaces = (namespace, configuration.job.namespace)
    return replace(
        found,
        objects=(
            *namespaces(spaces, install.namespaceLabels or {}, site),
            *_accounts(install, configuration.job, labels, site),
            _config_map(installed, labels, site),
            _deployment(install, labels, site),
        ),
        workload=WorkloadKey(namespace, site.name, {n: str(v) for n, v in labels.items()}, runner.NAME),
    )


def begin_runner(installed: InstalledRunner, site: Site) -> Footprint:
    """What is known of a runner's footprint, whoever installs it."""
    install = installed.install
    return Footprint(
        site.installation,
        site.cluster,
        site.delivery,
        installed.origin(),
        secrets=(runner_secret(install),),
        pull_secrets=install.imagePullSecrets or (),
        image=runner_image(install),
        wait_s=agent.WAIT_S if install.waitSeconds is None else install.waitSeconds,
    )


def runner_secret(install: RunnerInstall) -> SecretEntry:
    """Entry of the Secret that the runner reads: the declared one, else that of the guide."""
    return SecretEntry(namespace_of(install), *key_secret(install))


def runner_image(install: RunnerInstall) -> str:
    """Image of the runner, "" if none is declared: no source names a version."""
    return "" if install.image is None else mirrored(install.image, install.registry)


def runner_account(install: RunnerInstall, site: Site) -> str:
    """ServiceAccount of the runner itself; the default one follows the names of the installation."""
    found = account_of(install)
    return site.name if found == runner.NAME and install.serviceAccount is None else found


def problem_of_runner(install: RunnerInstall, job: Job, site: Site) -> str:
    """Why a runner cannot be installed, whoever installs it; "" if it can."""
    account = runner_account(install, site)
    if account == job.service_account:
        return (
            f"the runner and its jobs have the same account `{account}`; the roles of the two have the names of the "
            "accounts, so they must differ"
        )
    if len(site.organizations) != 1:
        listed = ", ".join(f"`{name}`" for name in site.organizations) or "none"
        return f"a runner polls one organization, and its file belongs to {listed}"
    return ""


def _problem_of_objects(install: RunnerInstall) -> str:
    if runner.PRIVATE_KEY in own_variables(install):
        return f"`env.{runner.PRIVATE_KEY}` is the private key; it comes from a Secret alone (`privateKey`)"
    wrong = next((name for name in own_variables(install) if ENTRY.problem(name)), None)
    if wrong is not None:
        return f"`env` has a variable `{wrong}`; a name has {ENTRY.form}"
    if install.image is None:
        return f"no image is set; use a version of `{runner.REPOSITORY}`"
    if install.helmValues is not None or install.chart is not None or install.chartVersion is not None:
        return f"chart and Helm values have no effect with `delivery: {install.delivery}`"
    return ""


def own_variables(install: RunnerInstall) -> dict[str, str]:
    """Variables of the container in addition to those of the ConfigMap and the key."""
    found = dict(install.env or {})
    if install.orchestratorUrl is not None:
        found.setdefault(runner.REMOTE_URL, install.orchestratorUrl)
    return found


def _accounts(install: RunnerInstall, job: Job, labels: JsonObject, site: Site) -> list[JsonObject]:
    """Accounts, then roles, then bindings: each kind needs the ones before it.

    The chart puts the cloud's annotation on both accounts; the cloud trusts that of the jobs.
    """
    own, namespace = runner_account(install, site), namespace_of(install)
    subjects = (
        (own, namespace, runner.rules_of_runner()),
        (job.service_account, job.namespace, runner.rules_of_jobs()),
    )
    identity = identity_annotation(install)
    annotations = {} if identity is None else {identity[1]: identity[2]}
    return [
        *(_account(name, space, annotations, labels, site) for name, space, _ in subjects),
        *(_role(name, job.namespace, rules, labels, site) for name, _, rules in subjects),
        *(_binding(name, space, job.namespace, labels, site) for name, space, _ in subjects),
    ]


def _account(
    name: str, namespace: str, annotations: Mapping[str, str], labels: JsonObject, site: Site
) -> JsonObject:
    body = owned(Kind.SERVICE_ACCOUNT, name, namespace, labels, site)
    metadata = body["metadata"]
    if isinstance(metadata, dict) and isinstance(metadata["annotations"], dict):
        metadata["annotations"].update(annotations)
    return {**body, "automountServiceAccountToken": True}


def _role(name: str, namespace: str, rules: list[JsonObject], labels: JsonObject, site: Site) -> JsonObject:
    return {**owned(Kind.ROLE, name, namespace, labels, site), "rules": [*rules]}


def _binding(name: str, of_account: str, namespace: str, labels: JsonObject, site: Site) -> JsonObject:
    return {
        **owned(Kind.ROLE_BINDING, name, namespace, labels, site),
        "roleRef": {"apiGroup": _GROUP, "kind": str(Kind.ROLE), "name": name},
        "subjects": [{"kind": str(Kind.SERVICE_ACCOUNT), "name": name, "namespace": of_account}],
    }


def _config_map(installed: InstalledRunner, labels: JsonObject, site: Site) -> JsonObject:
    install = installed.install
    return {
        **owned(Kind.CONFIG_MAP, site.name, namespace_of(install), labels, site),
        "data": {
            runner.ORGANIZATION: site.organizations[0],
            runner.RUNNER: installed.id,
            runner.LOG_LEVEL: install.logLevel or "info",
        },
    }


def _deployment(install: RunnerInstall, labels: JsonObject, site: Site) -> JsonObject:
    template: JsonObject = {"metadata": {"labels": dict(labels)}, "spec": _pod(install, site)}
    return {
        **owned(Kind.DEPLOYMENT, site.name, namespace_of(install), labels, site),
        "spec": {
            "replicas": 1 if install.replicas is None else install.replicas,
            "selector": {"matchLabels": dict(labels)},
            "template": template,
        },
    }


def _pod(install: RunnerInstall, site: Site) -> JsonObject:
    secret = runner_secret(install)
    key: JsonObject = {
        "name": runner.PRIVATE_KEY,
        "valueFrom": {"secretKeyRef": {"name": secret.name, "key": secret.entry}},
    }
    # The last of several with one name counts, and all of them come before the ConfigMap.
    more: list[Json] = [{"name": name, "value": value} for name, value in own_variables(install).items()]
    container: JsonObject = {
        "name": runner.NAME,
        "image": runner_image(install),
        "imagePullPolicy": "IfNotPresent",
        "command": list(runner.COMMAND),
        "args": list(runner.ARGUMENTS),
        "resources": resources(install.resources, runner.REQUESTS, runner.LIMITS),
        "securityContext": runner.container_security_context(),
        "env": [key, *more],
        "envFrom": [{"configMapRef": {"name": site.name}}],
    }
    return without_none(
        (
            ("serviceAccountName", runner_account(install, site)),
            ("securityContext", runner.pod_security_context()),
            ("imagePullSecrets", pull_secrets(install.imagePullSecrets)),
            ("containers", [container]),
        )
    )
