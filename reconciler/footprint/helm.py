"""Values of the vendor's charts and the command that installs them (agent and operator 2.5, v2 reference 11).

The private key is never a value here: the Agent's chart takes it from a file at the time of the command, the runner's
reads a Secret.
"""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from reconciler.facts.agent_installation import KEY_ENTRY, namespace_of
from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledAgent, InstalledRunner
from reconciler.facts.runner_installation import identity_annotation
from reconciler.facts.runner_installation import namespace_of as namespace_of_runner
from reconciler.footprint.agent import served_organizations
from reconciler.footprint.container import amounts, mirrored, repository_and_tag, unusable
from reconciler.footprint.metadata import NAME_LABEL, PART_LABEL, namespaces
from reconciler.footprint.runner import (
    own_variables,
    problem_of_runner,
    runner_account,
    runner_image,
    runner_secret,
)
from reconciler.footprint.value import Footprint, Handover, SecretEntry, Site, WorkloadKey
from reconciler.footprint.yaml_text import to_yaml
from reconciler.model.installation import AgentInstall, RunnerInstall
from reconciler.model.json import Json, JsonObject
from reconciler.model.runner import AgentRunner
from reconciler.vendor import agent, runner
from reconciler.vendor.quantity import canonical

KEY_VALUE = ("humanitec", "privateKey")
"""The value of both charts that takes the private key itself."""
_WITHOUT_VALUE = (
    "replicas",
    "resources",
    "imagePullSecrets",
    "env",
    "networkPolicy",
    "connectionIdFromPod",
)
"""Fields of an Agent for which no value of its chart is documented."""


@dataclass(frozen=True, slots=True)
class Release:
    """A chart as it is installed. `version` is "" for whatever is newest; `namespaces` exist before it."""

    name: str
    namespace: str
    chart: str
    version: str
    values: JsonObject
    namespaces: tuple[JsonObject, ...]
    key: SecretEntry | None
    """Secret with the private key, None if none is declared."""
    takes_key: bool = False
    """True if the chart must be given the key itself, as a value."""
    pull_secret: str = ""
    deployment: str = ""
    """Deployment that the chart makes, "" if it has the name of the release."""
    secret_commands: tuple[str, ...] = ()
    """Commands that make the Secret with the key, which a person has."""
    brings_kinds: bool = False
    """True if the chart contains definitions of kinds."""
    removal_guard: str = ""
    """What is to succeed before it is removed, up to the `&&`."""


def agent_release(installed: InstalledAgent, site: Site) -> Release | str:
    """The release of an Agent, or why there is none."""
    install = installed.install
    organizations = served_organizations(installed, site)
    namespace = namespace_of(install)
    problems = (*_of_names(install, namespace), *_of_agent(install, organizations))
    if problems:
        return problems[0]
    repository, tag = repository_and_tag(mirrored(install.image or agent.IMAGE, install.registry))
    values: dict[str, Json] = {"humanitec": {"org": organizations[0]}}
    if install.image is not None:
        values["image"] = {"repository": repository, "tag": tag}
    elif install.registry is not None:
        values["image"] = {"repository": repository}
    security = install.podSecurity
    if security is not None and security.runAsUser is not None:
        user = security.runAsUser
        values["podSecurityContext"] = {
            "runAsUser": user,
            "runAsGroup": user if security.runAsGroup is None else security.runAsGroup,
            "fsGroup": user if security.fsGroup is None else security.fsGroup,
        }
    key = install.privateKey
    named = None if key is None or key.secretName is None else key.secretName
    secret = (
        None if named is None or key is None else SecretEntry(namespace, named, key.secretKey or KEY_ENTRY)
    )
    return Release(
        site.name,
        namespace,
        mirrored(agent.CHART, install.registry),
        install.chartVersion or "",
        merged(values, install.helmValues or {}),
        tuple(namespaces((namespace,), install.namespaceLabels or {}, site)),
        secret,
        # That this chart can read a Secret is not documented; who sets the value knows.
        takes_key=dig(install.helmValues, "humanitec", "existingSecret") is None,
    )


