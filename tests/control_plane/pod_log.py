"""What pods have logged, as a test says it. The API server asks the kubelet of the node for it, which is kwok."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

# By objects of this kind kwok learns, while it runs, which file is the log of a pod. They belong to no namespace:
# nothing appears in the namespaces of a test that is not its own.
KIND = {
    "metadata": {"name": "clusterlogs.kwok.x-k8s.io"},
    "spec": {
        "group": "kwok.x-k8s.io",
        "scope": "Cluster",
        "names": {"kind": "ClusterLogs", "plural": "clusterlogs", "singular": "clusterlogs"},
        "versions": [
            {
                "name": "v1alpha1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
                },
            }
        ],
    },
}
_KINDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_LIST = "/apis/kwok.x-k8s.io/v1alpha1/clusterlogs"
_EVERY = "any"


class PodLogs:
    """Logs of the pods of a control plane, in files below `folder`; `client` may create what is needed."""

    def __init__(
        self,
        client: httpx.Client,
        folder: Path,
        kubelet: str,
        wait_until: Callable[[Callable[[], bool], str], bool],
    ) -> None:
        self._client = client
        self._folder = folder
        self._kubelet = kubelet
        self._wait_until = wait_until
        self._known: dict[str, dict[str | None, dict[str, Any]]] = {}

    @staticmethod
    def prepare(client: httpx.Client, wait_until: Callable[[Callable[[], bool], str], bool]) -> None:
        """Create what kwok watches from its start on."""
        assert client.post(_KINDS, json=KIND).is_success
        wait_until(lambda: client.get(_LIST).is_success, "the kind of logs is served")

    def write(
        self,
        namespace: str,
        lines: tuple[str, ...],
        *,
        pod: str | None,
        container: str | None,
        previous: bool,
    ) -> None:
        name = namespace if pod is None else f"{namespace}.{pod}"
        # Of two objects that fit a pod, kwok takes any.
        others = {
            one
            for one in self._known
            if one.split(".")[0] == namespace and (one == namespace) != (pod is None)
        }
        assert not others, "logs are either those of all pods of a namespace or those of single ones"
        folder = self._folder / name / (container or _EVERY)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / ("previous" if previous else "log")
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        path.write_text("".join(f"{now} stdout F {line}\n" for line in lines))
        entry = self._known.setdefault(name, {}).setdefault(
            container, {"containers": [container] if container else []}
        )
        entry["previousLogsFile" if previous else "logsFile"] = str(path)
        self._declare(name, namespace, pod)
        address = f"{self._kubelet}/containerLogs/{namespace}/{pod or _EVERY}/{container or _EVERY}"
        text = "".join(f"{line}\n" for line in lines)
        self._wait_until(
            lambda: (
                httpx.get(address, params={"previous": str(previous).lower()}, trust_env=False).text == text
            ),
            f"the log of {name} is served",
        )

    def _declare(self, name: str, namespace: str, pod: str | None) -> None:
        selector = {"matchNamespaces": [namespace], **({"matchNames": [pod]} if pod else {})}
        body: dict[str, Any] = {
            "apiVersion": "kwok.x-k8s.io/v1alpha1",
            "kind": "ClusterLogs",
            "metadata": {"name": name},
            "spec": {"selector": selector, "logs": list(self._known[name].values())},
        }
        answer = self._client.patch(
            f"{_LIST}/{name}",
            params={"fieldManager": "tests"},
            json=body,
            headers={"Content-Type": "application/apply-patch+yaml"},
        )
        assert answer.is_success, answer.text
