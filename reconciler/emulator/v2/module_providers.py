"""Module providers (v2 section 16): how modules reach a cloud, by provider type and id."""

from reconciler.emulator.clock import microseconds
from reconciler.emulator.exchange import Api, Call, Operation, Reply
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.bodies import body_of
from reconciler.emulator.v2.collections import MODULE_PROVIDERS, MODULE_VERSIONS
from reconciler.emulator.v2.organizations import require_organization
from reconciler.emulator.v2.paging import page, read_page
from reconciler.emulator.v2.schema import Schema
from reconciler.emulator.v2.schema_parts import DESCRIPTION, FREE, IDENTIFIER, matching
from reconciler.emulator.wire import Document, encode

_LARGEST_CONFIGURATION = 5 * 1024
"""Bytes of a configuration as JSON."""

_OPERATOR = "(?:!=|>=|<=|~>|[=<>])"


def _text(pattern: str, text: str) -> Schema:
    return matching(pattern, text, maxLength=100)


_CHANGEABLE: dict[str, Schema] = {
    "description": DESCRIPTION,
    # Anything can follow a hyphen, commas included; written with only one way to match,
    # unlike the published expression (v2 section 15).
    "version_constraint": _text(
        rf"{_OPERATOR} [0-9.]+(?:, {_OPERATOR} [0-9.]+)*(?:-.+)?",
        "version_constraint must be a valid provider version constraint such as"
        " = 1.2.3, >= 1.2.2, < 2.0.0, ~> 1.2.2",
    ),
    "configuration": FREE,
}
_CREATE: Schema = {
    "type": "object",
    "required": ["provider_type", "id", "source", "version_constraint"],
    "properties": {
        **_CHANGEABLE,
        "provider_type": _text(IDENTIFIER, "provider_type must be a valid OpenTofu identifier"),
        "id": _text(IDENTIFIER, "id must be a valid OpenTofu identifier"),
        "source": _text(
            f"(?:[a-z0-9.-]+/)?{IDENTIFIER}/{IDENTIFIER}", "source must match (hostname/)namespace/type"
        ),
    },
}
_UPDATE: Schema = {"type": "object", "properties": _CHANGEABLE}


def require_provider(call: Call, name: str) -> None:
    """Refuse a reference to a provider, by `type.id`, that does not exist: 409."""
    if call.state.get(MODULE_PROVIDERS, call.organization, *name.split(".")) is None:
        raise ApiError(409, f"module provider '{name}' not found")


def _create(call: Call) -> Reply:
    body = call.payload
    require_organization(call)
    _check_size(body)
    if call.state.get(MODULE_PROVIDERS, call.organization, body["provider_type"], body["id"]):
        name = f"{body['provider_type']}.{body['id']}"
        raise ApiError(409, f"module provider with id {name} already exists")
    document = {
        "org_id": call.organization,
        "configuration": {},
        **body,
        "created_at": microseconds(call.now),
    }
    _store(call, document)
    return Reply(201, document)


def _list(call: Call) -> Reply:
    wanted = call.parameter("byProviderType")
    providers = [
        provider
        for provider in call.state.list(MODULE_PROVIDERS, call.organization)
        if wanted is None or provider["provider_type"] == wanted
    ]
    return page(call, providers, lambda item: (item["provider_type"], item["id"]), _summary)


def _summary(provider: Document) -> Document:
    hidden = ("version_constraint", "configuration")
    return {name: value for name, value in provider.items() if name not in hidden}


def _get(call: Call) -> Reply:
    return Reply(200, _provider(call))


def _update(call: Call) -> Reply:
    document = {**_provider(call), **call.payload}
    _check_size(document)
    _store(call, document)
    return Reply(200, document)


def _delete(call: Call) -> Reply:
    provider = _provider(call)
    name = f"{provider['provider_type']}.{provider['id']}"
    versions = call.state.find(MODULE_VERSIONS, "provider", call.organization, name)
    users = sorted(f"{module}@{version}" for (_, module, version), _ in versions)
    if users:
        raise ApiError(409, f"module versions are still using this provider: {', '.join(users)}")
    call.state.remove(MODULE_PROVIDERS, (call.organization, provider["provider_type"], provider["id"]))
    return Reply(204)


def _check_size(document: Document) -> None:
    if len(encode(document.get("configuration", {}))) > _LARGEST_CONFIGURATION:
        raise ApiError(400, f"configuration must not be larger than {_LARGEST_CONFIGURATION} bytes")


def _store(call: Call, document: Document) -> None:
    key = (call.organization, document["provider_type"], document["id"])
    call.state.put(MODULE_PROVIDERS, key, document)


def _provider(call: Call) -> Document:
    document = call.state.get(
        MODULE_PROVIDERS, call.organization, call.path["provider_type"], call.path["provider"]
    )
    if document is None:
        raise ApiError(404, "module provider not found")
    return document


_ALL = "/orgs/{org}/module-providers"
_ONE = "/orgs/{org}/module-providers/{provider_type}/{provider}"
_KIND = MODULE_PROVIDERS.name

OPERATIONS = (
    Operation(Api.V2, "GET", _ALL, _KIND, _list, read_page, lists=True),
    Operation(Api.V2, "POST", _ALL, _KIND, _create, body_of("ModuleProviderCreateBody", _CREATE)),
    Operation(Api.V2, "GET", _ONE, _KIND, _get),
    Operation(Api.V2, "PATCH", _ONE, _KIND, _update, body_of("ModuleProviderUpdateBody", _UPDATE)),
    Operation(Api.V2, "DELETE", _ONE, _KIND, _delete),
)
