"""State planted in one go: everything an API can create, and what only deployments can.

Seeds go through the same checks as requests, all in one transaction: one bad item and
nothing is planted.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.emulator.exchange import Call, Operation
from reconciler.emulator.failure import ApiError
from reconciler.emulator.setting import Setting
from reconciler.emulator.store import Transaction
from reconciler.emulator.v1.active_resources import plant_active_resource
from reconciler.emulator.v1.catalogue import plant_driver, plant_type
from reconciler.emulator.v1.opening import open_organization
from reconciler.emulator.v2.environments import bind_environment, deploy_environment
from reconciler.emulator.v2.organizations import plant_organization
from reconciler.emulator.wire import Document, encode

_SAMPLE_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n"
)
"""The first public key of RFC 8032 section 7.1."""

_BY_REQUEST = {
    "agents": "/orgs/{org}/agents",
    "agent_keys": "/orgs/{org}/agents/{agent}/keys",
    "definitions": "/orgs/{org}/resources/defs",
    "env_types": "/orgs/{org}/env-types",
    "projects": "/orgs/{org}/projects",
    "runners": "/orgs/{org}/runners",
    "runner_rules": "/orgs/{org}/runner-rules",
    "environments": "/orgs/{org}/projects/{project}/envs",
}
"""Members of a seed that are create bodies, with the path they would be posted to."""

_ORDER = (
    "resource_types",
    "drivers",
    "agents",
    "agent_keys",
    "definitions",
    "active_resources",
    "env_types",
    "projects",
    "runners",
    "runner_rules",
    "environments",
)
MEMBERS = frozenset({"organization", "organizations", "generate", *_ORDER})


class Seeder:
    """Plants seeds into one emulator."""

    def __init__(self, setting: Setting, operations: Sequence[Operation]) -> None:
        self._setting = setting
        posts = {operation.path: operation for operation in operations if operation.verb == "POST"}
        self._posts = {name: posts[path] for name, path in _BY_REQUEST.items()}
        self._plants: dict[str, Callable[[Call, Document], Any]] = {
            "resource_types": plant_type,
            "drivers": plant_driver,
            "active_resources": plant_active_resource,
        }

    def organizations(self, names: Sequence[str]) -> None:
        """Register organizations that do not exist yet."""
        with self._setting.store.transaction() as state:
            for name in names:
                plant_organization(self._call(state, name), name)

    def plant(self, seed: Any) -> dict[str, int]:
        """Plant a seed and return how many items of each kind it had.

        `organization` is the default for items without one; `organizations` registers;
        `generate` maps `definitions` or `runners` to a number of invented ones. Every
        other member is a list of create bodies. Raises ApiError naming the item.
        """
        if not isinstance(seed, Mapping) or not set(seed) <= MEMBERS:
            raise ApiError(400, f"a seed is an object with members out of {', '.join(sorted(MEMBERS))}")
        default = seed.get("organization", "")
        lists = _with_generated(seed)
        counts = {}
        with self._setting.store.transaction() as state:
            for name in seed.get("organizations", ()):
                plant_organization(self._call(state, name), name)
            for kind in _ORDER:
                for number, item in enumerate(lists[kind]):
                    self._plant_one(state, kind, number, {"organization": default, **item})
                counts[kind] = len(lists[kind])
        return {kind: count for kind, count in counts.items() if count}

    def deploy(self, organization: str, project: str, env: str) -> Document:
        """Do a first deployment of an environment, as far as its runner is concerned."""
        with self._setting.store.transaction() as state:
            call = replace(
                self._call(state, organization), path={"org": organization, "project": project, "env": env}
            )
            return deploy_environment(call)

    def _plant_one(self, state: Transaction, kind: str, number: int, item: Document) -> None:
        organization = item.pop("organization")
        call = self._call(state, organization)
        try:
            if kind in self._plants:
                self._open(call)
                self._plants[kind](call, item)
            elif kind == "environments":
                self._environment(call, item)
            else:
                self._post(call, kind, item)
        except ApiError as error:
            raise ApiError(
                error.status, f"{kind}[{number}]: {error.message}", details=error.details
            ) from error

    def _post(self, call: Call, kind: str, item: Document) -> None:
        operation = self._posts[kind]
        if operation.api == "v1":
            self._open(call)
        body = dict(item)
        path = dict(call.path)
        for name in ("agent", "project"):
            if f"{{{name}}}" in operation.path:
                path[name] = body.pop(name, "")
        call = replace(call, path=path, body=encode(body))
        call.payload = operation.accept(call) if operation.accept else None
        reply = operation.run(call)
        if reply.status >= 400:
            raise ApiError(reply.status, reply.document["message"])

    def _environment(self, call: Call, item: Document) -> None:
        body = {name: value for name, value in item.items() if name not in ("runner_id", "deployed")}
        self._post(call, "environments", body)
        path = {**call.path, "project": item.get("project", ""), "env": item["id"]}
        placed = replace(call, path=path)
        if item.get("runner_id"):
            bind_environment(placed, item["runner_id"])
        elif item.get("deployed"):
            deploy_environment(placed)

    def _open(self, call: Call) -> None:
        if not call.organization:
            raise ApiError(400, "an item needs an organization")
        open_organization(call)

    def _call(self, state: Transaction, organization: str) -> Call:
        return Call(
            state=state,
            path={"org": organization},
            query=(),
            body=b"",
            content_type="application/json",
            now=self._setting.clock.now(),
            choices=self._setting.choices,
            actor="seed",
        )


def _with_generated(seed: Mapping[str, Any]) -> dict[str, list[Document]]:
    lists = {kind: list(seed.get(kind, ())) for kind in _ORDER}
    for kind, count in seed.get("generate", {}).items():
        if kind not in ("definitions", "runners") or not isinstance(count, int):
            raise ApiError(400, "generate maps definitions or runners to a number")
        make = _definition if kind == "definitions" else _runner
        lists[kind] += [make(number) for number in range(count)]
    for kind, items in lists.items():
        if not all(isinstance(item, dict) for item in items):
            raise ApiError(400, f"{kind} must be a list of objects")
    return lists


def _definition(number: int) -> Document:
    name = f"generated-{number:05}"
    return {
        "id": name,
        "name": name,
        "type": "s3",
        "driver_type": "humanitec/echo",
        "driver_inputs": {"values": {"bucket": name, "region": "eu-central-1"}},
        "criteria": [{"app_id": name}],
    }


def _runner(number: int) -> Document:
    return {
        "id": f"generated-{number:05}",
        "runner_configuration": {
            "type": "kubernetes-agent",
            "key": _SAMPLE_KEY,
            "job": {"namespace": "jobs", "service_account": "job"},
        },
        "state_storage_configuration": {"type": "kubernetes", "namespace": "jobs"},
    }