def runner_release(installed: InstalledRunner, site: Site) -> Release | str:
    """The release of a runner, or why there is none."""
    install, configuration = installed.install, installed.runner.document.spec.runner_configuration
    if not isinstance(configuration, AgentRunner):
        return f"runners of type `{configuration.type}` are not installed on a cluster"
    namespace, job, secret = namespace_of_runner(install), configuration.job, runner_secret(install)
    problems = (
        *_of_names(install, namespace),
        *filter(None, (problem_of_runner(install, job, site),)),
        *unusable("", {}, secret.name, secret.entry),
    )
    if problems:
        return problems[0]
    chart, version = _chart_of(install)
    identity = identity_annotation(install)
    account: dict[str, Json] = {"name": runner_account(install, site)}
    if identity is not None:
        account["annotations"] = {identity[1]: identity[2]}
    values: JsonObject = {
        "humanitec": _humanitec(installed, secret, site),
        "namespaceOverride": namespace,
        "serviceAccount": account,
        "jobsRbac": {"namespace": job.namespace, "serviceAccountName": job.service_account},
        **_optional_values(install),
    }
    return Release(
        site.name,
        namespace,
        chart,
        version,
        merged(values, install.helmValues or {}),
        tuple(namespaces((namespace, job.namespace), install.namespaceLabels or {}, site)),
        secret,
        pull_secret=(install.imagePullSecrets or ("",))[0],
    )


def _humanitec(installed: InstalledRunner, secret: SecretEntry, site: Site) -> JsonObject:
    install = installed.install
    found: dict[str, Json] = {
        "orgId": site.organizations[0],
        "runnerId": installed.id,
        "existingSecret": secret.name,
    }
    if secret.entry != KEY_ENTRY:
        found["existingSecretKey"] = secret.entry
    if install.logLevel is not None:
        found["logLevel"] = install.logLevel
    variables = own_variables(install)
    if variables:
        found["extraEnvVars"] = [{"name": name, "value": value} for name, value in variables.items()]
    return found


def _optional_values(install: RunnerInstall) -> JsonObject:
    found: dict[str, Json] = {}
    if install.replicas is not None:
        found["replicaCount"] = install.replicas
    if install.image is not None or install.registry is not None:
        repository, tag = repository_and_tag(
            runner_image(install) or mirrored(runner.REPOSITORY, install.registry)
        )
        found["image"] = {"repository": repository, **({"tag": tag} if tag else {})}
    if install.imagePullSecrets:
        found["imagePullSecrets"] = [{"name": name} for name in install.imagePullSecrets]
    if install.resources is not None:
        declared = (("limits", install.resources.limits), ("requests", install.resources.requests))
        found["resources"] = {
            name: {resource: canonical(amount) for resource, amount in amounts(given).items()}
            for name, given in declared
            if given is not None
        }
    return found


def _chart_of(install: RunnerInstall) -> tuple[str, str]:
    """Location of a runner's chart without its version, and the version, "" if none is declared."""
    folder, slash, last = (install.chart or mirrored(runner.CHART, install.registry)).rpartition("/")
    name, _, version = last.partition(":")
    return f"{folder}{slash}{name}", install.chartVersion or version


def _of_names(install: AgentInstall | RunnerInstall, namespace: str) -> Iterator[str]:
    yield from unusable(install.image or "", {"namespace": namespace}, "name", "entry")
    if install.image is not None and "@" in install.image:
        yield "the chart takes an image by its tag, and `image` has a digest"
    if dig(install.helmValues, *KEY_VALUE) is not None:
        yield f"`helmValues` contains the private key (`{'.'.join(KEY_VALUE)}`)"


