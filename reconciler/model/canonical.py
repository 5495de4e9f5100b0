"""Canonical form of resources, the same for documents and for responses of the API.

What the server changes is handled here only: defaults it fills in, empty containers it drops,
secrets it rewrites (v1 reference 4.3, 4.6, 4.8, 14; v2 reference 5.6, 5.7, 17). What is equal
to the server is equal here, so that a plan after an apply finds no changes.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from reconciler.model.handed import as_tag, is_tagged, source_of
from reconciler.model.json import Json, JsonObject, pointer
from reconciler.model.resource_definition import Criterion, Entity, selector_of
from reconciler.model.runner import WRITE_ONLY_AUTH
from reconciler.model.secret import Expression, Handed, Literal, Reference, Secret, SecretLeaf, Unreadable
from reconciler.vendor import orchestrator_v1 as v1

_ONE_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_REFERENCE_MEMBERS = frozenset(("store", "ref", "version", "value"))
SECRET_TEXT = "SECRET"  # noqa: S105  what v2 shows in place of a credential
"""What v2 returns for a write-only field that is set (v2 reference 5.6)."""


def definition_document(entity: Entity) -> JsonObject:
    """Comparable part of a definition: everything except secrets and criteria."""
    document: JsonObject = {
        "name": entity.name,
        "type": entity.type,
        "driver_type": entity.driver_type,
        "in_place_driver_change": bool(entity.in_place_driver_change),
    }
    if entity.driver_account:
        document["driver_account"] = entity.driver_account
    if entity.driver_inputs is not None and entity.driver_inputs.values:
        document["values"] = entity.driver_inputs.values
    if entity.provision:
        document["provision"] = {
            selector: _provision_options(options or {}) for selector, options in entity.provision.items()
        }
    return document


def _provision_options(options: JsonObject) -> JsonObject:
    """Options with the server's defaults: `is_dependent` and `match_dependents` are false (v1 4.8)."""
    filled = {name: value for name, value in options.items() if value not in (None, {})}
    return {
        **filled,
        "is_dependent": bool(options.get("is_dependent")),
        "match_dependents": bool(options.get("match_dependents")),
    }


def definition_secrets(entity: Entity) -> dict[str, SecretLeaf]:
    """Every secret position of a definition, by JSON pointer below `secret_refs`.

    `secrets` and `secret_refs` give the same positions, because the server converts the
    former to the latter (v1 reference 4.6).
    """
    inputs = entity.driver_inputs
    if inputs is None:
        return {}
    leaves = dict(_plain_leaves(inputs.secrets, ()))
    leaves.update(_reference_leaves(inputs.secret_refs, ()))
    return leaves


def _plain_leaves(value: Json, path: tuple[str, ...]) -> Iterator[tuple[str, SecretLeaf]]:
    if is_tagged(value):
        yield pointer(path), _plain_leaf(value)
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _plain_leaves(child, (*path, name))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _plain_leaves(child, (*path, str(index)))
    elif value is not None:
        yield pointer(path), _plain_leaf(value)


def _plain_leaf(value: Json) -> SecretLeaf:
    """`Expression` for exactly one placeholder only: any other text may contain a secret."""
    if isinstance(value, str) and _ONE_PLACEHOLDER.fullmatch(value):
        return Expression(value)
    source = source_of(value)
    return Literal(Secret(value)) if source is None else Handed(source)


def is_reference_leaf(value: Json) -> bool:
    """True for a leaf of `secret_refs`, false for a branch, as in the Terraform provider (v1 reference 4.6)."""
    return (
        isinstance(value, dict)
        and set(value) <= _REFERENCE_MEMBERS
        and all(
            member is None or isinstance(member, str) or (name == "value" and is_tagged(member))
            for name, member in value.items()
        )
    )


def _reference_leaves(value: Json, path: tuple[str, ...]) -> Iterator[tuple[str, SecretLeaf]]:
    if is_tagged(value):
        yield pointer(path), _plain_leaf(value)
    elif isinstance(value, dict):
        if not is_reference_leaf(value):
            for name, child in value.items():
                yield from _reference_leaves(child, (*path, name))
            return
        leaf = _reference_leaf(value)
        if leaf is not None:
            yield pointer(path), leaf
    elif isinstance(value, list):
        for index, child in enumerate(value):
            yield from _reference_leaves(child, (*path, str(index)))
    elif value is not None:
        yield pointer(path), _plain_leaf(value)


def _reference_leaf(leaf: JsonObject) -> SecretLeaf | None:
    """Secret at a leaf; None if all members are null or empty: the server drops it (v1 reference P8)."""
    if is_tagged(leaf.get("value")):
        return _plain_leaf(leaf["value"])
    members = {name: text for name, text in leaf.items() if isinstance(text, str) and text}
    if "store" in members or "ref" in members:
        return Reference(members.get("store", ""), members.get("ref", ""), members.get("version"))
    if "value" in members:
        return _plain_leaf(members["value"])
    return None


