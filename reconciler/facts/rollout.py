"""How far a Deployment has been rolled out, and what keeps its pods from being ready."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.facts.definition import dig
from reconciler.model.json import Json, JsonObject
from reconciler.model.kubernetes_object import metadata_of
from reconciler.model.redaction import redact
from reconciler.model.wording import plural

_HOPELESS = frozenset(("InvalidImageName", "CreateContainerConfigError", "RunContainerError"))
"""Reasons for waiting that end only with a change of the object or of what it refers to."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why one pod is not ready.

    `container` is "" if the reason concerns the whole pod, and `pod` if there is none yet; `reason` is Kubernetes'
    own word, such as `CrashLoopBackOff`; `message` may be long.
    """

    pod: str
    container: str
    reason: str
    message: str = ""

    @property
    def is_lasting(self) -> bool:
        """True if waiting cannot end it."""
        return self.reason in _HOPELESS

    def __str__(self) -> str:
        at = f"pod {self.pod}" if self.pod else "no pod can be made"
        at += f", container {self.container}" if self.container else ""
        return f"{at}: {redact(self.reason)}" + (f" ({redact(self.message)})" if self.message else "")


@dataclass(frozen=True, slots=True)
class Rollout:
    """`missing` is what is still to come, in words, "" once the rollout is complete."""

    missing: str
    troubles: tuple[Trouble, ...] = ()
    is_paused: bool = False

    @property
    def is_complete(self) -> bool:
        """True if every replica runs the newest template and is available, and no other pod is left."""
        return not self.missing


def rollout(deployment: JsonObject, pods: Sequence[JsonObject]) -> Rollout:
    """The state of a Deployment with its pods. Complete only if pods of older templates are gone as well.

    Follows `kubectl rollout status`, which also waits until the controller has seen the newest generation.
    """
    troubles = (*_refused(deployment), *(trouble for pod in pods for trouble in _troubles(pod)))
    is_paused = dig(deployment, "spec", "paused") is True
    return Rollout(_missing(deployment, pods, is_paused=is_paused), troubles, is_paused)


def _missing(deployment: JsonObject, pods: Sequence[JsonObject], *, is_paused: bool) -> str:
    generation = _number(metadata_of(deployment).get("generation"))
    if _number(dig(deployment, "status", "observedGeneration")) < generation:
        return (
            "the paused Deployment is not rolled out" if is_paused else "the controller has not seen it yet"
        )
    wanted = _number(dig(deployment, "spec", "replicas"), 1)
    updated = _number(dig(deployment, "status", "updatedReplicas"))
    if updated < wanted:
        what = f"{updated} of {plural(wanted, 'pod')} made from the newest template"
        return f"{what}; the Deployment is paused" if is_paused else what
    older = _number(dig(deployment, "status", "replicas")) - updated
    if older > 0:
        return f"{plural(older, 'old pod')} not gone yet"
    available = _number(dig(deployment, "status", "availableReplicas"))
    if available < wanted:
        return f"{available} of {plural(wanted, 'pod')} ready"
    leaving = sum(metadata_of(pod).get("deletionTimestamp") is not None for pod in pods)
    return f"{plural(leaving, 'old pod')} not gone yet" if leaving else ""


def _refused(deployment: JsonObject) -> Iterator[Trouble]:
    """Why no pod can be made: a quota, or what else denies it (Kubernetes, "Failed Deployment")."""
    for condition in _items(dig(deployment, "status", "conditions")):
        if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
            yield Trouble("", "", str(condition.get("reason", "")), str(condition.get("message", "")))


def _troubles(pod: JsonObject) -> Iterator[Trouble]:
    name = str(metadata_of(pod).get("name", ""))
    if metadata_of(pod).get("deletionTimestamp") is not None:
        return
    for member in ("initContainerStatuses", "containerStatuses"):
        for status in _items(dig(pod, "status", member)):
            yield from _of_container(name, status)
    if dig(pod, "status", "phase") == "Pending":
        for condition in _items(dig(pod, "status", "conditions")):
            if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
                yield Trouble(
                    name, "", str(condition.get("reason", "Pending")), str(condition.get("message", ""))
                )


def _of_container(pod: str, status: JsonObject) -> Iterator[Trouble]:
    waiting = dig(status, "state", "waiting")
    if isinstance(waiting, dict) and waiting.get("reason") not in (
        None,
        "ContainerCreating",
        "PodInitializing",
    ):
        yield Trouble(
            pod, str(status.get("name", "")), str(waiting["reason"]), str(waiting.get("message", ""))
        )
    ended = dig(status, "state", "terminated")
    if isinstance(ended, dict) and ended.get("exitCode") not in (None, 0):
        reason = str(ended.get("reason", "Error"))
        yield Trouble(pod, str(status.get("name", "")), reason, f"exit code {ended.get('exitCode')}")


def _items(value: Json) -> list[JsonObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: Json, otherwise: int = 0) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else otherwise
