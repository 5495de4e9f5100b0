"""Conversion for the v2 API: answers to canonical resources, desired resources to request bodies."""

from reconciler.errors import RejectedError
from reconciler.model import canonical
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.runner import WRITE_ONLY_AUTH, LiveRule, LiveRunner, RunnerRule
from reconciler.model.state import Resource
from reconciler.model.witness import ANY
from reconciler.orchestrator import shape


def runner(document: JsonObject, place: Place) -> Resource:
    """The live runner. Raises ShapeError."""
    live = shape.validated(LiveRunner, _without_null_members(document))
    configuration, secrets = canonical.runner_configuration(live.runner_configuration)
    return Resource(
        key=ResourceKey(place, Kind.RUNNER, shape.text(document, "id")),
        document={
            "description": live.description,
            "runner_configuration": configuration,
            "state_storage_configuration": _without_null_members(live.state_storage_configuration),
        },
        secrets=secrets,
        updated_at=live.updated_at,
    )


def rule(document: JsonObject, place: Place) -> Resource:
    """The live rule, identified by its natural key; `handle["id"]` is the id on the server."""
    live = shape.validated(LiveRule, _without_null_members(document))
    pair = RunnerRule(project_id=live.project_id or None, env_type_id=live.env_type_id or None).pair()
    return Resource(
        key=ResourceKey(place, Kind.RUNNER_RULE, pair),
        document={"runner_id": live.runner_id},
        handle={"id": shape.text(document, "id")},
    )


def _without_null_members(document: JsonObject) -> JsonObject:
    return {name: value for name, value in document.items() if value is not None}


def rule_fields(key: ResourceKey) -> dict[str, str]:
    """`project_id` and `env_type_id`, as far as the natural key sets them."""
    project, _, env_type = key.id.partition("/")
    fields = {"project_id": project, "env_type_id": env_type}
    return {name: value for name, value in fields.items() if value != ANY}


def rule_creation(desired: Resource) -> JsonObject:
    """Body of a POST; null would be refused, so unset fields are omitted (v2 reference 8.2)."""
    return {"runner_id": desired.document["runner_id"], **rule_fields(desired.key)}


def runner_creation(desired: Resource) -> JsonObject:
    """Body of a POST. An empty description is omitted, which reads back the same."""
    body: JsonObject = {
        "id": desired.key.id,
        "runner_configuration": full_configuration(desired),
        "state_storage_configuration": desired.document["state_storage_configuration"],
    }
    if desired.document["description"]:
        body["description"] = desired.document["description"]
    return body


def runner_patch(live: Resource, desired: Resource, *, secrets_changed: bool) -> JsonObject:
    """Body of a PATCH with what differs, `{}` if nothing differs.

    The server replaces each top-level key of `runner_configuration` as a whole and keeps absent ones;
    `type` must be repeated (v2 reference 5.4). So each changed key is sent complete, and `cluster`
    with its credentials, because omitting them would remove them.
    """
    before, after = live.document, desired.document
    body: JsonObject = {
        name: after[name]
        for name in ("description", "state_storage_configuration")
        if after[name] != before[name]
    }
    old, new = _configuration(before), _configuration(after)
    changed = {name for name in new if name not in old or new[name] != old[name]}
    if secrets_changed or set(live.secrets) != set(desired.secrets):
        changed.add("cluster")
    if changed:
        complete = full_configuration(desired)
        configuration: JsonObject = {
            name: value for name, value in complete.items() if name in changed or name == "type"
        }
        body["runner_configuration"] = configuration
    return body


def _configuration(document: JsonObject) -> JsonObject:
    return shape.member_object(document["runner_configuration"], "runner_configuration")


def full_configuration(desired: Resource) -> JsonObject:
    """The configuration with its credentials, ready to be sent.

    Raises ValueError if there are credentials but no payload, and RejectedError if a credential is the
    text that the server shows in its place, because that text would be stored (v2 reference 5.6).
    """
    if desired.payload is None:
        if desired.secrets:
            raise ValueError(f"{desired.key} has credentials but no payload")
        configuration = dict(_configuration(desired.document))
    else:
        configuration = _sendable(
            shape.member_object(desired.payload.reveal(), "the payload"),
            shown=_configuration(desired.document),
        )
    cluster = configuration.get("cluster")
    if configuration.get("type") == "kubernetes" and isinstance(cluster, dict):
        # `auth` is required even if it is empty, but the canonical form omits it (v2 reference 6.3).
        auth = cluster.get("auth") or {}
        if isinstance(auth, dict) and any(
            auth.get(name) == canonical.SECRET_TEXT for name in WRITE_ONLY_AUTH
        ):
            raise RejectedError(
                f"{desired.key}: {canonical.SECRET_TEXT} is what the server shows in place of a credential and would "
                "be stored as one; nothing was sent"
            )
        configuration["cluster"] = {**cluster, "auth": auth}
    return configuration


def _sendable(payload: JsonObject, *, shown: JsonObject) -> JsonObject:
    """The canonical form, with the credentials from the payload."""
    configuration = dict(shown)
    cluster = payload.get("cluster")
    auth: Json = cluster.get("auth") if isinstance(cluster, dict) else None
    kept = configuration.get("cluster")
    if isinstance(auth, dict) and isinstance(kept, dict):
        configuration["cluster"] = {**kept, "auth": _without_null_members(auth)}
    return configuration
