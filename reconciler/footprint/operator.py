"""The release of an Operator: its chart, the values that are known to exist, and the Secret that it reads.

Its kinds come with the chart alone, so that no delivery is without Helm (agent and operator 3.1). The whole
`values.yaml` is not known: what has no value that was seen in use goes into `helmValues`.
"""

import shlex
from collections.abc import Iterator, Mapping

from reconciler.facts.installed import InstalledOperator
from reconciler.facts.operator_state import full_name
from reconciler.facts.pattern import is_filled_in
from reconciler.footprint.container import mirrored, repository_and_tag, resources
from reconciler.footprint.helm import Release, merged
from reconciler.footprint.metadata import namespaces
from reconciler.footprint.value import Footprint, SecretEntry, Site, WorkloadKey, without_none
from reconciler.model.installation import Amounts, Resources
from reconciler.model.json import Json, JsonObject
from reconciler.model.operator import OperatorSpec
from reconciler.vendor import agent, operator
from reconciler.vendor.kubernetes_name import LABEL, SUBDOMAIN

_KEY_FILE = "private_key.pem"


def operator_footprint(installed: InstalledOperator, site: Site) -> Footprint:
    """What is known of an Operator's footprint, whoever installs it."""
    spec = installed.install
    secrets: tuple[SecretEntry, ...] = ()
    if spec.driverKey is not None:
        name = spec.driverKey.secretName
        secrets = tuple(
            SecretEntry(spec.namespace, name, entry)
            for entry in (operator.KEY_ENTRY, operator.ORGANIZATION_ENTRY)
        )
    return Footprint(
        site.installation,
        site.cluster,
        site.delivery,
        installed.origin(),
        secrets=secrets,
        # The labels of its pods are those of the chart; its Deployment says them.
        workload=WorkloadKey(spec.namespace, operator.CONTROLLER, {}, operator.MANAGER),
        image="" if spec.image is None else mirrored(spec.image, spec.registry),
        wait_s=agent.WAIT_S if spec.waitSeconds is None else spec.waitSeconds,
        organizations=site.organizations,
    )


def operator_release(installed: InstalledOperator, site: Site) -> Release | str:
    """The release of an Operator, or why there is none."""
    spec = installed.install
    problem = next(_problems(spec, site), "")
    if problem:
        return problem
    made = tuple(namespaces((spec.namespace,), spec.namespaceLabels or {}, site))
    return Release(
        operator.NAME,
        spec.namespace,
        mirrored(operator.CHART, spec.registry),
        spec.chartVersion or "",
        merged(_values(spec), spec.helmValues or {}),
        made,
        None,
        deployment=operator.CONTROLLER,
        secret_commands=_secret_commands(spec, site),
        brings_kinds=True,
        removal_guard=_removal_guard(),
    )


def _removal_guard() -> str:
    """Stops where anything is deployed, or where that cannot be seen (R65)."""
    kinds = ",".join(map(full_name, operator.DEPLOYED_KINDS))
    found = shlex.join(["kubectl", "get", kinds, "--all-namespaces", "--output", "name"])
    return f'left=$({found}) && test -z "$left" && '


def _problems(spec: OperatorSpec, site: Site) -> Iterator[str]:
    yield from _of_names(spec)
    if len(site.organizations) != 1:
        listed = ", ".join(f"`{name}`" for name in site.organizations) or "none"
        yield (
            f"an Operator serves one organization, and its file belongs to {listed}; name one in `organization`"
        )
    if spec.driverKey is not None and spec.driverKey.namespace not in (None, spec.namespace):
        other = spec.driverKey.namespace
        yield f"an Operator reads its key in its own namespace, and `driverKey.namespace` is `{other}`"
    if spec.image is not None and spec.appVersion is not None:
        tag = repository_and_tag(spec.image)[1]
        if tag not in ("", spec.appVersion):
            yield f"`image` has tag `{tag}`, and `appVersion` is `{spec.appVersion}`; set one of the two"
    if spec.registry is not None and spec.proxyImage is None:
        # It would be pulled from its own registry, which a closed network does not reach.
        yield "no source names the image of kube-rbac-proxy, so `registry` cannot replace its host; set `proxyImage`"


def _of_names(spec: OperatorSpec) -> Iterator[str]:
    """Sentences about texts that no API server, or no chart, would accept."""
    name = None if spec.driverKey is None else spec.driverKey.secretName
    for field, text, limit in (
        ("namespace", spec.namespace, LABEL),
        ("driverKey.secretName", name, SUBDOMAIN),
        ("image", spec.image, None),
        ("proxyImage", spec.proxyImage, None),
    ):
        if text is None:
            continue
        if is_filled_in(text):
            yield f"`{field}` is filled in by another tool"
        if limit is not None and limit.problem(text):
            yield f"`{field}` {limit.problem(text)}"
        if limit is None and "@" in text:
            yield f"the chart takes an image by its tag, and `{field}` has a digest"


def _values(spec: OperatorSpec) -> JsonObject:
    """Values of the chart that were seen in use (agent and operator 3.1), as far as the document says anything."""
    manager = without_none(
        (
            ("image", _image(spec.image, spec) or _manager_image(spec)),
            ("resources", _resources(spec)),
        )
    )
    proxy = without_none((("image", _image(spec.proxyImage, spec)),))
    security = None
    if spec.podSecurity is not None:
        user = spec.podSecurity.runAsUser
        group, files = spec.podSecurity.runAsGroup, spec.podSecurity.fsGroup
        security = without_none(
            (
                ("runAsUser", user),
                ("runAsGroup", user if group is None else group),
                ("fsGroup", user if files is None else files),
            )
        )
    annotations = _texts(spec.serviceAccountAnnotations)
    found = without_none(
        (
            ("manager", manager or None),
            ("kubeRbacProxy", proxy or None),
            ("serviceAccount", {"annotations": annotations} if annotations else None),
            ("podLabels", _texts(spec.podLabels)),
            ("podSecurityContext", security),
        )
    )
    return {"controllerManager": found} if found else {}


def _texts(found: Mapping[str, str] | None) -> JsonObject | None:
    return {**found} if found else None


def _image(image: str | None, spec: OperatorSpec) -> JsonObject | None:
    if image is None:
        return None
    repository, tag = repository_and_tag(mirrored(image, spec.registry))
    return {"repository": repository, **({"tag": tag} if tag else {})}


def _manager_image(spec: OperatorSpec) -> JsonObject | None:
    """The chart's own image, as far as the document changes it: another registry, another version."""
    values: dict[str, Json] = {}
    if spec.registry is not None:
        values["repository"] = mirrored(operator.REPOSITORY, spec.registry)
    if spec.appVersion is not None:
        values["tag"] = spec.appVersion
    return values or None


def _resources(spec: OperatorSpec) -> JsonObject | None:
    declared = spec.resources or Resources()
    if spec.memoryLimit is not None:
        limits = (declared.limits or Amounts()).model_copy(update={"memory": spec.memoryLimit})
        declared = declared.model_copy(update={"limits": limits})
    return resources(declared, {}, {}) or None


def _secret_commands(spec: OperatorSpec, site: Site) -> tuple[str, ...]:
    """The command that makes the Secret from a file with the private key, for a person."""
    if spec.driverKey is None:
        return ()
    words = (
        *("kubectl", "create", "secret", "generic", spec.driverKey.secretName, "--namespace", spec.namespace),
        f"--from-file={operator.KEY_ENTRY}={_KEY_FILE}",
        f"--from-literal={operator.ORGANIZATION_ENTRY}={site.organizations[0]}",
    )
    return (shlex.join(words),)
