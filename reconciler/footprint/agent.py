"""The objects of an Agent, as in the vendor's manifests (agent and operator 2.4) with the changes of its document.

Several of one namespace get names that end with their ids. The Secret is only referred to.
"""

import posixpath
from dataclasses import replace

from reconciler.facts.agent_installation import (
    AGENT,
    CONNECTION_ID,
    KEY_ENTRY,
    KEY_FILE,
    KEY_SECRET,
    ORGS,
    PRIVATE_KEY_FILE,
    namespace_of,
    organizations_served,
)
from reconciler.facts.file_mode import mode_of
from reconciler.facts.installed import InstalledAgent
from reconciler.footprint.container import mirrored, pull_secrets, resources, unusable
from reconciler.footprint.metadata import namespaces, owned, selector
from reconciler.footprint.value import Footprint, SecretEntry, Site, WorkloadKey, without_none
from reconciler.model.installation import AgentInstall, MountedKey, PodSecurity
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.vendor import agent
from reconciler.vendor.kubernetes_name import ENTRY

_SCC_ANNOTATION = "openshift.io/required-scc"
"""OpenShift 4.11 and later: the constraint that must admit the pod (OpenShift documentation, Managing SCCs)."""
_ONLY_OWNER = 0o600
_DNS = 53
_HTTPS = 443


def agent_footprint(installed: InstalledAgent, site: Site) -> Footprint:
    """Objects of one installation on a cluster: Namespace, ConfigMap, perhaps a NetworkPolicy, Deployment."""
    install, found = installed.install, begin_agent(installed, site)
    namespace, secret = namespace_of(install), agent_secret(install)
    problems = unusable(found.image, {"namespace": namespace}, secret.name, secret.entry)
    problem = next(problems, "") or _problem_of_path(install) or problem_of_agent(installed, site)
    if problem:
        return found.refused(problem)
    labels = selector(AGENT, site)
    policies = (_network_policy(namespace, labels, site),) if install.networkPolicy else ()
    shared = {**{name: str(value) for name, value in labels.items()}, **(install.namespaceLabels or {})}
    return replace(
        found,
        objects=(
            *namespaces((namespace,), shared, site),
            _config_map(installed, labels, site),
            *policies,
            _deployment(installed, labels, site),
        ),
        workload=WorkloadKey(namespace, site.name, {n: str(v) for n, v in labels.items()}, AGENT),
    )


def begin_agent(installed: InstalledAgent, site: Site) -> Footprint:
    """What is known of an Agent's footprint, whoever installs it."""
    install = installed.install
    return Footprint(
        site.installation,
        site.cluster,
        site.delivery,
        installed.origin(),
        secrets=(agent_secret(install),),
        pull_secrets=install.imagePullSecrets or (),
        image=agent_image(install),
        wait_s=agent.WAIT_S if install.waitSeconds is None else install.waitSeconds,
        organizations=served_by(installed, site),
    )


def served_by(installed: InstalledAgent, site: Site) -> tuple[str, ...]:
    """Organizations in `ORGS`."""
    return organizations_served(installed) or site.organizations


def agent_secret(install: AgentInstall) -> SecretEntry:
    """Entry of the Secret that is mounted: the declared one, else the vendor's."""
    key = install.privateKey or MountedKey()
    return SecretEntry(namespace_of(install), key.secretName or KEY_SECRET, key.secretKey or KEY_ENTRY)


def agent_image(install: AgentInstall) -> str:
    """Image that runs: the declared one, else that of the vendor's manifest, perhaps from another registry."""
    return mirrored(install.image or agent.IMAGE, install.registry)


def variables(installed: InstalledAgent, site: Site) -> dict[str, str]:
    """Environment variables of the container, without what each pod sets itself. The document's own come last."""
    install = installed.install
    found = {ORGS: ",".join(served_by(installed, site)), **(install.env or {})}
    if key_path(install) != KEY_FILE:
        found.setdefault(PRIVATE_KEY_FILE, key_path(install))
    return found


def key_path(install: AgentInstall) -> str:
    """Absolute path of the key file in the container."""
    declared = None if install.privateKey is None else install.privateKey.path
    return declared or (install.env or {}).get(PRIVATE_KEY_FILE) or KEY_FILE


def served_organizations(installed: InstalledAgent, site: Site) -> tuple[str, ...]:
    """Organizations that the Agent connects to."""
    return tuple(filter(None, organizations_served(installed) or site.organizations))


def _problem_of_path(install: AgentInstall) -> str:
    path = key_path(install)
    folder, name = posixpath.split(path)
    if not path.startswith("/") or posixpath.normpath(path) != path or folder == "/" or not name:
        return (
            "`privateKey.path` must be an absolute path of a file in a folder of its own, such as `"
            + KEY_FILE
            + "`"
        )
    key = install.privateKey or MountedKey()
    if key.mode is not None and mode_of(key.mode) is None:
        return "`privateKey.mode` is not a mode of a file"
    wrong = next((name for name in install.env or {} if ENTRY.problem(name)), None)
    return "" if wrong is None else f"`env` has a variable `{wrong}`; a name has {ENTRY.form}"


