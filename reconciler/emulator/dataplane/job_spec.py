"""The Job that a deployment runs as (v2 section 9.7), merged with the pod template."""

from typing import Any

from reconciler.emulator.wire import Document

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "imagePullSecrets": "name",
    "volumeMounts": "mountPath",
}
"""Lists that merge item by item, with the member that identifies an item; others are replaced."""

IMAGE = "humanitec-runner"
"""The default image of a job; in the service a setting of the data plane."""


def job_spec(job: Document, image: str, environment: dict[str, str]) -> Document:
    """A Kubernetes `JobSpec` for the `job` part of a runner's configuration."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "args": ["standard"],
        "env": [{"name": name, "value": value} for name, value in environment.items()],
        "resources": {"requests": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "volumeMounts": [{"name": "tofu", "mountPath": "/opt/runner/tofu"}],
    }
    template = {
        "spec": {
            "restartPolicy": "Never",
            "serviceAccountName": job["service_account"],
            "containers": [container],
            "volumes": [{"name": "tofu", "emptyDir": {}}],
        }
    }
    return {
        "ttlSecondsAfterFinished": 3600,
        "parallelism": 1,
        "backoffLimit": 0,
        "template": laid_over(template, job.get("pod_template", {})),
    }


def laid_over(base: Document, patch: Document) -> Document:
    """`base` with a strategic merge patch applied; null removes a member."""
    result = dict(base)
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = _merged(name, result.get(name), value)
    return result


def _merged(name: str, base: Any, patch: Any) -> Any:
    if isinstance(patch, dict):
        return laid_over(base if isinstance(base, dict) else {}, patch)
    if isinstance(patch, list) and name in _MERGE_KEYS:
        return _merged_items(_MERGE_KEYS[name], base if isinstance(base, list) else [], patch)
    return patch


def _merged_items(key: str, base: list[Document], patch: list[Document]) -> list[Document]:
    result = list(base)
    for item in patch:
        places = [place for place, existing in enumerate(result) if existing.get(key) == item.get(key)]
        if places:
            result[places[0]] = laid_over(result[places[0]], item)
        else:
            result.append(laid_over({}, item))
    return result
