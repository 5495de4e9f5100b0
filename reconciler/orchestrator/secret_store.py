"""Secret stores of one organization (v1 reference 5): calls, and the conversion to and from resources.

What PATCH does below the block of a store is not documented (U24): it may merge or replace, and clear `auth` where it
is absent or keep it. So every request leaves the same store whichever it does: if anything of the block differs, the
whole block is sent, with its credentials, and whatever is to be unset is sent as an empty string.
"""

from reconciler.errors import AbsentError, RejectedError
from reconciler.model import canonical
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.secret_store import AUTH_FIELDS, REGISTERED_TYPES
from reconciler.model.state import Resource
from reconciler.model.surroundings import BUILT_IN_STORE, LiveStore
from reconciler.orchestrator import shape
from reconciler.orchestrator.calls import Calls
from reconciler.orchestrator.http import Channel
from reconciler.orchestrator.message import literals

COLLECTION = ("secretstores",)
_TYPES = (*REGISTERED_TYPES, BUILT_IN_STORE)


def parsed(document: JsonObject) -> LiveStore:
    """A registered store; its type is "" if it is not one that the API is known to have. Raises ShapeError."""
    kind = next((name for name in _TYPES if document.get(name) is not None), "")
    fields = shape.member_object(document[kind], f"member `{kind}`") if kind else {}
    return LiveStore(
        id=shape.text(document, "id"),
        is_primary=shape.optional_flag(document, "primary"),
        type=kind,
        fields={name: value for name, value in fields.items() if name != "auth"},
        updated_at=shape.optional_text(document, "updated_at"),
    )


class SecretStores:
    """The calls for secret stores."""

    def __init__(self, channel: Channel, place: Place) -> None:
        self._channel = channel
        self._place = place

    def calls(self) -> Calls:
        """The row of the kind."""
        return Calls(
            get=self._get,
            create=lambda desired, _: self._create(desired),
            update=self._update,
            delete=lambda live, _: self._channel.delete(self._path(live.key.id)),
            listed=self._resource,
        )

    def _path(self, *parts: str) -> tuple[str, ...]:
        return ("orgs", self._place.name, *COLLECTION, *parts)

    def _resource(self, store: LiveStore) -> Resource:
        return Resource(
            ResourceKey(self._place, Kind.SECRET_STORE, store.id),
            canonical.store_document(store.type, store.fields, is_primary=store.is_primary),
            updated_at=store.updated_at,
            is_built_in=store.id == BUILT_IN_STORE,
        )

    def _read(self, answer: Json) -> Resource:
        return self._resource(parsed(shape.member_object(answer, "the secret store")))

    def _get(self, key: ResourceKey) -> Resource | None:
        try:
            return self._channel.get(self._path(key.id), self._read)
        except AbsentError:
            return None

    def _create(self, desired: Resource) -> Resource:
        store_type = str(desired.document["type"])
        body: JsonObject = {
            "id": desired.key.id,
            "primary": desired.document["primary"],
            store_type: {**_block(desired), **_credentials(desired)},
        }
        return self._channel.send("POST", self._path(), self._read, body=body, hidden=literals(desired))

    def _update(self, live: Resource, desired: Resource, secrets_changed: bool) -> Resource:  # noqa: FBT001  as in Calls
        if live.document["type"] != desired.document["type"]:
            raise RejectedError(f"{desired.key}: the kind of a store cannot be changed; nothing was sent")
        body = patch(live, desired, secrets_changed=secrets_changed)
        if not body:
            return live
        path = self._path(desired.key.id)
        return self._channel.send("PATCH", path, self._read, body=body, hidden=literals(desired))


def patch(live: Resource, desired: Resource, *, secrets_changed: bool) -> JsonObject:
    """Body of a PATCH that makes the live store equal to the desired one; empty if nothing differs."""
    body: JsonObject = {}
    if live.document["primary"] != desired.document["primary"]:
        body["primary"] = desired.document["primary"]
    before, after = _block(live), _block(desired)
    if before != after or secrets_changed:
        store_type = str(desired.document["type"])
        unset: JsonObject = dict.fromkeys(sorted(before.keys() - after.keys()), "")
        body[store_type] = {**unset, **after, **_credentials(desired, unset_others=secrets_changed)}
    return body


def _block(store: Resource) -> JsonObject:
    return shape.member_object(store.document[str(store.document["type"])], "the block of the store")


def _credentials(desired: Resource, *, unset_others: bool = False) -> JsonObject:
    """Member `auth` with the declared values, the others unset if asked for; no member if there is nothing to send.

    Raises ValueError if there are credentials and no values for them.
    """
    if desired.secrets and desired.payload is None:
        raise ValueError(f"{desired.key} has credentials but no payload")
    known = AUTH_FIELDS[str(desired.document["type"])] if unset_others else ()
    auth: JsonObject = dict.fromkeys(known, "")
    if desired.payload is not None:
        auth.update(shape.member_object(desired.payload.reveal(), "`auth`"))
    return {"auth": auth} if auth else {}
