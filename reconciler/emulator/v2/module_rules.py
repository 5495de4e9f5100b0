"""Module rules (v2 section 16): which module creates which resource where. No update."""

import uuid

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ENV_TYPES
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import ENVIRONMENTS, MODULE_RULES, MODULES, PROJECTS
from reconciler.emulator.v2.leaving import drop_destroyed
from reconciler.emulator.v2.module_schemas import MODULE_ID, RESOURCE_CLASS, RESOURCE_ID
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.parameters import uuid_parameter
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import slug
from reconciler.emulator.wire import Document

_CREATE: Schema = {
    "type": "object",
    "required": ["module_id"],
    "properties": {
        "module_id": MODULE_ID,
        "resource_class": RESOURCE_CLASS,
        "resource_id": RESOURCE_ID,
        "env_type_id": slug("env_type_id must be a valid identifier"),
        "project_id": slug("project_id must be a valid identifier"),
        "env_id": slug("env_id must be a valid identifier"),
    },
}
_FILTERS = (
    ("byResourceType", "resource_type"),
    ("byModuleId", "module_id"),
    ("byProjectId", "project_id"),
    ("byEnvId", "env_id"),
)


def weight(rule: Document) -> int:
    """How specific a rule is: the greatest wins, as with runner rules (v2 section 8.3)."""
    return 4 * ("env_id" in rule) + 2 * ("project_id" in rule) + ("env_type_id" in rule)


def takes_part(rule: Document, environment: Document) -> bool:
    """Whether each set field of a rule equals that of the environment."""
    places = {
        "project_id": environment["project_id"],
        "env_type_id": environment["env_type_id"],
        "env_id": environment["id"],
    }
    return all(rule.get(name, value) == value for name, value in places.items())


def _create(call: Call) -> Reply:
    body = call.payload
    if "env_id" in body and "project_id" not in body:
        raise ApiError(400, "env_id requires project_id to be set")
    if "env_id" in body and "env_type_id" in body:
        raise ApiError(400, "env_id and env_type_id are mutually exclusive")
    require_organization(call)
    module = call.state.get(MODULES, call.organization, body["module_id"])
    if module is None:
        raise ApiError(400, f"module '{body['module_id']}' not found")
    _require_place(call, body)
    rule = {
        "id": str(uuid.uuid4()),
        "org_id": call.organization,
        "resource_class": "default",
        **body,
        "resource_type": module["resource_type"],
        "created_at": microseconds(call.now),
    }
    key = (call.organization, rule["id"])
    for match in MODULE_RULES.indexes["match"](key, rule):
        for _, equal in call.state.find(MODULE_RULES, "match", *match):
            existing = f"existing rule '{equal['id']}' for module '{equal['module_id']}'"
            raise ApiError(409, f"module rule conflicts with {existing}")
    call.state.put(MODULE_RULES, key, rule)
    return Reply(201, rule)


def _require_place(call: Call, body: Document) -> None:
    project, env, env_type = (body.get(name) for name in ("project_id", "env_id", "env_type_id"))
    if project and call.state.get(PROJECTS, call.organization, project) is None:
        raise ApiError(409, f"project '{project}' not found")
    if env_type and call.state.get(ENV_TYPES, call.organization, env_type) is None:
        raise ApiError(409, f"environment type '{env_type}' not found")
    drop_destroyed(call)
    if env and call.state.get(ENVIRONMENTS, call.organization, str(project), env) is None:
        raise ApiError(409, f"environment '{env}' not found in project '{project}'")


def _accept_list(call: Call) -> int:
    if call.parameter("byEnvId") is not None and call.parameter("byProjectId") is None:
        raise ApiError(400, "byEnvId must be used together with byProjectId")
    return read_page(call)


def _list(call: Call) -> Reply:
    drop_destroyed(call)
    rules = call.state.list(MODULE_RULES, call.organization)
    for name, field in _FILTERS:
        wanted = call.parameter(name)
        if wanted is not None:
            rules = [rule for rule in rules if rule.get(field) == wanted]
    return page(call, rules, lambda rule: (rule["id"],), dict)


def _accept_id(call: Call) -> str:
    return uuid_parameter(call, "rule", "ruleId")


def _get(call: Call) -> Reply:
    return Reply(200, _rule(call))


def _delete(call: Call) -> Reply:
    call.state.remove(MODULE_RULES, (call.organization, _rule(call)["id"]))
    return Reply(204)


def _rule(call: Call) -> Document:
    drop_destroyed(call)
    rule = call.state.get(MODULE_RULES, call.organization, call.payload)
    if rule is None:
        raise ApiError(404, "module rule not found")
    return rule


_ALL = "/orgs/{org}/module-rules"
_ONE = "/orgs/{org}/module-rules/{rule}"
_KIND = MODULE_RULES.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, _accept_list, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("RuleCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get, _accept_id),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete, _accept_id),
)
