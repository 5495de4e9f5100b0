"""Admission webhooks: one HTTPS server on loopback, and the configurations because of which the API server asks it."""

import base64
import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from tests.control_plane.certificates import of_loopback
from tests.control_plane.plane import ControlPlane

ADMISSION = "/apis/admissionregistration.k8s.io/v1"
NOBODY = "https://127.0.0.1:1/"
"""Where nothing listens."""
_SLOWEST_S = 1
"""What the API server waits for an answer: the shortest time that it takes."""
_SERVED_S = 0.02
_PROBE = {"name": "probe", "labels": {"app": "probe"}, "annotations": {"app": "probe"}}
"""It has what a webhook may add to."""
Body = dict[str, Any]
Answer = Callable[[Body], Body]
"""What a webhook answers to the request of a review."""


def denies(message: str, **status: object) -> Answer:
    """It denies everything, in these words."""
    return lambda _: {"allowed": False, "status": {"message": message, **status}}


def changes(*operations: Body, unless: str = "") -> Answer:
    """It allows everything, with these operations of a JSON patch where the object does not contain a text yet."""
    patch = base64.b64encode(json.dumps(operations).encode()).decode()

    def answer(request: Body) -> Body:
        if unless and unless in json.dumps(request["object"]):
            return {"allowed": True}
        return {"allowed": True, "patchType": "JSONPatch", "patch": patch}

    return answer


def answers_nothing(_: Body) -> Body:
    """What it answers decides nothing."""
    return {}


@dataclass(frozen=True)
class On:
    """What a webhook is asked about, in one namespace alone. `named` is an object that can be tried there."""

    namespace: str
    path: str
    """Of a list, such as `/api/v1/namespaces/x/configmaps`."""
    named: str = ""
    """For deletions: which one is tried to be deleted, without an effect."""
    body: Mapping[str, Any] | None = None
    """For all others: what is tried to be created, without an effect."""

    @classmethod
    def config_maps(cls, namespace: str) -> "On":
        """Those that are created or changed."""
        path = f"/api/v1/namespaces/{namespace}/configmaps"
        return cls(namespace, path, body={"metadata": _PROBE})

    @classmethod
    def deployments(cls, namespace: str) -> "On":
        """Those that are created or changed."""
        pod = {"metadata": _PROBE, "spec": {"containers": [{"name": "probe", "image": "probe"}]}}
        spec = {"selector": {"matchLabels": _PROBE["labels"]}, "template": pod}
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
        return cls(namespace, path, body={"metadata": _PROBE, "spec": spec})

    @classmethod
    def itself(cls, namespace: str) -> "On":
        """The namespace, which does not exist yet, when it is created."""
        return cls(namespace, "/api/v1/namespaces", body={"metadata": {"name": namespace}})

    @classmethod
    def deletion(cls, namespace: str, resource: str, named: str) -> "On":
        """Deletions of one kind of object. `resource` is as in `apps/deployments`."""
        group, _, plural = resource.rpartition("/")
        above = f"/apis/{group}/v1" if group else "/api/v1"
        return cls(namespace, f"{above}/namespaces/{namespace}/{plural}", named=named)

    def rule(self) -> Body:
        """The rule of a configuration."""
        steps = self.path.split("/")
        return {
            "apiGroups": [steps[2] if steps[1] == "apis" else ""],
            "apiVersions": ["v1"],
            "operations": ["DELETE"] if self.body is None else ["CREATE", "UPDATE"],
            "resources": [steps[-1]],
        }

    def tried(self, plane: ControlPlane) -> str:
        """What the API server says to it."""
        dry = {"dryRun": "All"}
        if self.body is None:
            return plane.client.delete(f"{self.path}/{self.named}", params=dry).text
        return plane.client.post(self.path, json=dict(self.body), params=dry).text


class Webhooks:
    """Webhooks of one test. Leaving removes them: the control plane is shared by tests."""

    def __init__(self, plane: ControlPlane, folder: Path) -> None:
        self._plane = plane
        self._folder = folder
        self._answers: dict[str, Answer] = {}
        self._added: dict[str, str] = {}
        self._at_the_end = ExitStack()
        self._over = Event()
        self._authority = ""
        self._url = ""

    def __enter__(self) -> Self:
        pair = of_loopback()
        file = self._folder / "webhook.pem"
        file.write_bytes(pair.key + pair.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        server = self._at_the_end.enter_context(
            ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answers))
        )
        server.socket = context.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, args=[_SERVED_S], daemon=True).start()
        self._at_the_end.callback(server.shutdown)
        # Before the server ends: its threads are waited for.
        self._at_the_end.callback(self._over.set)
        self._at_the_end.callback(self._remove_all)
        self._authority = base64.b64encode(pair.certificate).decode()
        self._url = f"https://127.0.0.1:{server.server_port}/"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._at_the_end.close()

    def never(self, _: Body) -> Body:
        """No answer within the time that the API server waits."""
        self._over.wait()
        return {}

    def validate(self, on: On, answer: Answer | None) -> str:
        """Add a webhook that has to agree, and return its name; without an answer, nobody listens where it is to be."""
        name = self._add("validatingwebhookconfigurations", on, answer)
        self._plane.wait_until(lambda: name in on.tried(self._plane), f"{name} counts")
        return name

    def mutate(self, on: On, answer: Answer, shows: str) -> str:
        """Add a webhook that changes objects, and return its name; `shows` is part of the API server's answer then."""
        name = self._add("mutatingwebhookconfigurations", on, answer)
        self._plane.wait_until(lambda: shows in on.tried(self._plane), f"{name} counts")
        return name

    def remove(self, name: str, on: On, shows: str = "") -> None:
        """Remove a webhook, and wait until the API server no longer asks it."""
        assert self._plane.client.delete(self._added.pop(name)).is_success
        self._plane.wait_until(
            lambda: (shows or name) not in on.tried(self._plane), f"{name} no longer counts"
        )

    def _add(self, lists: str, on: On, answer: Answer | None) -> str:
        name = f"hook-{uuid4().hex[:8]}.example.com"
        client = {"url": NOBODY}
        if answer is not None:
            self._answers[f"/{name}"] = answer
            client = {"url": f"{self._url}{name}", "caBundle": self._authority}
        hook = {
            "name": name,
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Fail",
            "timeoutSeconds": _SLOWEST_S,
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": on.namespace}},
            "clientConfig": client,
            "rules": [on.rule()],
        }
        self._plane.create(f"{ADMISSION}/{lists}", {"metadata": {"name": name}, "webhooks": [hook]})
        self._added[name] = f"{ADMISSION}/{lists}/{name}"
        return name

    def _remove_all(self) -> None:
        for path in self._added.values():
            self._plane.client.delete(path)


def _handler(answers: Mapping[str, Answer]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            pass

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            request = review["request"]
            answer = answers[self.path.partition("?")[0]](request)
            response = {"uid": request["uid"], **answer} if answer else None
            content = json.dumps({**review, "request": None, "response": response}).encode()
            try:
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except OSError:
                pass  # the API server has ended its wait

    return Handler