def with_values(references: Json) -> Json:
    """`secret_refs` with each tag that replaces a leaf wrapped in `{value: …}`: the API accepts no bare value."""
    if is_tagged(references):
        return {"value": references}
    if isinstance(references, list):
        return [with_values(child) for child in references]
    if not isinstance(references, dict) or is_reference_leaf(references):
        return references
    return {name: with_values(child) for name, child in references.items()}


def criteria_fields(criteria: tuple[Criterion, ...] | None) -> dict[str, dict[str, str]] | None:
    """Criteria by selector, without ids; None stays None."""
    if criteria is None:
        return None
    found = [criterion.fields() for criterion in criteria]
    return {selector_of(fields): fields for fields in found}


def runner_configuration(configuration: JsonObject) -> tuple[JsonObject, dict[str, SecretLeaf]]:
    """A runner's configuration without its credentials, and the credentials by JSON pointer.

    Never raises: an unexpected shape is passed through and shows up as a difference.
    """
    kept: JsonObject = {name: value for name, value in configuration.items() if value is not None}
    kind = kept.get("type")
    secrets: dict[str, SecretLeaf] = {}
    key = kept.get("key")
    if kind == "kubernetes-agent" and isinstance(key, str):
        kept["key"] = canonical_pem(key)
    job, cluster = kept.get("job"), kept.get("cluster")
    if isinstance(job, dict):
        kept["job"] = _job(job, is_ecs=kind == "serverless-ecs")
    if isinstance(cluster, dict):
        cluster = {name: value for name, value in cluster.items() if value is not None}
        if kind == "kubernetes-gke":
            cluster.setdefault("internal_ip", False)
        auth = cluster.get("auth")
        if isinstance(auth, dict):
            if kind == "kubernetes":
                secrets = _credentials(auth)
                del cluster["auth"]
            else:
                cluster["auth"] = {name: value for name, value in auth.items() if value is not None}
        kept["cluster"] = cluster
    return kept, secrets


def _job(job: JsonObject, *, is_ecs: bool) -> JsonObject:
    """A job without null members and, on ECS, without the empty ones that the server drops (v2 reference 5.7)."""
    dropped: tuple[Json, ...] = (None, False, [], {}) if is_ecs else (None,)
    return {name: value for name, value in job.items() if not any(value is d or value == d for d in dropped)}


def _credentials(auth: JsonObject) -> dict[str, SecretLeaf]:
    leaves: dict[str, SecretLeaf] = {}
    for name in WRITE_ONLY_AUTH:
        value = auth.get(name)
        if value == SECRET_TEXT:
            leaves[f"/cluster/auth/{name}"] = Unreadable()
        elif value is not None:
            source = source_of(value)
            leaves[f"/cluster/auth/{name}"] = Literal(Secret(value)) if source is None else Handed(source)
    return leaves


def store_document(store_type: str, block: JsonObject, *, is_primary: bool) -> JsonObject:
    """Comparable part of a registered store: everything except `auth`.

    An empty field is the same as an absent one: all are optional strings (v1 reference 5.2).
    """
    fields: JsonObject = {
        name: block[name] for name in v1.STORE_FIELDS.get(store_type, ()) if block.get(name)
    }
    return {"type": store_type, "primary": is_primary, store_type: fields}


def store_auth(auth: JsonObject | None) -> tuple[JsonObject, dict[str, SecretLeaf]]:
    """Credentials of a store with each source written as a tag, and the leaves by JSON pointer."""
    written = {name: as_tag(value) for name, value in (auth or {}).items() if value is not None}
    leaves: dict[str, SecretLeaf] = {}
    for name, value in written.items():
        source = source_of(value)
        leaves[pointer((name,))] = Literal(Secret(value)) if source is None else Handed(source)
    return written, leaves


def canonical_pem(pem: str) -> str:
    """PEM with one body line and one final newline, so that equal keys are equal text.

    Text that is not PEM is returned unchanged.
    """
    matched = re.fullmatch(
        r"\s*-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]+?)\s*-----END \1-----\s*", pem
    )
    if matched is None:
        return pem
    try:
        body = base64.b64decode("".join(matched[2].split()), validate=True)
    except binascii.Error:
        return pem
    return f"-----BEGIN {matched[1]}-----\n{base64.b64encode(body).decode()}\n-----END {matched[1]}-----\n"


def key_id(agent: str, fingerprint: str) -> str:
    """Id of a `Key` resource."""
    return f"{agent}/{fingerprint}"
