"""Operator keys of one organization (v1 reference 6): calls, and the conversion to and from resources.

The API makes up an id and deletes by it; keys are identified here by their fingerprint, which the API computes as well.
"""

from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.state import Resource
from reconciler.model.surroundings import OperatorKey
from reconciler.orchestrator import shape
from reconciler.orchestrator.calls import Calls
from reconciler.orchestrator.http import Channel

COLLECTION = ("keys",)


def parsed(document: JsonObject) -> OperatorKey:
    """A key registered for drivers. Raises ShapeError."""
    return OperatorKey(
        id=shape.text(document, "id"),
        fingerprint=shape.text(document, "fingerprint").lower(),
        expired_at=shape.optional_text(document, "expired_at"),
        pem=shape.optional_text(document, "key"),
    )


class OperatorKeys:
    """The calls for Operator keys. None of them changes a key: it is its fingerprint."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self._channel = channel
        self._place = place

    def calls(self) -> Calls:
        """The row of the kind."""
        return Calls(
            get=self._get,
            create=lambda desired, _: self._create(desired),
            delete=lambda live, _: self._channel.delete(self._path(live.handle["id"])),
            listed=self._resource,
        )

    def _path(self, *parts: str) -> tuple[str, ...]:
        return ("orgs", self._place.name, *COLLECTION, *parts)

    def _resource(self, key: OperatorKey) -> Resource:
        return Resource(
            ResourceKey(self._place, Kind.OPERATOR_KEY, key.fingerprint),
            {"public_key": key.pem},
            handle={"id": key.id},
            status={"expired_at": key.expired_at},
        )

    def _read(self, answer: Json) -> Resource:
        return self._resource(parsed(shape.member_object(answer, "the Operator key")))

    def _get(self, key: ResourceKey) -> Resource | None:
        """The key with a fingerprint; the filter is documented to find at most one."""

        def read(answer: Json) -> Resource | None:
            found = map(self._resource, map(parsed, shape.objects(answer, "the list")))
            return next((resource for resource in found if resource.key == key), None)

        return self._channel.get(self._path(), read, query={"fingerprint": key.id})

    def _create(self, desired: Resource) -> Resource:
        """The body is the PEM itself, as a JSON string."""
        return self._channel.send("POST", self._path(), self._read, body=desired.document["public_key"])
