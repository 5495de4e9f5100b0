"""Operator keys (v1 section 6): the body is a bare JSON string, the key is addressed by an id."""

import uuid

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.public_keys import FINGERPRINT, UnacceptableKeyError, rsa_fingerprint
from reconciler.emulator.v1.collections import OPERATOR_KEYS
from reconciler.emulator.v1.fields import json_body, known_only, required_text
from reconciler.emulator.v1.identifiers import user_id
from reconciler.emulator.v1.key_lifetime import expiry
from reconciler.emulator.wire import Document


def register_operator_key(call: Call, pem: str) -> Document:
    """Store an operator key and return it; 400 for an invalid key, 409 for a registered one."""
    try:
        fingerprint = rsa_fingerprint(pem)
    except UnacceptableKeyError as error:
        raise ApiError(400, str(error)) from error
    if next(call.state.find(OPERATOR_KEYS, "fingerprint", call.organization, fingerprint), None):
        raise ApiError(409, f"key {fingerprint} is already registered")
    key = {
        "id": str(uuid.uuid4()),
        "key": pem,
        "fingerprint": fingerprint,
        "created_at": milliseconds(call.now),
        "created_by": user_id(call.actor),
        "expired_at": milliseconds(expiry(call.now)),
    }
    call.state.put(OPERATOR_KEYS, (call.organization, key["id"]), key)
    return key


def plant_operator_key(call: Call, body: Document) -> Document:
    """Store the key of a seed item `{"key": "<PEM>"}`."""
    return register_operator_key(call, required_text(known_only(call, body, frozenset({"key"})), "key"))


def _create(call: Call) -> Reply:
    pem = json_body(call)
    if not isinstance(pem, str):
        raise ApiError(422, "request body must be a JSON string that contains the key")
    return Reply(200, register_operator_key(call, pem))


def _list(call: Call) -> Reply:
    fingerprint = call.parameter("fingerprint")
    if fingerprint is None:
        return Reply(200, call.state.list(OPERATOR_KEYS, call.organization)[::-1])
    if not FINGERPRINT.fullmatch(fingerprint):
        raise ApiError(400, "a fingerprint is 64 lowercase hex digits", details={"field": "fingerprint"})
    found = call.state.find(OPERATOR_KEYS, "fingerprint", call.organization, fingerprint)
    return Reply(200, [key for _, key in found])


def _get(call: Call) -> Reply:
    return Reply(200, _key(call))


def _delete(call: Call) -> Reply:
    call.state.remove(OPERATOR_KEYS, (call.organization, _key(call)["id"]))
    return Reply(204)


def _key(call: Call) -> Document:
    key = call.state.get(OPERATOR_KEYS, call.organization, call.path["key"])
    if key is None:
        raise ApiError(404, f"key {call.path['key']} not found")
    return key


_ALL = "/orgs/{org}/keys"
_ONE = "/orgs/{org}/keys/{key}"
_KIND = OPERATOR_KEYS.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "GET", _ONE, _KIND, _get),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
