"""Runners and runner rules of one organization (v2 reference 4, 5, 8)."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from reconciler.errors import AbsentError, OrchestratorError, RejectedError, UnavailableError
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.orchestrator import shape, wire_v2
from reconciler.orchestrator.calls import Calls
from reconciler.orchestrator.http import Channel
from reconciler.orchestrator.message import literals
from reconciler.orchestrator.paging import pages

_WITNESSES = ("env-types", "projects")
"""Lists that prove that the organization exists if they are not empty."""
_FILTERS = {"project_id": "byProjectId", "env_type_id": "byEnvTypeId"}


@dataclass(frozen=True, slots=True)
class Summary:
    """A runner in a list, which does not show its configuration (v2 reference 4)."""

    id: str
    updated_at: str


class V2:
    """The part of the client for v2."""

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
            Kind.RUNNER: Calls(
                get=lambda key: self.runner(key.id),
                create=lambda desired, _: self.create_runner(desired),
                update=lambda live, desired, is_changed: self.update_runner(
                    live, desired, secrets_changed=is_changed
                ),
                delete=lambda live, _: self.delete_runner(live.key.id),
                dependents=lambda live: self.rules({"byRunnerId": live.key.id}),
            ),
            Kind.RUNNER_RULE: Calls(
                get=self.rule,
                create=lambda desired, _: self.create_rule(desired),
                update=lambda live, desired, _: (
                    live if live.document == desired.document else self.replace_rule(live, desired)
                ),
                delete=lambda live, _: self.delete_rule(live),
            ),
        }

    def _path(self, *parts: str) -> tuple[str, ...]:
        return ("orgs", self._organization, *parts)

    def is_proven(self) -> bool:
        """True if any list shows that the organization exists.

        Lists of an unknown organization are empty, not 404 (v2 reference 4). Reads one item of each
        list, until one is found.
        """

        def has_items(answer: Json) -> bool:
            page = shape.member_object(answer, "the page")
            return bool(shape.member_list(page.get("items"), "items"))

        return any(
            self._channel.get(self._path(witness), has_items, query={"per_page": "1"})
            for witness in _WITNESSES
        )

    def ids(self, collection: str) -> list[str]:
        """All ids of a collection of the organization, such as `projects`."""
        try:
            return [shape.text(item, "id") for item in pages(self._channel, self._path(collection))]
        except shape.ShapeError as error:
            raise OrchestratorError(f"the list of {collection} cannot be used: {error}") from error

    def summaries(self) -> list[Summary]:
        """Summaries of all runners, from the list."""
        parts = self._path("runners")
        return [self._parsed_summary(item) for item in pages(self._channel, parts)]

    def _parsed_summary(self, item: JsonObject) -> Summary:
        try:
            return Summary(shape.text(item, "id"), shape.optional_text(item, "updated_at"))
        except shape.ShapeError as error:
            raise OrchestratorError(f"the list of runners cannot be used: {error}") from error

    def _runner(self, answer: Json) -> Resource:
        return wire_v2.runner(shape.member_object(answer, "the runner"), self._place)

    def runner(self, runner_id: str) -> Resource | None:
        """One runner with its configuration, None if it does not exist."""
        try:
            return self._channel.get(self._path("runners", runner_id), self._runner)
        except AbsentError:
            return None

    def create_runner(self, desired: Resource) -> Resource:
        """Create a runner that is known to be absent.

        A create that is refused because the id is taken still overwrites the credentials (v2 reference 5.6).
        """
        return self._channel.send(
            "POST",
            self._path("runners"),
            self._runner,
            body=wire_v2.runner_creation(desired),
            hidden=literals(desired),
        )

    def update_runner(self, live: Resource, desired: Resource, *, secrets_changed: bool) -> Resource:
        """Send what differs; send nothing if nothing differs."""
        if _type(live) != _type(desired):
            raise RejectedError(f"{desired.key}: the type of a runner cannot be changed; nothing was sent")
        body = wire_v2.runner_patch(live, desired, secrets_changed=secrets_changed)
        if not body:
            return live
        path = self._path("runners", desired.key.id)
        return self._channel.send("PATCH", path, self._runner, body=body, hidden=literals(desired))

    def delete_runner(self, runner_id: str) -> None:
        """Delete a runner, and with it every rule that refers to it (v2 reference 5.5)."""
        self._channel.delete(self._path("runners", runner_id))

    def rules(self, query: Mapping[str, str] | None = None) -> list[Resource]:
        """All rules, or those that match the filter `query`."""
        found: dict[ResourceKey, Resource] = {}
        for item in pages(self._channel, self._path("runner-rules"), query):
            rule = self._parsed_rule(item)
            if rule.key in found:
                raise UnavailableError(f"the list contains {rule.key} twice; it changed while it was read")
            found[rule.key] = rule
        return list(found.values())

    def _parsed_rule(self, item: JsonObject) -> Resource:
        try:
            return wire_v2.rule(item, self._place)
        except shape.ShapeError as error:
            raise OrchestratorError(f"the list of runner rules cannot be used: {error}") from error

    def rule(self, key: ResourceKey) -> Resource | None:
        """The rule with a natural key, picked from the list: filters can match other rules too (v2 reference 8.2)."""
        query = {_FILTERS[name]: value for name, value in wire_v2.rule_fields(key).items()}
        return next((rule for rule in self.rules(query) if rule.key == key), None)

    def create_rule(self, desired: Resource) -> Resource:
        """Create a rule; its project and environment type must not have one yet, and its runner must exist."""
        return self._channel.send(
            "POST",
            self._path("runner-rules"),
            lambda answer: wire_v2.rule(shape.member_object(answer, "the rule"), self._place),
            body=wire_v2.rule_creation(desired),
        )

    def replace_rule(self, live: Resource, desired: Resource) -> Resource:
        """Delete and create a rule, because rules cannot be changed and each pair can have only one.

        In between, the rule is missing; if the create fails, it stays missing until the next attempt,
        which then skips the delete.
        """
        with suppress(AbsentError):
            self.delete_rule(live)
        return self.create_rule(desired)

    def delete_rule(self, live: Resource) -> None:
        """Delete a rule by its id on the server."""
        self._channel.delete(self._path("runner-rules", live.handle["id"]))


def _type(runner: Resource) -> Json:
    configuration = runner.document["runner_configuration"]
    return configuration.get("type") if isinstance(configuration, dict) else None
