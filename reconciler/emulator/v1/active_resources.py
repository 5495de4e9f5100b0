"""Active resources (v1 section 4.13): only read and deleted here; deployments are outside.

They are created through the control plane.
"""

import hashlib

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import ACTIVE_RESOURCES, DEFINITIONS, RULE_FIELDS
from reconciler.emulator.v1.fields import required_text, text
from reconciler.emulator.wire import Document

_PASSED_ON = frozenset({"criteria_id", "target_def_version_id", "driver_account", "resource", "secret_refs"})


def plant_active_resource(call: Call, body: Document) -> Document:
    """Store an active resource of an existing definition, as a deployment would.

    `app_id`, `env_id`, `res_id` and `def_id` are required; the rest is derived.
    """
    definition = call.state.get(DEFINITIONS, call.organization, required_text(body, "def_id"))
    if definition is None:
        raise ApiError(400, f"resource definition {body['def_id']} does not exist")
    app, env, resource_id = (required_text(body, name) for name in ("app_id", "env_id", "res_id"))
    resource_class = text(body, "class") or "default"
    key = (call.organization, app, env, definition["type"], resource_class, resource_id)
    resource = {
        "org_id": call.organization,
        "app_id": app,
        "env_id": env,
        "env_type": text(body, "env_type") or "development",
        "res_id": resource_id,
        "def_id": definition["id"],
        "def_version_id": text(body, "def_version_id") or definition["active_version_id"],
        "type": definition["type"],
        "class": resource_class,
        "driver_type": definition["driver_type"],
        "status": text(body, "status") or "active",
        "resource": {},
        "secret_refs": {},
        "updated_at": milliseconds(call.now),
        "deploy_id": text(body, "deploy_id") or "seeded",
        "gu_res_id": hashlib.sha256("/".join(key).encode()).hexdigest()[:40],
        "scheduled_deletion": False,
        **{name: value for name, value in body.items() if name in _PASSED_ON},
    }
    criterion = _criterion(definition, resource)
    if criterion:
        resource.setdefault("criteria_id", criterion)
    call.state.put(ACTIVE_RESOURCES, key, resource)
    return resource


def _criterion(definition: Document, resource: Document) -> str:
    """Id of the definition's most specific rule that matches the resource, or ""."""
    fitting = [
        rule
        for rule in definition["criteria"]
        if all(rule.get(name) in (None, resource[name]) for name in (*RULE_FIELDS, "class"))
    ]
    best = max(fitting, key=lambda rule: tuple(name in rule for name in RULE_FIELDS), default={"id": ""})
    return str(best["id"])


def _list(call: Call) -> Reply:
    found = call.state.find(ACTIVE_RESOURCES, "definition", call.organization, call.path["definition"])
    return Reply(200, [resource for _, resource in found])


def _delete(call: Call) -> Reply:
    resource_type, _, resource_class = call.path["type"].partition(".")
    place = (
        call.path["app"],
        call.path["env"],
        resource_type,
        resource_class or "default",
        call.path["resource"],
    )
    key = (call.organization, *place)
    if call.state.get(ACTIVE_RESOURCES, *key) is None:
        raise ApiError(404, "active resource not found")
    call.state.remove(ACTIVE_RESOURCES, key)
    return Reply(204)


_KIND = ACTIVE_RESOURCES.name

OPERATIONS = (
    Operation(
        Api.V1,
        "GET",
        "/orgs/{org}/resources/defs/{definition}/resources",
        _KIND,
        _list,
        lists=True,
    ),
    Operation(
        Api.V1,
        "DELETE",
        "/orgs/{org}/apps/{app}/envs/{env}/resources/{type}/{resource}",
        _KIND,
        _delete,
    ),
)
