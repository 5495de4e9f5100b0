"""State added in one step: everything an API can create, and what only deployments create.

Seeds pass the same checks as requests, all in one transaction: if one item is invalid,
nothing is added.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reconciler.emulator.exchange import Api, Call, Operation
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ORGANIZATIONS
from reconciler.emulator.setting import Setting
from reconciler.emulator.store import Transaction
from reconciler.emulator.v1.active_resources import plant_active_resource
from reconciler.emulator.v1.collections import OPENED
from reconciler.emulator.v1.drivers import plant_driver
from reconciler.emulator.v1.opening import open_organization
from reconciler.emulator.v1.operator_keys import plant_operator_key
from reconciler.emulator.v1.resource_types import plant_type
from reconciler.emulator.v2.environments import bind_environment, deploy_environment
from reconciler.emulator.v2.modules import plant_module_use
from reconciler.emulator.v2.organizations import plant_organization
from reconciler.emulator.wire import Document, encode

_SAMPLE_KEY = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
    "-----END PUBLIC KEY-----\n"
)
"""The first public key of RFC 8032 section 7.1."""

_BY_REQUEST = {
    "secret_stores": "/orgs/{org}/secretstores",
    "classes": "/orgs/{org}/resources/types/{type}/classes",
    "accounts": "/orgs/{org}/resources/accounts",
    "applications": "/orgs/{org}/apps",
    "agents": "/orgs/{org}/agents",
    "agent_keys": "/orgs/{org}/agents/{agent}/keys",
    "definitions": "/orgs/{org}/resources/defs",
    "env_types": "/orgs/{org}/env-types",
    "projects": "/orgs/{org}/projects",
    "runners": "/orgs/{org}/runners",
    "runner_rules": "/orgs/{org}/runner-rules",
    "environments": "/orgs/{org}/projects/{project}/envs",
    "v2_resource_types": "/orgs/{org}/resource-types",
    "module_providers": "/orgs/{org}/module-providers",
    "modules": "/orgs/{org}/modules",
    "module_rules": "/orgs/{org}/module-rules",
}
"""Members of a seed that are create bodies, with the path for their POST request."""

_ORDER = (
    "secret_stores",
    "operator_keys",
    "resource_types",
    "classes",
    "drivers",
    "accounts",
    "applications",
    "agents",
    "agent_keys",
    "definitions",
    "active_resources",
    "env_types",
    "projects",
    "runners",
    "runner_rules",
    "environments",
    "v2_resource_types",
    "module_providers",
    "modules",
    "module_rules",
    "module_uses",
)
"""Members of a seed that are lists, in the order of creation: referenced objects come first."""

_MOST_GENERATED = 100_000
"""Generated items of one kind, to limit memory."""

_MEMBERS = frozenset({"organization", "organizations", "generate", *_ORDER})


class Seeder:
    """Adds seeds to one emulator."""

    def __init__(self, setting: Setting, operations: Sequence[Operation]) -> None:
        self._setting = setting
        posts = {operation.path: operation for operation in operations if operation.verb == "POST"}
        self._posts = {name: posts[path] for name, path in _BY_REQUEST.items()}
        self._plants: dict[str, Callable[[Call, Document], Any]] = {
            "resource_types": plant_type,
            "drivers": plant_driver,
            "operator_keys": plant_operator_key,
            "active_resources": plant_active_resource,
            "module_uses": plant_module_use,
        }

    def register(self, names: Sequence[str]) -> None:
        """Register organizations that do not exist yet; ApiError 400 for an invalid id."""
        with self._setting.store.transaction() as state:
            self._register(state, names)

    def add_types(self) -> None:
        """Add the resource types chosen at the start to the organizations of the state file."""
        if not self._setting.choices.resource_types:
            return
        with self._setting.store.transaction() as state:
            names = {*state.organizations(ORGANIZATIONS), *state.organizations(OPENED)}
            for name in sorted(names):
                self._open(self._call(state, name))

    def start_over(self, names: Sequence[str]) -> None:
        """Clear all state and register organizations, in one transaction."""
        with self._setting.store.transaction() as state:
            state.clear()
            self._register(state, names)

    def plant(self, seed: Any) -> dict[str, int]:
        """Add a seed and return the number of its items by kind.

        `organization` is the default for items without one; `organizations` are registered;
        `generate` maps `definitions` or `runners` to a number of generated ones. Every
        other member is a list of create bodies. Raises ApiError naming the item.
        """
        if not isinstance(seed, Mapping) or not set(seed) <= _MEMBERS:
            raise ApiError(400, f"a seed must be an object with members from {', '.join(sorted(_MEMBERS))}")
        default = _name(seed, "organization")
        lists = _with_generated(seed)
        counts = {}
        with self._setting.store.transaction() as state:
            self._register(state, seed.get("organizations", ()))
            for kind in _ORDER:
                for number, item in enumerate(lists[kind]):
                    self._plant_one(state, kind, number, {"organization": default, **item})
                counts[kind] = len(lists[kind])
        return {kind: count for kind, count in counts.items() if count}

    def _register(self, state: Transaction, names: Sequence[str]) -> None:
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise ApiError(400, "organizations must be a list of strings")
        for name in names:
            plant_organization(self._call(state, name), name)

    def deploy(self, organization: str, project: str, env: str) -> Document:
        """Perform the runner part of an environment's first deployment."""
        with self._setting.store.transaction() as state:
            call = replace(
                self._call(state, organization), path={"org": organization, "project": project, "env": env}
            )
            return deploy_environment(call)

    def _plant_one(self, state: Transaction, kind: str, number: int, item: Document) -> None:
        try:
            organization = _name(item, "organization")
            del item["organization"]
            call = self._call(state, organization)
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
        if operation.api is Api.V1:
            self._open(call)
        body = dict(item)
        path = dict(call.path)
        for name in ("agent", "project", "type"):
            if f"{{{name}}}" in operation.path:
                path[name] = _name(body, name)
                body.pop(name, None)
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
            bind_environment(placed, _name(item, "runner_id"))
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


def _name(item: Mapping[str, Any], member: str) -> str:
    name = item.get(member, "")
    if not isinstance(name, str):
        raise ApiError(400, f"{member} must be a string")
    return name


def _with_generated(seed: Mapping[str, Any]) -> dict[str, list[Document]]:
    given = {kind: seed.get(kind, []) for kind in _ORDER}
    for kind, items in given.items():
        if not isinstance(items, list | tuple) or not all(isinstance(item, dict) for item in items):
            raise ApiError(400, f"{kind} must be a list of objects")
    lists = {kind: list(items) for kind, items in given.items()}
    generate = seed.get("generate", {})
    if not isinstance(generate, Mapping):
        raise ApiError(400, "generate must be an object")
    for kind, count in generate.items():
        if (
            kind not in ("definitions", "runners")
            or type(count) is not int
            or not 0 <= count <= _MOST_GENERATED
        ):
            raise ApiError(
                400, f"generate must map definitions or runners to a number up to {_MOST_GENERATED}"
            )
        make = _definition if kind == "definitions" else _runner
        lists[kind] += [make(number) for number in range(count)]
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
