"""Secret stores (v1 section 5): where plain secrets go, and what references can name.

`auth` is write-only. Its texts are discarded at once; only whether the orchestrator could
write with them is stored. One store of an organization is primary at any time (U23).
"""

from typing import Any

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.store import Transaction
from reconciler.emulator.v1.collections import SECRET_STORES
from reconciler.emulator.v1.fields import boolean, known_only, mapping, object_body, required_text, text
from reconciler.emulator.v1.identifiers import check_agent_id
from reconciler.emulator.v1.references import check_unused
from reconciler.emulator.v1.secret_refs import BUILT_IN_STORE
from reconciler.emulator.wire import Document, visible

_KINDS = {
    "awssm": (("region", "endpoint"), ("access_key_id", "secret_access_key")),
    "azurekv": (("tenant_id", "url"), ("client_id", "client_secret")),
    "gcpsm": (("project_id",), ("secret_access_key",)),
    "vault": (("url", "path", "agent_id"), ("token", "role")),
}
"""Kinds that can be registered, with the readable fields and those of `auth`."""

_UPDATE_FIELDS = frozenset({"primary", *_KINDS})
_CREATE_FIELDS = _UPDATE_FIELDS | {"id"}


def primary_store(state: Transaction, organization: str) -> Document:
    """The stored record of the store that receives plain text."""
    stores = state.list(SECRET_STORES, organization)
    return next(store for store in stores if store["primary"])


def can_write(store: Document) -> bool:
    """Whether the orchestrator could write secrets to a store (v1 section 5.3)."""
    return "humanitec" in store or bool(store["_has_auth"])


def plant_built_in_store(call: Call) -> None:
    """Create the built-in secret store of a new organization, as primary."""
    store = {"id": BUILT_IN_STORE, "primary": True, "humanitec": {}, **_created(call)}
    call.state.put(SECRET_STORES, (call.organization, BUILT_IN_STORE), store)


def _list(call: Call) -> Reply:
    return Reply(200, [visible(store) for store in call.state.list(SECRET_STORES, call.organization)])


def _get(call: Call) -> Reply:
    return Reply(200, visible(_store(call)))


def _create(call: Call) -> Reply:
    body = object_body(call, _CREATE_FIELDS)
    store_id = required_text(body, "id")
    check_agent_id(store_id)
    is_primary = boolean(body, "primary")
    if is_primary is None:
        raise ApiError(400, "primary is required", details={"field": "primary"})
    kind = _kind(body)
    if kind is None:
        raise ApiError(400, f"one of {', '.join(_KINDS)} is required", details={"fields": list(_KINDS)})
    if call.state.get(SECRET_STORES, call.organization, store_id):
        raise ApiError(409, f"secret store {store_id} already exists", details={"field": "id"})
    fields, has_auth = _kind_object(call, body, kind)
    store = {
        "id": store_id,
        "primary": is_primary,
        kind: fields,
        **_created(call),
        "_has_auth": bool(has_auth),
    }
    if is_primary:
        _displace_primary(call)
    call.state.put(SECRET_STORES, (call.organization, store_id), store)
    return Reply(201, visible(store))


def _patch(call: Call) -> Reply:
    stored = _store(call)
    body = object_body(call, _UPDATE_FIELDS)
    changed = dict(stored)
    kind = _kind(body)
    if kind is not None:
        if kind not in stored:
            # The kind of a store cannot change (U25); the built-in one has nothing to set.
            raise ApiError(400, "the kind of a secret store cannot be changed", details={"field": kind})
        changed[kind], has_auth = _kind_object(call, body, kind)
        if has_auth is not None:
            changed["_has_auth"] = has_auth
    is_primary = boolean(body, "primary")
    if is_primary is not None and is_primary != stored["primary"]:
        if is_primary:
            _displace_primary(call)
        else:
            _crown_built_in(call, stored)
        changed["primary"] = is_primary
    if changed != stored or _sends_auth(body, kind):
        changed = {**changed, **_updated(call)}
    call.state.put(SECRET_STORES, (call.organization, stored["id"]), changed)
    return Reply(200, visible(changed))


def _delete(call: Call) -> Reply:
    stored = _store(call)
    if stored["id"] == BUILT_IN_STORE:
        raise ApiError(403, "the built-in secret store cannot be deleted")
    check_unused(call, "secret store", stored["id"])
    call.state.remove(SECRET_STORES, (call.organization, stored["id"]))
    if stored["primary"]:
        _crown_built_in(call, stored)
    return Reply(204)


def _displace_primary(call: Call) -> None:
    old = primary_store(call.state, call.organization)
    call.state.put(SECRET_STORES, (call.organization, old["id"]), {**old, "primary": False, **_updated(call)})


def _crown_built_in(call: Call, leaving: Document) -> None:
    """Make the built-in store primary in place of one that no longer is."""
    if leaving["id"] == BUILT_IN_STORE:
        raise ApiError(400, "make another secret store primary instead", details={"field": "primary"})
    key = (call.organization, BUILT_IN_STORE)
    built_in = call.state.get(SECRET_STORES, *key)
    assert built_in is not None
    call.state.put(SECRET_STORES, key, {**built_in, "primary": True, **_updated(call)})


def _kind(body: Document) -> str | None:
    kinds = [name for name in _KINDS if name in body]
    if len(kinds) > 1:
        raise ApiError(400, f"only one of {', '.join(_KINDS)} may be given", details={"fields": kinds})
    return kinds[0] if kinds else None


def _kind_object(call: Call, body: Document, kind: str) -> tuple[Document, bool | None]:
    """The readable fields, and whether `auth` has any content; None if it is absent."""
    names, auth_names = _KINDS[kind]
    sent = known_only(call, mapping(body, kind) or {}, frozenset({*names, "auth"}))
    fields = {name: value for name in names if (value := text(sent, name)) is not None}
    auth = mapping(sent, "auth")
    if auth is None:
        return fields, None
    auth = known_only(call, auth, frozenset(auth_names))
    texts = [text(auth, name) for name in auth_names]
    return fields, any(texts)


def _sends_auth(body: Document, kind: str | None) -> bool:
    sent: Any = body[kind] if kind else {}
    return sent.get("auth") is not None


def _created(call: Call) -> Document:
    return {"created_at": milliseconds(call.now), "created_by": call.actor, **_updated(call)}


def _updated(call: Call) -> Document:
    return {"updated_at": milliseconds(call.now), "updated_by": call.actor}


def _store(call: Call) -> Document:
    store = call.state.get(SECRET_STORES, call.organization, call.path["store"])
    if store is None:
        raise ApiError(404, f"secret store {call.path['store']} not found")
    return store


_ALL = "/orgs/{org}/secretstores"
_ONE = "/orgs/{org}/secretstores/{store}"
_KIND = SECRET_STORES.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "GET", _ONE, _KIND, _get),
    Operation(Api.V1, "PATCH", _ONE, _KIND, _patch),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
