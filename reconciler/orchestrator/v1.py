"""Agents, their keys and resource definitions of one organization (v1 reference 2 to 4).

Every list answers whole; there are no pages. An organization that is not there is an error
of its own, never an empty list.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from reconciler.errors import AbsentError, ConnectionPart, OrchestratorError, RejectedError, UnavailableError
from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.orchestrator import shape, wire_v1
from reconciler.orchestrator.definition_update import patch_body
from reconciler.orchestrator.http import Channel
from reconciler.orchestrator.message import literals

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

    def _path(self, *parts: str) -> tuple[str, ...]:
        return ("orgs", self._organization, *parts)

    def _definition_path(self, definition_id: str, *parts: str) -> tuple[str, ...]:
        return self._path("resources", "defs", definition_id, *parts)

    def _list(self, parts: tuple[str, ...], parse: Callable[[JsonObject], T | None]) -> list[T]:
        """Return the parsed items; None leaves one out."""
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
        """Return a whole collection of the organization, such as `("secretstores",)`, parsed.

        AbsentError where it is not there: older installations do not have all of them.
        """
        return self._channel.get(self._path(*parts), lambda answer: _items(answer, parse))

    def definitions(self) -> list[Resource]:
        """Return all definitions that are not deleted, with their criteria."""
        found = self._list(self._path("resources", "defs"), self._standing_definition)
        return _distinct(found)

    def _standing_definition(self, document: JsonObject) -> Resource | None:
        return None if wire_v1.is_deleted(document) else self._definition(document)

    def _definition(self, document: Json) -> Resource:
        return wire_v1.definition(shape.member_object(document, "the definition"), self._place)

    def definition(self, definition_id: str) -> Resource | None:
        """Return one definition, None where there is none."""

        def current(answer: Json) -> Resource | None:
            return self._standing_definition(shape.member_object(answer, "the definition"))

        try:
            return self._channel.get(self._definition_path(definition_id), current)
        except AbsentError:
            return None

    def create_definition(self, desired: Resource) -> Resource:
        """Create with criteria, in one call."""
        return self._channel.send(
            "POST",
            self._path("resources", "defs"),
            self._definition,
            body=wire_v1.definition_creation(desired),
            hidden=literals(desired),
        )

    def update_definition(self, live: Resource, desired: Resource, *, secrets_changed: bool) -> Resource:
        """Send the smallest call that is certain (`definition_update`); criteria stay as they are."""
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
        """Delete a definition; without force, active resources make it an InUseError (v1 reference 4.7)."""
        self._channel.delete(self._definition_path(definition_id), query=_FORCE if force else None)

    def active_resources(self, definition_id: str) -> list[ActiveResource]:
        """Return what deployments made with a definition, none where there is no such definition."""

        def parse(answer: Json) -> list[ActiveResource]:
            return _items(answer, wire_v1.active_resource)

        try:
            return self._channel.get(self._definition_path(definition_id, "resources"), parse)
        except AbsentError:
            return []

    def create_criterion(self, definition_id: str, fields: Mapping[str, str]) -> str:
        """Return the id of the new criterion."""
        return self._channel.send(
            "POST",
            self._definition_path(definition_id, "criteria"),
            lambda answer: wire_v1.criterion_id(shape.member_object(answer, "the criterion")),
            body=dict(fields),
        )

    def delete_criterion(self, definition_id: str, criterion_id: str, *, force: bool = False) -> None:
        """Delete a criterion; without force, active resources that it moves make it an InUseError."""
        path = self._definition_path(definition_id, "criteria", criterion_id)
        self._channel.delete(path, query=_FORCE if force else None)

    def agents(self) -> list[Resource]:
        """Return all agents, without their keys."""
        return _distinct(self._list(self._path("agents"), self._agent))

    def _agent(self, document: Json) -> Resource:
        return wire_v1.agent(shape.member_object(document, "the agent"), self._place)

    def agent(self, agent_id: str) -> Resource | None:
        """Return one agent out of the list: the API has no read of one (v1 reference 2.1)."""
        return next((agent for agent in self.agents() if agent.key.id == agent_id), None)

    def create_agent(self, desired: Resource, first_key: Resource) -> Resource:
        """Create an agent and its first key, which is one call (v1 reference 2.3)."""
        body: JsonObject = {
            "id": desired.key.id,
            "description": desired.document["description"],
            "public_key": first_key.document["public_key"],
        }
        return self._channel.send("POST", self._path("agents"), self._agent, body=body)

    def update_agent(self, desired: Resource) -> Resource:
        """Set the description, the only thing of an agent that can change."""
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
        """Return the keys of an agent, none where there is no such agent."""

        def parse(answer: Json) -> list[Resource]:
            return _items(answer, lambda item: wire_v1.key(item, self._place, agent_id))

        try:
            return _distinct(self._channel.get(self._path("agents", agent_id, "keys"), parse))
        except AbsentError:
            return []

    def key(self, key: ResourceKey) -> Resource | None:
        """Return one key out of the list of its agent's."""
        agent_id, _, _ = key.id.partition("/")
        return next((found for found in self.keys(agent_id) if found.key == key), None)

    def create_key(self, desired: Resource) -> Resource:
        """Register one more key for an agent."""
        agent_id, _, _ = desired.key.id.partition("/")
        return self._channel.send(
            "POST",
            self._path("agents", agent_id, "keys"),
            lambda answer: wire_v1.key(shape.member_object(answer, "the key"), self._place, agent_id),
            body={"public_key": desired.document["public_key"]},
        )

    def delete_key(self, key: ResourceKey) -> None:
        """Withdraw one key."""
        agent_id, _, fingerprint = key.id.partition("/")
        self._channel.delete(self._path("agents", agent_id, "keys", fingerprint))


def _items(answer: Json, parse: Callable[[JsonObject], T | None]) -> list[T]:
    parsed = (parse(item) for item in shape.objects(answer, "the list"))
    return [item for item in parsed if item is not None]


def _distinct(resources: Iterable[Resource]) -> list[Resource]:
    """Refuse a list that names one thing twice: it was not read at one moment."""
    found: dict[ResourceKey, Resource] = {}
    for resource in resources:
        if resource.key in found:
            raise UnavailableError(f"the list names {resource.key} twice; it changed while it was read")
        found[resource.key] = resource
    return list(found.values())