def _of_agent(install: AgentInstall, organizations: tuple[str, ...]) -> Iterator[str]:
    if not organizations:
        yield "no organization is known: list it in `orgs`, or add the file to a target"
    if len(organizations) > 1:
        listed = ", ".join(f"`{name}`" for name in organizations)
        yield (
            f"it serves {listed}, and the chart takes one organization (whether it takes several is not documented); "
            "use `method: manifests`"
        )
    for field in _WITHOUT_VALUE:
        if getattr(install, field) not in (None, False):
            yield f"no value of the chart is documented for `{field}`; use `helmValues`, or `method: manifests`"


def helm_handover(release: Release, file: str, wait_s: int) -> Handover:
    """Values file and commands. The command of an Agent reads the key from `private_key.pem`, made of its Secret.

    A runner's Secret, and those for pulling images, must exist before.
    """
    file_of_key = f"{KEY_ENTRY}.pem"
    words = [
        "helm",
        "upgrade",
        "--install",
        release.name,
        release.chart,
        "--namespace",
        release.namespace,
        "--create-namespace",
        *(("--version", release.version) if release.version else ()),
        "--values",
        file,
        *(("--set-file", f"{'.'.join(KEY_VALUE)}={file_of_key}") if release.takes_key else ()),
        "--wait",
        "--timeout",
        f"{wait_s}s",
    ]
    deployment = shlex.join(
        [
            *("kubectl", "rollout", "status", f"deployment/{release.deployment or release.name}"),
            *("--namespace", release.namespace),
        ]
    )
    return Handover(
        files=((file, to_yaml(release.values)), *_namespace_files(release)),
        # The namespace of the Secret has to be there first.
        secret=(*_namespace_commands(release), *release.secret_commands) if release.secret_commands else (),
        install=(*_namespace_commands(release), *_around_key(release, file_of_key, shlex.join(words))),
        check=(deployment,),
        remove=(
            release.removal_guard
            + shlex.join(["helm", "uninstall", release.name, "--namespace", release.namespace]),
        ),
    )


def _around_key(release: Release, file: str, command: str) -> tuple[str, ...]:
    """The command, with the key read from its Secret before and removed after, if the chart takes it from a file."""
    if not release.takes_key or release.key is None:
        return (command,)
    template = f'{{{{index .data "{release.key.entry}" | base64decode}}}}'
    read = shlex.join(
        [
            "kubectl",
            "get",
            "secret",
            release.key.name,
            "--namespace",
            release.namespace,
            "--output",
            f"go-template={template}",
        ]
    )
    return f"(umask 077; {read} > {file})", command, f"rm {file}"


def _namespace_files(release: Release) -> tuple[tuple[str, str], ...]:
    return tuple((f"{_name(body)}.namespace.yaml", to_yaml(body)) for body in release.namespaces)


def _namespace_commands(release: Release) -> tuple[str, ...]:
    return tuple(
        shlex.join(["kubectl", "apply", "--server-side", "--filename", name])
        for name, _ in _namespace_files(release)
    )


def _name(body: JsonObject) -> str:
    return str(dig(body, "metadata", "name"))


def with_release(found: Footprint, release: Release, product: str) -> Footprint:
    """The footprint with what is known of the objects that the chart makes; its labels are those of most charts."""
    selector = {NAME_LABEL: product, PART_LABEL: release.name}
    return replace(
        found,
        secrets=() if release.key is None else (release.key,),
        workload=WorkloadKey(release.namespace, release.name, selector, product),
    )


def merged(values: Mapping[str, Json], over: Mapping[str, Json]) -> JsonObject:
    """Values with others over them: mappings are merged, anything else is replaced, as Helm does.

    >>> merged({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}, "d": [4]})
    {'a': {'b': 3, 'c': 2}, 'd': [4]}
    """
    found: JsonObject = dict(values)
    for name, value in over.items():
        below = found.get(name)
        both = isinstance(below, dict) and isinstance(value, dict)
        found[name] = merged(below, value) if both else value  # type: ignore[arg-type]  # both are mappings
    return found
