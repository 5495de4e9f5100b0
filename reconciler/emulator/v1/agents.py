"""Agents (v1 section 2): who can open a tunnel, and under which id."""

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.agent_keys import register_key
from reconciler.emulator.v1.collections import AGENT_KEYS, AGENTS
from reconciler.emulator.v1.fields import object_body, required_text, text
from reconciler.emulator.v1.identifiers import check_agent_id, user_id
from reconciler.emulator.wire import Document


def _create(call: Call) -> Reply:
    body = object_body(call, frozenset({"id", "public_key", "description"}))
    agent_id = required_text(body, "id")
    check_agent_id(agent_id)
    pem = required_text(body, "public_key")
    description = text(body, "description")
    if call.state.get(AGENTS, call.organization, agent_id):
        raise ApiError(409, f"agent {agent_id} already exists", details={"field": "id"})
    agent = {"id": agent_id, "created_at": milliseconds(call.now), "created_by": user_id(call.actor)}
    if description:
        agent["description"] = description
    call.state.put(AGENTS, (call.organization, agent_id), agent)
    # If a key is refused, the agent is not created either: the whole request is undone.
    register_key(call, agent_id, pem)
    return Reply(200, agent)


def _list(call: Call) -> Reply:
    fingerprint = call.parameter("fingerprint")
    if fingerprint is None:
        return Reply(200, call.state.list(AGENTS, call.organization))
    holders = call.state.find(AGENT_KEYS, "fingerprint", call.organization, fingerprint)
    return Reply(200, [call.state.get(AGENTS, key[0], key[1]) for key, _ in holders])


def _patch(call: Call) -> Reply:
    agent = _agent(call)
    description = required_text(object_body(call, frozenset({"description"})), "description")
    changed = {name: value for name, value in agent.items() if name != "description"}
    # Absent and empty are the same state (v1 section 2.3); a new agent shows absent.
    if description:
        changed["description"] = description
    call.state.put(AGENTS, (call.organization, agent["id"]), changed)
    return Reply(200, changed)


def _delete(call: Call) -> Reply:
    agent = _agent(call)
    call.state.remove(AGENTS, (call.organization, agent["id"]))
    for key, _ in call.state.find(AGENT_KEYS, "agent", call.organization, agent["id"]):
        call.state.remove(AGENT_KEYS, key)
    return Reply(204)


def _agent(call: Call) -> Document:
    agent = call.state.get(AGENTS, call.organization, call.path["agent"])
    if agent is None:
        raise ApiError(404, f"agent {call.path['agent']} not found")
    return agent


_ALL = "/orgs/{org}/agents"
_ONE = "/orgs/{org}/agents/{agent}"
_KIND = AGENTS.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create, registers_key=True),
    Operation(Api.V1, "PATCH", _ONE, _KIND, _patch),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
