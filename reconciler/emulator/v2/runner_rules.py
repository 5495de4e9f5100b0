"""Runner rules (v2 section 8): unique pairs, no update, unset fields read as empty strings."""

import uuid

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ENV_TYPES
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import PROJECTS, RUNNER_RULES, RUNNERS
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.parameters import uuid_parameter
from reconciler.emulator.v2.schema_parts import TEXT
from reconciler.emulator.wire import Document

_CREATE = {
    "type": "object",
    "required": ["runner_id"],
    "properties": {"runner_id": TEXT, "env_type_id": TEXT, "project_id": TEXT},
}


def _create(call: Call) -> Reply:
    body = call.payload
    runner_id = body["runner_id"]
    project, env_type = body.get("project_id", ""), body.get("env_type_id", "")
    if not runner_id:
        raise ApiError(400, "runner_id is mandatory to create a runner rule")
    if call.state.get(RUNNERS, call.organization, runner_id) is None:
        raise ApiError(409, f"runner '{runner_id}' not found")
    if env_type and call.state.get(ENV_TYPES, call.organization, env_type) is None:
        raise ApiError(409, f"environment type '{env_type}' not found")
    if project and call.state.get(PROJECTS, call.organization, project) is None:
        raise ApiError(409, f"project '{project}' not found")
    for _, rule in call.state.find(RUNNER_RULES, "pair", call.organization, project, env_type):
        existing = f"existing rule '{rule['id']}' for runner '{rule['runner_id']}'"
        raise ApiError(409, f"runner rule conflicts with {existing}")
    document = {
        "id": str(uuid.uuid4()),
        "org_id": call.organization,
        "runner_id": runner_id,
        "project_id": project,
        "env_type_id": env_type,
        "created_at": microseconds(call.now),
    }
    call.state.put(RUNNER_RULES, (call.organization, document["id"]), document)
    return Reply(201, document)


def _list(call: Call) -> Reply:
    rules = call.state.list(RUNNER_RULES, call.organization)
    runner = call.parameter("byRunnerId")
    if runner is not None:
        rules = [rule for rule in rules if rule["runner_id"] == runner]
    # These two filters mean "is a candidate for", so rules with unset fields are included (v2 section 8.2).
    for name, field in (("byProjectId", "project_id"), ("byEnvTypeId", "env_type_id")):
        wanted = call.parameter(name)
        if wanted is not None:
            rules = [rule for rule in rules if rule[field] in ("", wanted)]
    return page(call, rules, lambda rule: (rule["runner_id"], rule["id"]), dict)


def _accept_id(call: Call) -> str:
    return uuid_parameter(call, "rule", "ruleId")


def _get(call: Call) -> Reply:
    return Reply(200, _rule(call))


def _delete(call: Call) -> Reply:
    call.state.remove(RUNNER_RULES, (call.organization, _rule(call)["id"]))
    return Reply(204)


def _rule(call: Call) -> Document:
    rule = call.state.get(RUNNER_RULES, call.organization, call.payload)
    if rule is None:
        raise ApiError(404, "runner rule not found")
    return rule


_ALL = "/orgs/{org}/runner-rules"
_ONE = "/orgs/{org}/runner-rules/{rule}"
_KIND = RUNNER_RULES.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("RunnerRuleCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get, _accept_id),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete, _accept_id),
)
