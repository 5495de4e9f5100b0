"""Conversion for the v1 API: answers to canonical resources, desired resources to request bodies.

`reconciler.model.canonical` normalizes documents and answers alike, so that they can be compared. Bodies
are built from the canonical document, so what is sent is what is compared.
"""

from reconciler.model import canonical
from reconciler.model.active_resource import ActiveResource
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.resource_definition import CRITERION_FIELDS, Criterion, DriverInputs, Entity
from reconciler.model.secret import Handed, Literal, SecretLeaf, Unreadable
from reconciler.model.state import Resource
from reconciler.orchestrator import shape


def is_deleted(document: JsonObject) -> bool:
    """True for a deleted definition, which the server keeps only for its history (v1 reference 4.7)."""
    return shape.optional_flag(document, "is_deleted")


def definition(document: JsonObject, place: Place) -> Resource:
    """The live definition; `handle` maps selectors to ids of criteria.

    Raises ShapeError. `driver_inputs.secrets` in an answer is ignored: no client reads it, and
    `secret_refs` has the same information (v1 reference 4.6).
    """
    inputs = _optional_object(document, "driver_inputs") or {}
    rules = [
        {name: item.get(name) for name in ("id", *CRITERION_FIELDS)}
        for item in shape.optional_objects(document.get("criteria"), "criteria")
    ]
    criteria = [shape.validated(Criterion, rule) for rule in rules]
    entity = Entity(
        name=shape.optional_text(document, "name"),
        type=shape.text(document, "type"),
        driver_type=shape.text(document, "driver_type"),
        driver_account=shape.optional_text(document, "driver_account") or None,
        driver_inputs=DriverInputs(
            values=_optional_object(inputs, "values"), secret_refs=_optional_object(inputs, "secret_refs")
        ),
        provision=_provision(document),
        in_place_driver_change=shape.optional_flag(document, "in_place_driver_change"),
    )
    return Resource(
        key=ResourceKey(place, Kind.DEFINITION, shape.text(document, "id")),
        document=canonical.definition_document(entity),
        secrets={place: _as_read(leaf) for place, leaf in canonical.definition_secrets(entity).items()},
        criteria=canonical.criteria_fields(tuple(criteria)),
        handle={criterion.selector(): criterion.id for criterion in criteria if criterion.id},
        is_built_in=shape.optional_flag(document, "is_default"),
    )


def _optional_object(document: JsonObject, member: str) -> JsonObject | None:
    value = document.get(member)
    return None if value is None else shape.member_object(value, f"member `{member}`")


def _provision(document: JsonObject) -> dict[str, JsonObject | None] | None:
    value = document.get("provision")
    if value is None:
        return None
    return {
        selector: None if options is None else shape.member_object(options, f"provision.{selector}")
        for selector, options in shape.member_object(value, "provision").items()
    }


def _as_read(leaf: SecretLeaf) -> SecretLeaf:
    """A secret without text: live resources never contain secrets, even if the server returns them."""
    return Unreadable() if isinstance(leaf, Literal | Handed) else leaf


def agent(document: JsonObject, place: Place) -> Resource:
    """The live agent; an absent description is the same as an empty one (v1 reference 2.3)."""
    return Resource(
        key=ResourceKey(place, Kind.AGENT, shape.text(document, "id")),
        document={"description": shape.optional_text(document, "description")},
    )


def key(document: JsonObject, place: Place, agent_id: str) -> Resource:
    """A live key of an agent, identified by the fingerprint from the server."""
    identifier = canonical.key_id(agent_id, shape.text(document, "fingerprint").lower())
    return Resource(
        key=ResourceKey(place, Kind.KEY, identifier),
        document={"public_key": shape.text(document, "public_key")},
        status={
            "expired_at": shape.optional_text(document, "expired_at"),
            "is_authorized": "true" if shape.optional_flag(document, "is_authorized") else "false",
        },
    )


def criterion_id(document: JsonObject) -> str:
    """Id of a criterion on the server."""
    return shape.text(document, "id")


def definition_creation(desired: Resource) -> JsonObject:
    """Body of a POST: everything, including criteria (v1 reference 4.2)."""
    document = desired.document
    body: JsonObject = {
        "id": desired.key.id,
        "name": document["name"],
        "type": document["type"],
        "driver_type": document["driver_type"],
        "in_place_driver_change": document["in_place_driver_change"],
    }
    body.update(_optional_members(desired))
    criteria: list[Json] = [dict(fields) for fields in (desired.criteria or {}).values()]
    if criteria:
        body["criteria"] = criteria
    return body


def definition_replacement(desired: Resource) -> JsonObject:
    """Body of a PUT, which replaces the mutable part (v1 reference 4.5).

    The effect of omitting `provision` and `in_place_driver_change` is not documented (U10), so both
    are always sent. Secrets are sent again, because omitting them would unset them.
    """
    document = desired.document
    body: JsonObject = {
        "name": document["name"],
        "driver_type": document["driver_type"],
        "in_place_driver_change": document["in_place_driver_change"],
        "provision": {},
    }
    body.update(_optional_members(desired))
    return body


def _optional_members(desired: Resource) -> JsonObject:
    document = desired.document
    members: JsonObject = {}
    if "driver_account" in document:
        members["driver_account"] = document["driver_account"]
    inputs: JsonObject = {"values": document["values"]} if "values" in document else {}
    inputs.update(secret_inputs(desired))
    if inputs:
        members["driver_inputs"] = inputs
    if "provision" in document:
        members["provision"] = document["provision"]
    return members


def secret_inputs(desired: Resource) -> JsonObject:
    """The `secrets` or `secret_refs` member as declared, empty if there is none.

    Raises ValueError if a desired resource has secrets but no payload: sending it would unset them.
    """
    if desired.payload is None:
        if desired.secrets:
            raise ValueError(f"{desired.key} has secrets but no payload")
        return {}
    payload = desired.payload.reveal()
    assert isinstance(payload, dict)
    return dict(payload)


def active_resource(document: JsonObject) -> ActiveResource:
    """A resource that a deployment made (v1 reference 4.13); its outputs are not read."""
    return ActiveResource(
        definition=shape.text(document, "def_id"),
        criterion=shape.optional_text(document, "criteria_id"),
        application=shape.text(document, "app_id"),
        environment=shape.text(document, "env_id"),
        environment_type=shape.optional_text(document, "env_type"),
        resource_id=shape.text(document, "res_id"),
        resource_class=shape.text(document, "class"),
        type=shape.text(document, "type"),
        status=shape.optional_text(document, "status"),
    )
