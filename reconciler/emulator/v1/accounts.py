"""Cloud accounts (v1 section 7.3): credentials are accepted and never returned.

No cloud is contacted. Credentials are discarded at once; only whether they contain any text
is stored, and every check of them uses that.
"""

from dataclasses import dataclass

from reconciler.emulator.clock import milliseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import ACCOUNTS, ACTIVE_RESOURCES, DEFINITIONS
from reconciler.emulator.v1.fields import filled_text, flag, mapping, object_body, required_text, text
from reconciler.emulator.v1.identifiers import check_definition_id
from reconciler.emulator.v1.stored_definition import as_read
from reconciler.emulator.wire import Document, parts, visible

_CHANGE_FIELDS = frozenset({"name", "credentials"})
_CREATE_FIELDS = _CHANGE_FIELDS | {"id", "type"}


@dataclass(frozen=True)
class _Mode:
    """Options of a write, from its query parameters."""

    is_rehearsal: bool
    checks_credentials: bool


def _list(call: Call) -> Reply:
    return Reply(200, [_as_read(call, account) for account in call.state.list(ACCOUNTS, call.organization)])


def _get(call: Call) -> Reply:
    return Reply(200, _as_read(call, _account(call)))


def _create(call: Call) -> Reply:
    mode = _mode(call)
    body = object_body(call, _CREATE_FIELDS)
    account_id = required_text(body, "id")
    # A definition can only name an id of this form (v1 section 1.4).
    check_definition_id(account_id)
    for member in ("type", "name"):
        filled_text(body, member)
    credentials = mapping(body, "credentials")
    if credentials is None:
        raise ApiError(400, "credentials is required", details={"field": "credentials"})
    account = {
        "id": account_id,
        "name": body["name"],
        "type": body["type"],
        "created_by": call.actor,
        "created_at": milliseconds(call.now),
        "_has_credentials": _holds_text(credentials),
    }
    if call.state.get(ACCOUNTS, call.organization, account_id):
        raise ApiError(409, f"account {account_id} already exists", details={"field": "id"})
    return _saved(call, account, mode)


def _patch(call: Call) -> Reply:
    account = dict(_account(call))
    mode = _mode(call)
    body = object_body(call, _CHANGE_FIELDS)
    name = text(body, "name")
    if name is not None:
        if not name:
            raise ApiError(400, "name must not be empty", details={"field": "name"})
        account["name"] = name
    credentials = mapping(body, "credentials")
    if credentials is not None:
        account["_has_credentials"] = _holds_text(credentials)
    return _saved(call, account, mode)


def _delete(call: Call) -> Reply:
    account = _account(call)
    key = (call.organization, account["id"])
    definitions = [as_read(found) for _, found in call.state.find(DEFINITIONS, "account", *key)]
    resources = [found for _, found in call.state.find(ACTIVE_RESOURCES, "account", *key)]
    if definitions or resources:
        users = {"resource_definitions": definitions, "active_resources": resources}
        raise ApiError(400, f"account {account['id']} is in use", details={"referencing_resources": users})
    call.state.remove(ACCOUNTS, key)
    return Reply(204)


def _check(call: Call) -> Reply:
    account = _account(call)
    _check_credentials(account)
    field = {"id": "id", "description": f"Account of type {account['type']}", "value": account["id"]}
    return Reply(200, {"identity_fields": [field], "warnings": ["for practice: no cloud was contacted"]})


def _mode(call: Call) -> _Mode:
    return _Mode(is_rehearsal=flag(call, "dry_run"), checks_credentials=flag(call, "check_credential"))


def _saved(call: Call, account: Document, mode: _Mode) -> Reply:
    """Store a checked account and return it; for a dry run 204, and nothing is stored."""
    if mode.checks_credentials:
        _check_credentials(account)
    if mode.is_rehearsal:
        return Reply(204)
    call.state.put(ACCOUNTS, (call.organization, account["id"]), account)
    return Reply(200, _as_read(call, account))


def _check_credentials(account: Document) -> None:
    if not account["_has_credentials"]:
        raise ApiError(
            400, "credentials are not valid: they contain no text", details={"field": "credentials"}
        )


def _holds_text(credentials: Document) -> bool:
    return any(isinstance(part, str) and part.strip() for part in parts(credentials))


def _as_read(call: Call, account: Document) -> Document:
    key = (call.organization, account["id"])
    is_used = any(
        next(call.state.find(collection, "account", *key), None)
        for collection in (DEFINITIONS, ACTIVE_RESOURCES)
    )
    return {**visible(account), "is_used": is_used}


def _account(call: Call) -> Document:
    account = call.state.get(ACCOUNTS, call.organization, call.path["account"])
    if account is None:
        raise ApiError(404, f"account {call.path['account']} not found")
    return account


_ALL = "/orgs/{org}/resources/accounts"
_ONE = "/orgs/{org}/resources/accounts/{account}"
_KIND = ACCOUNTS.name

OPERATIONS = (
    Operation(Api.V1, "GET", _ALL, _KIND, _list, lists=True),
    Operation(Api.V1, "POST", _ALL, _KIND, _create),
    Operation(Api.V1, "GET", _ONE, _KIND, _get),
    Operation(Api.V1, "PATCH", _ONE, _KIND, _patch),
    Operation(Api.V1, "DELETE", _ONE, _KIND, _delete),
    Operation(Api.V1, "POST", f"{_ONE}/actions/check", _KIND, _check),
)
