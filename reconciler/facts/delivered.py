"""Whether Flux or Argo CD has installed what its document says."""

from reconciler.facts.definition import dig
from reconciler.model.json import Json, JsonObject
from reconciler.model.kubernetes_object import metadata_of

_HEALTHY, _SYNCED = "Healthy", "Synced"


def delivered(document: JsonObject) -> str:
    """What is still to come of a HelmRelease or an Application, "" if it is installed.

    Flux says so in the condition `Ready` of the newest generation, Argo CD in its sync and health status.
    """
    if document.get("kind") == "HelmRelease":
        return _of_flux(document)
    sync, health = dig(document, "status", "sync", "status"), dig(document, "status", "health", "status")
    if (sync, health) == (_SYNCED, _HEALTHY):
        return ""
    message = dig(document, "status", "operationState", "message")
    state = f"Argo CD reports {sync or 'nothing'}, {health or 'no health'}"
    return f"{state}: {message}" if isinstance(message, str) and message else state


def _of_flux(document: JsonObject) -> str:
    if dig(document, "status", "observedGeneration") != metadata_of(document).get("generation"):
        return "Flux has not seen it yet"
    for condition in _conditions(dig(document, "status", "conditions")):
        if condition.get("type") == "Ready":
            if condition.get("status") == "True":
                return ""
            return f"Flux reports {condition.get('reason', 'not ready')}: {condition.get('message', '')}"
    return "Flux has not reported yet"


def _conditions(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
