"""Modules and their versions (v2 section 16), as in servers before release 3.

A module reads as its newest version; every update creates a version, even an empty update.
"""

import uuid

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import MODULE_RULES, MODULE_USES, MODULE_VERSIONS, MODULES, PROJECTS
from reconciler.emulator.v2.module_providers import require_provider
from reconciler.emulator.v2.module_schemas import CREATE, EMPTY, UPDATE, check_module, without_empty
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.parameters import uuid_parameter
from reconciler.emulator.v2.resource_types import require_resource_type
from reconciler.emulator.wire import Document, visible

_DETAILS = ("module_params", "module_inputs", "module_source_code", "dependencies", "coprovisioned")
"""Members that lists omit."""

_OF_MODULE = ("org_id", "id", "updated_at")
"""Members of a module that its versions do not have."""


def plant_module_use(call: Call, item: Document) -> None:
    """Record that a resource deployed in `project` uses `module`, which prevents its deletion."""
    module = call.state.get(MODULES, call.organization, str(item.get("module")))
    project = call.state.get(PROJECTS, call.organization, str(item.get("project")))
    if module is None or project is None:
        raise ApiError(409, "a use must name an existing module and an existing project")
    key = (call.organization, module["id"], project["id"])
    call.state.put(MODULE_USES, key, {"project_uuid": project["uuid"]})


def _create(call: Call) -> Reply:
    body = call.payload
    require_organization(call)
    module: Document = {"org_id": call.organization, **EMPTY, **without_empty(body)}
    check_module(module)
    if call.state.get(MODULES, call.organization, body["id"]):
        raise ApiError(409, f"module with id {body['id']} already exists")
    require_resource_type(call, body["resource_type"])
    return Reply(201, _stored(call, {**module, "created_at": microseconds(call.now)}))


def _list(call: Call) -> Reply:
    wanted = call.parameter("byResourceType")
    modules = [
        module
        for module in call.state.list(MODULES, call.organization)
        if wanted is None or module["resource_type"] == wanted
    ]
    return page(call, modules, lambda item: (item["id"],), _summary)


def _get(call: Call) -> Reply:
    return Reply(200, _module(call))


def _update(call: Call) -> Reply:
    body = without_empty(call.payload)
    module = {**_module(call), **body}
    # Code belongs to the source with which it was sent.
    if "module_source" in body and "module_source_code" not in body and body["module_source"] != "inline":
        module.pop("module_source_code", None)
    check_module(module)
    return Reply(200, _stored(call, module))


def _delete(call: Call) -> Reply:
    module_id = _module(call)["id"]
    users = []
    for (organization, _, project), use in call.state.find(
        MODULE_USES, "module", call.organization, module_id
    ):
        user = call.state.get(PROJECTS, organization, project)
        if user and user["uuid"] == use["project_uuid"]:
            users.append(project)
    if users:
        raise ApiError(409, f"module is used by one or more projects: {', '.join(sorted(users))}")
    if any(call.state.find(MODULE_RULES, "module", call.organization, module_id)):
        raise ApiError(409, "module is used by one or more module rules")
    call.state.remove(MODULES, (call.organization, module_id))
    for collection in (MODULE_VERSIONS, MODULE_USES):
        for key, _ in call.state.find(collection, "module", call.organization, module_id):
            call.state.remove(collection, key)
    return Reply(204)


def _stored(call: Call, module: Document) -> Document:
    """Store a new version of a module; 409 for a reference that does not exist."""
    for provider in module["provider_mapping"].values():
        require_provider(call, provider)
    for needed in (*module["dependencies"].values(), *module["coprovisioned"]):
        require_resource_type(call, needed["type"])
    moment, version_id = microseconds(call.now), str(uuid.uuid4())
    module = {**module, "version_id": version_id, "updated_at": moment}
    version = {name: value for name, value in module.items() if name not in _OF_MODULE}
    version["created_at"] = moment
    version["_number"] = 1 + sum(
        1 for _ in call.state.find(MODULE_VERSIONS, "module", call.organization, module["id"])
    )
    call.state.put(MODULES, (call.organization, module["id"]), module)
    call.state.put(MODULE_VERSIONS, (call.organization, module["id"], version_id), version)
    return module


def _list_versions(call: Call) -> Reply:
    found = call.state.find(MODULE_VERSIONS, "module", call.organization, _module(call)["id"])
    # Newest first, with markers that increase along the list.
    return page(
        call,
        (version for _, version in found),
        lambda version: (f"{10**9 - version['_number']:010}",),
        lambda version: visible(_summary(version)),
    )


def _accept_version(call: Call) -> str:
    return uuid_parameter(call, "version", "moduleVersionId")


def _get_version(call: Call) -> Reply:
    version = call.state.get(MODULE_VERSIONS, call.organization, _module(call)["id"], call.payload)
    if version is None:
        raise ApiError(404, "module version not found")
    return Reply(200, visible(version))


def _summary(module: Document) -> Document:
    return {name: value for name, value in module.items() if name not in _DETAILS}


def _module(call: Call) -> Document:
    document = call.state.get(MODULES, call.organization, call.path["module"])
    if document is None:
        raise ApiError(404, "module not found")
    return document


_ALL = "/orgs/{org}/modules"
_ONE = "/orgs/{org}/modules/{module}"
_VERSIONS = _ONE + "/versions"

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, MODULES.name, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, MODULES.name, _create, body_of("ModuleCreateBody", CREATE)),
    Operation(Api.V2, "GET", _ONE, MODULES.name, _get),
    Operation(Api.V2, "PATCH", _ONE, MODULES.name, _update, body_of("ModuleUpdateBody", UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, MODULES.name, _delete),
    Operation(Api.V2, "GET", _VERSIONS, MODULE_VERSIONS.name, _list_versions, read_page, lists=True),
    Operation(Api.V2, "GET", _VERSIONS + "/{version}", MODULE_VERSIONS.name, _get_version, _accept_version),
)
