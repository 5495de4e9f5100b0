"""Applications: listed and created only; their contents belong to deployments, which are not covered.

An application with a seeded active resource exists.
"""

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import ACTIVE_RESOURCES, APPLICATIONS
from reconciler.emulator.v1.fields import object_body, required_text, text
from reconciler.emulator.v1.identifiers import check_application_id
from reconciler.emulator.wire import Document

_FIELDS = frozenset({"id", "name"})


def _list(call: Call) -> Reply:
    found = {one["id"]: one for one in call.state.list(APPLICATIONS, call.organization)}
    for resource in call.state.list(ACTIVE_RESOURCES, call.organization):
        name = resource["app_id"]
        found.setdefault(name, _application(name, name, resource["updated_at"], "seed"))
    return Reply(200, list(found.values()))


def _create(call: Call) -> Reply:
    body = object_body(call, _FIELDS)
    name = required_text(body, "id")
    check_application_id(name)
    if call.state.get(APPLICATIONS, call.organization, name):
        raise ApiError(409, f"application {name} already exists", details={"field": "id"})
    application = _application(name, text(body, "name") or name, milliseconds(call.now), call.actor)
    call.state.put(APPLICATIONS, (call.organization, name), application)
    return Reply(201, application)


def _application(identifier: str, name: str, created_at: str, created_by: str) -> Document:
    return {"id": identifier, "name": name, "created_at": created_at, "created_by": created_by, "envs": []}


_ALL = "/orgs/{org}/apps"

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, APPLICATIONS.name, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, APPLICATIONS.name, _create),
)
