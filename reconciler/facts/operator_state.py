"""Whether an Operator is as it should be on its cluster, from what was read of it (agent and operator 3.7)."""

from collections.abc import Callable, Iterable, Sequence

from reconciler.facts.definition import dig
from reconciler.facts.rollout import rollout
from reconciler.model.cluster_state import PrivateKey, SecretObject
from reconciler.model.identity import shown
from reconciler.model.json import JsonObject
from reconciler.model.kubernetes_object import metadata_of, text_of
from reconciler.vendor.operator import (
    API,
    CONTAINERS,
    CONTROLLER,
    DEFAULT_STORE_LABEL,
    DEPLOYED_KINDS,
    KEY_ENTRY,
    KINDS,
    ORGANIZATION_ENTRY,
    STORE_KIND,
)

_SHOWN = 5
_GROUP = API.partition("/")[0]


def full_name(kind: str) -> str:
    """Name of the definition of a kind: others have kinds of the same name (R67).

    >>> full_name("SecretStore")
    'secretstores.humanitec.io'
    """
    return f"{DEPLOYED_KINDS.get(kind, f'{kind.lower()}s')}.{_GROUP}"


def missing_kinds(has_kind: Callable[[str, str], bool]) -> str:
    """What is missing of the Operator's kinds, "" if nothing is; `has_kind` is asked for API version and kind."""
    names = [full_name(kind) for kind in KINDS if not has_kind(API, kind)]
    return f"the cluster does not have {', '.join(names)}, which come with the chart" if names else ""


def missing_controller(namespace: str, deployment: JsonObject | None, pods: Sequence[JsonObject]) -> str:
    """What is missing of the controller, "" if every container of its pods is ready."""
    if deployment is None:
        return f"Deployment {namespace}/{CONTROLLER} does not exist"
    missing = rollout(deployment, pods).missing
    if missing:
        return missing
    for pod in pods:
        ready, every = containers_of(pod)
        if ready < max(every, CONTAINERS):
            return f"{ready}/{max(every, CONTAINERS)} containers of pod {metadata_of(pod).get('name')} ready"
    return ""


def containers_of(pod: JsonObject) -> tuple[int, int]:
    """Number of ready containers of a pod, and of all."""
    statuses = dig(pod, "status", "containerStatuses")
    found = [one for one in statuses if isinstance(one, dict)] if isinstance(statuses, list) else []
    containers = dig(pod, "spec", "containers")
    return sum(one.get("ready") is True for one in found), len(containers) if isinstance(
        containers, list
    ) else 0


def wrong_secret(namespace: str, name: str, secret: SecretObject | None) -> str:
    """What is wrong with the Secret that contains the key for drivers, "" if nothing is."""
    if secret is None:
        return f"Secret {namespace}/{name} does not exist"
    lacking = [entry for entry in (KEY_ENTRY, ORGANIZATION_ENTRY) if entry not in secret.entries]
    if lacking:
        return f"Secret {namespace}/{name} has no entry {' and '.join(lacking)}"
    if KEY_ENTRY not in secret.private_keys:
        return f"entry {KEY_ENTRY} of Secret {namespace}/{name} is not a private key"
    return ""


def mounted_key(secret: SecretObject | None) -> PrivateKey | None:
    """The key for drivers in its Secret; None if there is none."""
    return None if secret is None else secret.private_keys.get(KEY_ENTRY)


def not_registered(fingerprint: str, organization: str) -> str:
    """Sentence about a mounted key that the organization does not know."""
    return f"the mounted key {shown(fingerprint)}… is not registered in organization {organization}"


def default_stores(stores: Iterable[JsonObject], namespace: str) -> list[str]:
    """Names of the stores in the Operator's namespace that are marked as the one it writes to, sorted."""
    return sorted(
        str(metadata_of(store).get("name"))
        for store in stores
        if metadata_of(store).get("namespace") == namespace
        and text_of(store, "labels", DEFAULT_STORE_LABEL) == "true"
    )


def deployed(found: Iterable[JsonObject]) -> str:
    """Sentence about what was deployed through an Operator, "" if nothing was."""
    names = sorted(
        f"{one.get('kind')}/{metadata_of(one).get('namespace')}/{metadata_of(one).get('name')}"
        for one in found
        if one.get("kind") != STORE_KIND
    )
    if not names:
        return ""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    what = "custom resource stands" if len(names) == 1 else "custom resources stand"
    return f"{len(names)} {what} for what is deployed: {', '.join(names[:_SHOWN])}{more}"
