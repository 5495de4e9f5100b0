"""A short-lived pod on a cluster: created, watched until it ends, and deleted whatever happens."""

import contextlib
from collections.abc import Iterator
from threading import Event
from time import monotonic

from reconciler.cluster.client import ProbeClient
from reconciler.diagnosis.probe import LONGEST_S, has_ended
from reconciler.errors import ClusterError
from reconciler.model.json import JsonObject
from reconciler.model.kubernetes_object import PROBE_LABEL, metadata_of

POLL_S = 0.5
_MARGIN_S = 15
"""Time to pull an image, beyond what the pod may take itself."""


def probe(
    client: ProbeClient, body: JsonObject, stop: Event, *, limit_s: float = LONGEST_S + _MARGIN_S
) -> JsonObject | None:
    """The pod as it was last seen; None if somebody else deleted it. It is gone, or going, when this returns.

    `stop` ends the wait. Raises ClusterError.
    """
    namespace, selector = _found_by(body)
    with _deleted(client, namespace, selector):
        client.create(body)
        until, seen = monotonic() + limit_s, None
        while True:
            pods = client.find(namespace, selector)
            if not pods:
                return None
            seen = pods[0]
            if has_ended(seen) or monotonic() > until or stop.wait(POLL_S):
                return seen


def left_behind(client: ProbeClient, body: JsonObject) -> bool:
    """True if the pod of a probe is still there and is not being deleted, or if that cannot be seen."""
    try:
        pods = client.find(*_found_by(body))
    except ClusterError:
        return True
    return any("deletionTimestamp" not in metadata_of(pod) for pod in pods)


def _found_by(body: JsonObject) -> tuple[str, str]:
    """Namespace and selector: the server makes up the name, and an answer with it can be lost."""
    metadata = metadata_of(body)
    labels = metadata.get("labels")
    run = labels.get(PROBE_LABEL) if isinstance(labels, dict) else ""
    return str(metadata.get("namespace", "")), f"{PROBE_LABEL}={run}"


@contextlib.contextmanager
def _deleted(client: ProbeClient, namespace: str, selector: str) -> Iterator[None]:
    try:
        yield
    finally:
        # An error here must not hide the one that ended the probe; `left_behind` tells whether it worked.
        with contextlib.suppress(ClusterError):
            for pod in client.find(namespace, selector):
                metadata = metadata_of(pod)
                client.delete(namespace, str(metadata.get("name", "")), uid=str(metadata.get("uid", "")))
