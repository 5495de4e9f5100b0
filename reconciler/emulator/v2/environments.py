"""Environments (v2 section 16), as far as runners need them: binding, deletion checks, refresh (8.4)."""

import uuid

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ENV_TYPES
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import ENVIRONMENTS, MODULE_RULES, PROJECTS, RUNNERS
from reconciler.emulator.v2.leaving import drop_destroyed
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.parameters import boolean_parameter
from reconciler.emulator.v2.runner_choice import choose_runner
from reconciler.emulator.v2.schema_parts import DISPLAY_NAME, slug
from reconciler.emulator.wire import Document, visible

_CREATE = {
    "type": "object",
    "required": ["id", "env_type_id"],
    "properties": {
        "id": slug("id must be a valid environment identifier"),
        "env_type_id": slug("env_type_id must be a valid environment type identifier"),
        "display_name": DISPLAY_NAME,
    },
}
_UPDATE = {"type": "object", "required": ["display_name"], "properties": {"display_name": DISPLAY_NAME}}


def deploy_environment(call: Call) -> Document:
    """Bind an environment permanently to a runner, as a first deployment does.

    409 if no rule matches. An environment that is already bound is not changed.
    """
    environment = environment_in_path(call)
    if environment.get("runner_id"):
        return environment
    return bind_environment(call, choose_runner(call, environment))


def bind_environment(call: Call, runner_id: str) -> Document:
    """Bind the environment in the path to an existing runner, whatever the rules say."""
    if call.state.get(RUNNERS, call.organization, runner_id) is None:
        raise ApiError(409, f"runner '{runner_id}' not found")
    document = {**environment_in_path(call), "runner_id": runner_id, "updated_at": microseconds(call.now)}
    _store(call, document)
    return document


def environment_in_path(call: Call) -> Document:
    """The environment that a path names, as stored; 404 if there is none or it was deleted."""
    drop_destroyed(call)
    document = call.state.get(ENVIRONMENTS, call.organization, call.path["project"], call.path["env"])
    if document is None:
        raise ApiError(404, "environment not found")
    return document


def _create(call: Call) -> Reply:
    body = call.payload
    require_organization(call)
    drop_destroyed(call)
    project = call.state.get(PROJECTS, call.organization, call.path["project"])
    if project is None:
        raise ApiError(409, f"project '{call.path['project']}' not found")
    if call.state.get(ENV_TYPES, call.organization, body["env_type_id"]) is None:
        raise ApiError(409, f"environment type '{body['env_type_id']}' not found")
    if call.state.get(ENVIRONMENTS, call.organization, project["id"], body["id"]):
        raise ApiError(409, f"environment with id {body['id']} already exists")
    moment = microseconds(call.now)
    document = {
        "id": body["id"],
        "uuid": str(uuid.uuid4()),
        "project_id": project["id"],
        "project_uuid": project["uuid"],
        "env_type_id": body["env_type_id"],
        "display_name": body.get("display_name", body["id"]),
        "created_at": moment,
        "updated_at": moment,
        "status": "active",
    }
    _store(call, document)
    return Reply(201, document)


def _list(call: Call) -> Reply:
    drop_destroyed(call)
    wanted = {value for name, value in call.query if name == "byEnvTypeId"}
    found = call.state.find(ENVIRONMENTS, "project", call.organization, call.path["project"])
    documents = [document for _, document in found if not wanted or document["env_type_id"] in wanted]
    return page(call, documents, lambda item: (item["id"],), visible)


def _get(call: Call) -> Reply:
    return Reply(200, visible(environment_in_path(call)))


def _update(call: Call) -> Reply:
    changes = {"display_name": call.payload["display_name"], "updated_at": microseconds(call.now)}
    document = {**environment_in_path(call), **changes}
    _store(call, document)
    return Reply(200, visible(document))


def _accept_delete(call: Call) -> tuple[bool, bool]:
    """Read whether the environment is removed without being destroyed, and whether its rules are deleted."""
    return boolean_parameter(call, "force"), boolean_parameter(call, "deleteRules")


def _delete(call: Call) -> Reply:
    document = environment_in_path(call)
    is_forced, takes_rules = call.payload
    _release_rules(call, document, takes_rules=takes_rules)
    if is_forced or not document.get("runner_id"):
        call.state.remove(ENVIRONMENTS, (call.organization, document["project_id"], document["id"]))
        return Reply(204)
    if document["status"] == "deleting":
        raise ApiError(409, "cannot delete environment in status 'deleting'")
    leaving = {
        **document,
        "status": "deleting",
        "updated_at": microseconds(call.now),
        "_gone_at": call.now.timestamp() + call.choices.destroy_seconds,
    }
    _store(call, leaving)
    return Reply(202, visible(leaving))


def _release_rules(call: Call, document: Document, *, takes_rules: bool) -> None:
    place = (call.organization, document["project_id"], document["id"])
    rules = [key for key, _ in call.state.find(MODULE_RULES, "env", *place)]
    if rules and not takes_rules:
        raise ApiError(409, "environment is in use by module rules")
    for key in rules:
        call.state.remove(MODULE_RULES, key)


def _accept_refresh(call: Call) -> bool:
    return boolean_parameter(call, "dry_run")


def _refresh_runner(call: Call) -> Reply:
    environment = environment_in_path(call)
    runner_id = choose_runner(call, environment)
    if not call.payload:
        bind_environment(call, runner_id)
    # True even if the runner stays the same (v2 section 8.4).
    return Reply(200, {"runner_id": runner_id, "updated": not call.payload})


def _store(call: Call, document: Document) -> None:
    call.state.put(ENVIRONMENTS, (call.organization, document["project_id"], document["id"]), document)


_ALL = "/orgs/{org}/projects/{project}/envs"
_ONE = "/orgs/{org}/projects/{project}/envs/{env}"
_KIND = ENVIRONMENTS.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("EnvironmentCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get),
    Operation(Api.V2, "PATCH", _ONE, _KIND, _update, body_of("EnvironmentUpdateBody", _UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete, _accept_delete),
    Operation(Api.V2, "POST", _ONE + "/actions/refresh_runner", _KIND, _refresh_runner, _accept_refresh),
)