def problem_of_agent(installed: InstalledAgent, site: Site) -> str:
    """Why an Agent cannot be installed, whoever installs it; "" if it can."""
    if served_organizations(installed, site):
        return ""
    return f"no organization is known for `{ORGS}`: list it in `orgs`, or add the file to a target"


def _config_map(installed: InstalledAgent, labels: JsonObject, site: Site) -> JsonObject:
    name = site.name + agent.CONFIG_MAP_SUFFIX
    data: JsonObject = dict(variables(installed, site))
    return {**owned(Kind.CONFIG_MAP, name, namespace_of(installed.install), labels, site), "data": data}


def _network_policy(namespace: str, labels: JsonObject, site: Site) -> JsonObject:
    return {
        **owned(Kind.NETWORK_POLICY, site.name, namespace, labels, site),
        "spec": {
            "podSelector": {"matchLabels": dict(labels)},
            "policyTypes": ["Ingress", "Egress"],
            "egress": [
                {"ports": [{"port": _HTTPS, "protocol": "TCP"}]},
                {"ports": [{"port": _DNS, "protocol": "UDP"}, {"port": _DNS, "protocol": "TCP"}]},
            ],
        },
    }


def _deployment(installed: InstalledAgent, labels: JsonObject, site: Site) -> JsonObject:
    install = installed.install
    constraint = None if install.podSecurity is None else install.podSecurity.securityContextConstraint
    template = without_none(
        (
            ("labels", dict(labels)),
            ("annotations", None if constraint is None else {_SCC_ANNOTATION: constraint}),
        )
    )
    spec = without_none(
        (
            ("replicas", install.replicas),
            ("selector", {"matchLabels": dict(labels)}),
            ("template", {"metadata": template, "spec": _pod(install, site)}),
        )
    )
    return {**owned(Kind.DEPLOYMENT, site.name, namespace_of(install), labels, site), "spec": spec}


def _pod(install: AgentInstall, site: Site) -> JsonObject:
    secret, (folder, file) = agent_secret(install), posixpath.split(key_path(install))
    mode = (
        None
        if install.privateKey is None or install.privateKey.mode is None
        else mode_of(install.privateKey.mode)
    )
    item: JsonObject = {"key": secret.entry, "path": file, "mode": _ONLY_OWNER if mode is None else mode}
    container = without_none(
        (
            ("name", AGENT),
            ("image", agent_image(install)),
            ("resources", resources(install.resources, agent.REQUESTS, agent.LIMITS)),
            ("securityContext", _container_security(install.podSecurity or PodSecurity())),
            ("env", _connection_id(install)),
            ("envFrom", [{"configMapRef": {"name": site.name + agent.CONFIG_MAP_SUFFIX}}]),
            ("volumeMounts", [{"name": agent.VOLUME, "mountPath": folder, "readOnly": True}]),
        )
    )
    return without_none(
        (
            ("securityContext", _pod_security(install.podSecurity or PodSecurity())),
            ("imagePullSecrets", pull_secrets(install.imagePullSecrets)),
            ("containers", [container]),
            (
                "volumes",
                [
                    {
                        "name": agent.VOLUME,
                        "projected": {"sources": [{"secret": {"name": secret.name, "items": [item]}}]},
                    }
                ],
            ),
        )
    )


def _connection_id(install: AgentInstall) -> list[Json] | None:
    """The variable that tells replicas apart; the container's own variables win over those of the ConfigMap."""
    is_wanted = install.connectionIdFromPod
    if is_wanted is None:
        is_wanted = CONNECTION_ID not in (install.env or {})
    return (
        [{"name": CONNECTION_ID, "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
        if is_wanted
        else None
    )


def _pod_security(declared: PodSecurity) -> JsonObject:
    """Security context of the pod. Groups follow a declared user: the three must agree with the image."""
    context = agent.pod_security_context()
    user = declared.runAsUser
    if user is None and declared.runAsNonRoot is False:
        del context["runAsUser"]
    wanted: JsonObject = {
        "runAsUser": user,
        "runAsGroup": user if declared.runAsGroup is None else declared.runAsGroup,
        "fsGroup": user if declared.fsGroup is None else declared.fsGroup,
        "runAsNonRoot": declared.runAsNonRoot,
    }
    context.update((name, value) for name, value in wanted.items() if value is not None)
    return context


def _container_security(declared: PodSecurity) -> JsonObject:
    context = agent.container_security_context()
    wanted: JsonObject = {
        "allowPrivilegeEscalation": declared.allowPrivilegeEscalation,
        "privileged": declared.privileged,
        "readOnlyRootFilesystem": declared.readOnlyRootFilesystem,
    }
    context.update((name, value) for name, value in wanted.items() if value is not None)
    if declared.dropCapabilities is not None:
        context["capabilities"] = {"drop": list(declared.dropCapabilities)}
    return context
