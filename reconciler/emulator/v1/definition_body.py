"""Bodies of definition writes: read, checked, and merged with what is stored (v1 4.2 to 4.8).

`criteria` handles criteria, `definitions` stores the result.
"""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1 import provision
from reconciler.emulator.v1.driver_inputs import check_inputs
from reconciler.emulator.v1.fields import boolean, known_only, mapping, required_text, text
from reconciler.emulator.v1.identifiers import check_definition_id, check_driver_account
from reconciler.emulator.v1.references import check_account, check_driver, check_type
from reconciler.emulator.v1.secret_refs import SecretWriter, merge, with_version, without_empty
from reconciler.emulator.v1.secret_stores import can_write, primary_store
from reconciler.emulator.wire import Document

_MUTABLE = frozenset({"name", "driver_account", "driver_inputs", "provision", "in_place_driver_change"})
CREATE_FIELDS = _MUTABLE | {"id", "type", "driver_type", "criteria"}
PUT_FIELDS = _MUTABLE | {"driver_type", "proposed"}
PATCH_FIELDS = _MUTABLE | {"proposed"}

_INPUTS = frozenset({"values", "secrets", "secret_refs"})


@dataclass(frozen=True)
class Content:
    """The writable part of a definition after a write.

    `secret_version` is the counter of secret writes, `wrote_secret` whether this write
    incremented it.
    """

    document: Document
    secret_version: int
    wrote_secret: bool


def created(call: Call, body: Document) -> Content:
    """The content that a create body describes."""
    definition_id = required_text(body, "id")
    check_definition_id(definition_id)
    required_text(body, "name")
    check_type(call, required_text(body, "type"))
    check_driver(call, required_text(body, "driver_type"), body["type"])
    kept = {"type": body["type"], "driver_type": body["driver_type"]}
    return _replaced(call, definition_id, body, kept, 0)


def replaced(call: Call, stored: Document, body: Document) -> Content:
    """The content after a PUT: omitted members are unset, except the driver."""
    required_text(body, "name")
    driver = text(body, "driver_type") or stored["driver_type"]
    if driver != stored["driver_type"]:
        check_driver(call, driver, stored["type"])
    kept = {"type": stored["type"], "driver_type": driver}
    return _replaced(call, stored["id"], body, kept, stored["_secret_version"])


def patched(call: Call, stored: Document, body: Document) -> Content:
    """The content after a PATCH: absent members are kept, null inside a map removes."""
    document = {name: stored[name] for name in (*_MUTABLE, "type", "driver_type") if name in stored}
    for name, read in (("name", text), ("in_place_driver_change", boolean)):
        value = read(body, name)
        if value is not None:
            document[name] = value
    account = text(body, "driver_account")
    if account is not None:
        document.pop("driver_account", None)
        document.update(_account(call, account, stored["driver_type"]))
    options = mapping(body, "provision")
    if options is not None:
        document["provision"] = provision.merged(stored.get("provision", {}), options)
    inputs = mapping(body, "driver_inputs")
    version, wrote = stored["_secret_version"], False
    if inputs is not None:
        writer = _writer(call, stored["id"], version)
        document["driver_inputs"] = _merged_inputs(call, stored.get("driver_inputs", {}), inputs, writer)
        check_inputs(call, stored["driver_type"], document["driver_inputs"], inputs)
        wrote = writer.wrote
        version += wrote
    return Content(_without_empty_provision(document), version, wrote_secret=wrote)


def _replaced(call: Call, definition_id: str, body: Document, kept: Document, version: int) -> Content:
    document: Document = {**kept, "name": text(body, "name")}
    document.update(_account(call, text(body, "driver_account") or "", kept["driver_type"]))
    document["in_place_driver_change"] = boolean(body, "in_place_driver_change") or False
    document["provision"] = provision.filled(mapping(body, "provision") or {})
    writer = _writer(call, definition_id, version)
    inputs = mapping(body, "driver_inputs")
    if inputs is not None:
        document["driver_inputs"] = _merged_inputs(call, None, inputs, writer)
    check_inputs(call, kept["driver_type"], document.get("driver_inputs", {}), inputs or {})
    return Content(_without_empty_provision(document), version + writer.wrote, wrote_secret=writer.wrote)


def _merged_inputs(call: Call, stored: Document | None, sent: Document, writer: SecretWriter) -> Document:
    known = known_only(call, sent, _INPUTS)
    if "secrets" in known and "secret_refs" in known:
        raise ApiError(400, "secrets and secret_refs exclude each other", details={"field": "driver_inputs"})
    inputs = dict(stored or {})
    # A null removes a whole part; `known` no longer contains it.
    if "values" in sent and "values" not in known:
        inputs.pop("values", None)
    if {"secrets", "secret_refs"} & set(sent) and not {"secrets", "secret_refs"} & set(known):
        inputs.pop("secret_refs", None)
    values = mapping(known, "values")
    if values is not None:
        # A new document is returned as sent, nulls included; only a PATCH merges.
        inputs["values"] = values if stored is None else provision.merge_values(inputs.get("values"), values)
    _merge_secrets(inputs, known, "secrets", writer.from_secrets)
    _merge_secrets(inputs, known, "secret_refs", writer.from_references)
    if writer.wrote and "secret_refs" in inputs:
        inputs["secret_refs"] = with_version(inputs["secret_refs"], writer)
    if "secret_refs" in inputs:
        inputs["secret_refs"] = without_empty(inputs["secret_refs"])
    return {name: value for name, value in inputs.items() if value != {}}


def _merge_secrets(
    inputs: Document, known: Document, name: str, read: Callable[[Document], Document]
) -> None:
    sent = mapping(known, name)
    if sent is not None:
        inputs["secret_refs"] = merge(inputs.get("secret_refs", {}), read(sent))


def _writer(call: Call, definition_id: str, version: int) -> SecretWriter:
    store = primary_store(call.state, call.organization)
    return SecretWriter(
        organization=call.organization,
        definition=definition_id,
        primary_store=store["id"],
        is_writable=can_write(store),
        version=version + 1,
    )


def _account(call: Call, value: str, driver_type: str) -> Document:
    if not value:
        return {}
    check_driver_account(value)
    check_account(call, value, driver_type)
    return {"driver_account": value}


def _without_empty_provision(document: Document) -> Document:
    # `driver_inputs: {}` comes back as an object, `provision: {}` does not (v1 section 4.3).
    return {name: value for name, value in document.items() if not (name == "provision" and not value)}
