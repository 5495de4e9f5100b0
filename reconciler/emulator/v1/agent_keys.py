"""Agent keys (v1 section 3): addressed by fingerprint, replaceable one by one."""

from datetime import datetime, timedelta

from reconciler.emulator.choices import Choices, ExpiredKeys, SharedKey
from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.public_keys import UnacceptableKeyError, rsa_fingerprint
from reconciler.emulator.v1.collections import AGENT_KEYS, AGENTS
from reconciler.emulator.v1.fields import object_body, required_text
from reconciler.emulator.v1.identifiers import user_id
from reconciler.emulator.v1.key_lifetime import expiry
from reconciler.emulator.wire import Document, visible


def register_key(call: Call, agent_id: str, pem: str) -> Document:
    """Store a key of an agent and return it as read; 400 for an invalid key, 409 for a registered one."""
    try:
        fingerprint = rsa_fingerprint(pem)
    except UnacceptableKeyError as error:
        raise ApiError(400, str(error), details={"field": "public_key"}) from error
    for key, _ in call.state.find(AGENT_KEYS, "fingerprint", call.organization, fingerprint):
        if key[1] == agent_id or call.choices.shared_key is SharedKey.REFUSE:
            raise ApiError(409, f"key {fingerprint} is already registered", details={"field": "public_key"})
    stored = {
        "fingerprint": fingerprint,
        "public_key": pem,
        "created_at": milliseconds(call.now),
        "created_by": user_id(call.actor),
        "expired_at": milliseconds(expiry(call.now)),
        "_authorized_at": (call.now + timedelta(seconds=call.key_delay)).timestamp(),
    }
    call.state.put(AGENT_KEYS, (call.organization, agent_id, fingerprint), stored)
    return _as_read(stored, call)


def is_accepted(stored: Document, now: datetime, choices: Choices) -> bool:
    """Whether a stored key opens a tunnel at `now`; `is_authorized` says the same (v1 section 3.2)."""
    if stored["_authorized_at"] > now.timestamp():
        return False
    if choices.expired_keys is ExpiredKeys.ACCEPT:
        return True
    return now < datetime.fromisoformat(stored["expired_at"])


def _create(call: Call) -> Reply:
    agent_id = _agent_id(call)
    body = object_body(call, frozenset({"public_key"}))
    return Reply(200, register_key(call, agent_id, required_text(body, "public_key")))


def _list(call: Call) -> Reply:
    keys = call.state.find(AGENT_KEYS, "agent", call.organization, _agent_id(call))
    return Reply(200, [_as_read(stored, call) for _, stored in keys])


def _delete(call: Call) -> Reply:
    key = (call.organization, _agent_id(call), call.path["fingerprint"])
    if call.state.get(AGENT_KEYS, *key) is None:
        raise ApiError(404, f"key {key[2]} not found")
    # Even the last key can be deleted (v1 U5).
    call.state.remove(AGENT_KEYS, key)
    return Reply(204)


def _agent_id(call: Call) -> str:
    agent_id = call.path["agent"]
    if call.state.get(AGENTS, call.organization, agent_id) is None:
        raise ApiError(404, f"agent {agent_id} not found")
    return agent_id


def _as_read(stored: Document, call: Call) -> Document:
    return {**visible(stored), "is_authorized": is_accepted(stored, call.now, call.choices)}


_ALL = "/orgs/{org}/agents/{agent}/keys"
_ONE = "/orgs/{org}/agents/{agent}/keys/{fingerprint}"
_KIND = AGENT_KEYS.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create, registers_key=True),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
