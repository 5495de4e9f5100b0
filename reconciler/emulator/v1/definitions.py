"""Resource definitions (v1 section 4): list, create, replace, merge, delete."""

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1 import definition_body
from reconciler.emulator.v1.collections import ACTIVE_RESOURCES, DEFINITIONS, DELETED_DEFINITIONS, RULE_FIELDS
from reconciler.emulator.v1.criteria import best_definition, change, check_unique, rules_from, with_ids
from reconciler.emulator.v1.definition_body import CREATE_FIELDS, PATCH_FIELDS, PUT_FIELDS, Content
from reconciler.emulator.v1.fields import boolean, flag, known_only, object_body
from reconciler.emulator.v1.stored_definition import any_definition_in_path, as_read, definition_in_path
from reconciler.emulator.v1.versions import add_version
from reconciler.emulator.wire import Document

_FILTERS = {"app": "app_id", "env": "env_id", "env_type": "env_type", "res": "res_id", "class": "class"}


def create_definition(call: Call, body: Document, *, is_default: bool = False) -> Document:
    """Store a new definition with its criteria and return it as read."""
    body = known_only(call, body, CREATE_FIELDS)
    content = definition_body.created(call, body)
    key = (call.organization, body["id"])
    if call.state.get(DEFINITIONS, *key):
        raise ApiError(409, f"resource definition {key[1]} already exists", details={"field": "id"})
    rules = rules_from(call, body.get("criteria", []))
    check_unique(call, key[1], content.document["type"], rules)
    definition = {
        "org_id": call.organization,
        "id": key[1],
        **content.document,
        "criteria": with_ids(call, rules, []),
        "is_default": is_default,
        "is_deleted": False,
        "created_at": milliseconds(call.now),
        "created_by": call.actor,
        "_secret_version": content.secret_version,
    }
    definition["active_version_id"] = add_version(
        call, key[1], definition, "created", proposed=False, secret_version=content.secret_version
    )
    call.state.put(DEFINITIONS, key, definition)
    call.state.remove(DELETED_DEFINITIONS, key)
    return as_read(definition)


def _create(call: Call) -> Reply:
    return Reply(200, create_definition(call, object_body(call, CREATE_FIELDS)))


def _list(call: Call) -> Reply:
    found = call.state.list(DEFINITIONS, call.organization)
    if flag(call, "deleted"):
        found += call.state.list(DELETED_DEFINITIONS, call.organization)
    wanted = {field: value for name, field in _FILTERS.items() if (value := call.parameter(name))}
    wanted_type = call.parameter("res_type")
    if wanted_type:
        found = [definition for definition in found if definition["type"] == wanted_type]
    if wanted or wanted_type:
        found = _ranked(found, wanted)
    return Reply(200, [as_read(definition) for definition in found])


def _ranked(definitions: list[Document], wanted: Document) -> list[Document]:
    """Definitions with a rule that could match; by type, then best rule first (U31)."""
    ranks = []
    for definition in definitions:
        matching = [_rank(rule) for rule in definition["criteria"] if _could_match(rule, wanted)]
        if matching:
            ranks.append((definition["type"], max(matching), definition))
    ranks.sort(key=lambda item: item[1], reverse=True)
    ranks.sort(key=lambda item: item[0])
    return [definition for _, _, definition in ranks]


def _could_match(rule: Document, wanted: Document) -> bool:
    return all(rule.get(field) in (None, value) for field, value in wanted.items())


def _rank(rule: Document) -> tuple[bool, ...]:
    return tuple(name in rule for name in RULE_FIELDS)


def _get(call: Call) -> Reply:
    return Reply(200, as_read(any_definition_in_path(call)))


def _put(call: Call) -> Reply:
    stored = definition_in_path(call)
    body = object_body(call, PUT_FIELDS)
    return _changed(call, stored, definition_body.replaced(call, stored, body), body)


def _patch(call: Call) -> Reply:
    stored = definition_in_path(call)
    body = object_body(call, PATCH_FIELDS)
    return _changed(call, stored, definition_body.patched(call, stored, body), body)


def _changed(call: Call, stored: Document, content: Content, body: Document) -> Reply:
    unchanged = all(
        stored.get(name) == content.document.get(name)
        for name in (*PUT_FIELDS, "type")
        if name in stored or name in content.document
    )
    if unchanged and not content.wrote_secret:
        # A write that changes nothing creates no version (U12).
        return Reply(200, as_read(stored))
    proposed = boolean(body, "proposed") or False
    version_id = add_version(
        call,
        stored["id"],
        content.document,
        "updated",
        proposed=proposed,
        secret_version=content.secret_version,
    )
    if proposed:
        # The counter is incremented anyway: the text was written to the secret store.
        definition = {**stored, "_secret_version": content.secret_version}
    else:
        rest = {name: value for name, value in stored.items() if name not in PUT_FIELDS}
        definition = {
            **rest,
            **content.document,
            "active_version_id": version_id,
            "updated_at": milliseconds(call.now),
            "updated_by": call.actor,
            "_secret_version": content.secret_version,
        }
    call.state.put(DEFINITIONS, (call.organization, stored["id"]), definition)
    return Reply(200, as_read(definition))


def _delete(call: Call) -> Reply:
    stored = definition_in_path(call)
    if stored["is_default"]:
        raise ApiError(403, "a built-in resource definition cannot be deleted; remove its criteria instead")
    key = (call.organization, stored["id"])
    if not flag(call, "force"):
        resources = call.state.find(ACTIVE_RESOURCES, "definition", *key)
        changes = [
            change(resource, key[1], best_definition(call.state, resource, without_definition=key[1]))
            for _, resource in resources
        ]
        if changes:
            return Reply(409, changes)
    call.state.remove(DEFINITIONS, key)
    deleted = {**stored, "is_deleted": True, "updated_at": milliseconds(call.now), "updated_by": call.actor}
    deleted["active_version_id"] = add_version(
        call, key[1], stored, "deleted", proposed=False, secret_version=stored["_secret_version"]
    )
    call.state.put(DELETED_DEFINITIONS, key, deleted)
    return Reply(204)


_ALL = "/orgs/{org}/resources/defs"
_ONE = "/orgs/{org}/resources/defs/{definition}"
_KIND = DEFINITIONS.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "GET", _ONE, _KIND, _get),
    Operation(Api.V1, "PUT", _ONE, _KIND, _put),
    Operation(Api.V1, "PATCH", _ONE, _KIND, _patch),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
)
