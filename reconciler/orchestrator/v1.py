"""Agents, their keys and resource definitions of one organization (v1 reference 2 to 4).

Lists have no pages. An organization that does not exist is reported as an error, never as an
empty list.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from reconciler.errors import AbsentError, ConnectionPart, OrchestratorError, RejectedError, UnavailableError
from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.orchestrator import shape, wire_v1
from reconciler.orchestrator.calls import Calls
from reconciler.orchestrator.definition_update import patch_body
from reconciler.orchestrator.http import Channel
from reconciler.orchestrator.message import literals
from reconciler.orchestrator.operator_key import OperatorKeys
from reconciler.orchestrator.secret_store import SecretStores

T = TypeVar("T")
_FORCE = {"force": "true"}


class V1:
    """The part of the client for v1."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self._channel = channel
        self._place = place
        self._organization = place.name

    def close(self) -> None:
        """Close all connections."""
        self._channel.close()

    def calls(self) -> Mapping[Kind, Calls]:
        """The calls for each kind of this API."""
        return {
            Kind.AGENT: Calls(
                get=lambda key: self.agent(key.id),
                create=self.create_agent,
                update=lambda live, desired, _: (
                    live if live.document == desired.document else self.update_agent(desired)
                ),
                delete=lambda live, _: self.delete_agent(live.key.id),
                dependents=lambda live: self.keys(live.key.id),
            ),
            Kind.KEY: Calls(
                get=self.key,
                create=lambda desired, _: self.create_key(desired),
                delete=lambda live, _: self.delete_key(live.key),
            ),
            Kind.DEFINITION: Calls(
                get=lambda key: self.definition(key.id),
                create=lambda desired, _: self.create_definition(desired),
                update=lambda live, desired, is_changed: self.update_definition(
                    live, desired, secrets_changed=is_changed
                ),
                delete=lambda live, is_forced: self.delete_definition(live.key.id, force=is_forced),
            ),
            Kind.CRITERION: Calls(
                get=self.criterion,
                create=_created_apart,
                delete=lambda live, is_forced: self.delete_criterion(
                    live.key.id.partition("[")[0], live.handle["id"], force=is_forced
                ),
            ),
            Kind.OPERATOR_KEY: OperatorKeys(self._channel, self._place).calls(),
            Kind.SECRET_STORE: SecretStores(self._channel, self._place).calls(),
        }

    def _path(self, *parts: str) -> tuple[str, ...]:
        return ("orgs", self._organization, *parts)

    def _definition_path(self, definition_id: str, *parts: str) -> tuple[str, ...]:
        return self._path("resources", "defs", definition_id, *parts)

    def _list(self, parts: tuple[str, ...], parse: Callable[[JsonObject], T | None]) -> list[T]:
        """Parsed items of a list, without those for which `parse` returns None."""
        try:
            return self._channel.get(parts, lambda answer: _items(answer, parse))
        except AbsentError as error:
            raise OrchestratorError(
                f"organization {self._organization} is not known at {self._channel.host} ({error})",
                status=error.status,
                request_id=error.request_id,
                advice="check `organization` and the url of the target",
                cause=f"organization {self._organization} is not known at {self._channel.host}",
                part=ConnectionPart.ORGANIZATION,
            ) from error

    def listed(self, parts: tuple[str, ...], parse: Callable[[JsonObject], T]) -> list[T]:
        """Parsed items of a collection of the organization, such as `("secretstores",)`.

        Raises AbsentError if the installation does not have it: older ones do not have all collections.
        """
        return self._channel.get(self._path(*parts), lambda answer: _items(answer, parse))

    def definitions(self) -> list[Resource]:
        """All definitions that are not deleted, with their criteria."""
        found = self._list(self._path("resources", "defs"), self._existing_definition)
        return distinct(found)

    def _existing_definition(self, document: JsonObject) -> Resource | None:
        return None if wire_v1.is_deleted(document) else self._definition(document)

    def _definition(self, document: Json) -> Resource:
        return wire_v1.definition(shape.member_object(document, "the definition"), self._place)

    def definition(self, definition_id: str) -> Resource | None:
        """One definition, None if it does not exist."""

        def current(answer: Json) -> Resource | None:
            return self._existing_definition(shape.member_object(answer, "the definition"))

        try:
            return self._channel.get(self._definition_path(definition_id), current)
        except AbsentError:
            return None

    def create_definition(self, desired: Resource) -> Resource:
        """Create a definition with its criteria, in one call."""
        return self._channel.send(
            "POST",
            self._path("resources", "defs"),
            self._definition,
            body=wire_v1.definition_creation(desired),
            hidden=literals(desired),
        )

    def update_definition(self, live: Resource, desired: Resource, *, secrets_changed: bool) -> Resource:
        """Send the smallest reliable request (`definition_update`); criteria are not changed."""
        if live.document["type"] != desired.document["type"]:
            raise RejectedError(
                f"{desired.key}: the type of a definition cannot be changed; nothing was sent"
            )
        path = self._definition_path(desired.key.id)
        body = patch_body(live, desired, secrets_changed=secrets_changed)
        if body is None:
            return self._channel.send(
                "PUT",
                path,
                self._definition,
                body=wire_v1.definition_replacement(desired),
                hidden=literals(desired),
            )
        return self._channel.send("PATCH", path, self._definition, body=body) if body else live

    def delete_definition(self, definition_id: str, *, force: bool = False) -> None:
        """Delete a definition. Without `force`, raises InUseError if it has active resources (v1 reference 4.7)."""
        self._channel.delete(self._definition_path(definition_id), query=_FORCE if force else None)

    def active_resources(self, definition_id: str) -> list[ActiveResource]:
        """Active resources of a definition, none if the definition does not exist."""

        def parse(answer: Json) -> list[ActiveResource]:
            return _items(answer, wire_v1.active_resource)

        try:
            return self._channel.get(self._definition_path(definition_id, "resources"), parse)
        except AbsentError:
            return []

    def criterion(self, key: ResourceKey) -> Resource | None:
        """A criterion, read from its definition; `handle["id"]` is the id on the server."""
        definition_id, _, rest = key.id.partition("[")
        definition = self.definition(definition_id)
        selector = rest.removesuffix("]")
        if definition is None or definition.criteria is None or selector not in definition.criteria:
            return None
        return Resource(
            key=key,
            document=dict(definition.criteria[selector]),
            handle={"id": definition.handle[selector]},
        )

    def create_criterion(self, definition_id: str, fields: Mapping[str, str]) -> str:
        """Add a criterion and return its id."""
        return self._channel.send(
            "POST",
            self._definition_path(definition_id, "criteria"),
            lambda answer: wire_v1.criterion_id(shape.member_object(answer, "the criterion")),
            body=dict(fields),
        )

    def delete_criterion(self, definition_id: str, criterion_id: str, *, force: bool = False) -> None:
        """Delete a criterion. Without `force`, raises InUseError if active resources would move."""
        path = self._definition_path(definition_id, "criteria", criterion_id)
        self._channel.delete(path, query=_FORCE if force else None)

    def agents(self) -> list[Resource]:
        """All agents, without their keys."""
        return distinct(self._list(self._path("agents"), self._agent))

    def _agent(self, document: Json) -> Resource:
        return wire_v1.agent(shape.member_object(document, "the agent"), self._place)

    def agent(self, agent_id: str) -> Resource | None:
        """One agent, found in the list: the API cannot read a single agent (v1 reference 2.1)."""
        return next((agent for agent in self.agents() if agent.key.id == agent_id), None)

    def create_agent(self, desired: Resource, first_key: Resource | None) -> Resource:
        """Create an agent with its first key, in one call (v1 reference 2.3). Raises ValueError without one."""
        if first_key is None:
            raise ValueError(f"{desired.key} cannot be created without a key")
        body: JsonObject = {
            "id": desired.key.id,
            "description": desired.document["description"],
            "public_key": first_key.document["public_key"],
        }
        return self._channel.send("POST", self._path("agents"), self._agent, body=body)

    def update_agent(self, desired: Resource) -> Resource:
        """Set the description, the only field of an agent that can change."""
        return self._channel.send(
            "PATCH",
            self._path("agents", desired.key.id),
            self._agent,
            body={"description": desired.document["description"]},
        )

    def delete_agent(self, agent_id: str) -> None:
        """Delete an agent and all its keys."""
        self._channel.delete(self._path("agents", agent_id))

    def keys(self, agent_id: str) -> list[Resource]:
        """Keys of an agent, none if the agent does not exist."""

        def parse(answer: Json) -> list[Resource]:
            return _items(answer, lambda item: wire_v1.key(item, self._place, agent_id))

        try:
            return distinct(self._channel.get(self._path("agents", agent_id, "keys"), parse))
        except AbsentError:
            return []

    def key(self, key: ResourceKey) -> Resource | None:
        """One key, found in the list of its agent."""
        agent_id, _, _ = key.id.partition("/")
        return next((found for found in self.keys(agent_id) if found.key == key), None)

    def create_key(self, desired: Resource) -> Resource:
        """Register another key for an agent."""
        agent_id, _, _ = desired.key.id.partition("/")
        return self._channel.send(
            "POST",
            self._path("agents", agent_id, "keys"),
            lambda answer: wire_v1.key(shape.member_object(answer, "the key"), self._place, agent_id),
            body={"public_key": desired.document["public_key"]},
        )

    def delete_key(self, key: ResourceKey) -> None:
        """Delete one key."""
        agent_id, _, fingerprint = key.id.partition("/")
        self._channel.delete(self._path("agents", agent_id, "keys", fingerprint))


def _created_apart(_: Resource, __: Resource | None) -> Resource:
    raise ValueError("criteria are created by create_criterion")


def _items(answer: Json, parse: Callable[[JsonObject], T | None]) -> list[T]:
    parsed = (parse(item) for item in shape.objects(answer, "the list"))
    return [item for item in parsed if item is not None]


def distinct(resources: Iterable[Resource]) -> list[Resource]:
    """The resources. Raises UnavailableError if one appears twice, because the list then changed during the read."""
    found: dict[ResourceKey, Resource] = {}
    for resource in resources:
        if resource.key in found:
            raise UnavailableError(f"the list contains {resource.key} twice; it changed while it was read")
        found[resource.key] = resource
    return list(found.values())
