"""Which documents this tool handles, by `apiVersion` and `kind`, and findings for documents that nearly match."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.model.agent import AgentDocument, AgentSpec
from reconciler.model.document import API_VERSION, DEFINITION_API_VERSION
from reconciler.model.finding import Finding
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.key import KeyDocument
from reconciler.model.operator import OperatorDocument, OperatorSpec
from reconciler.model.origin import Positions
from reconciler.model.reading_rule import problem
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import RunnerDocument
from reconciler.model.secret_store import SecretStoreDocument, SecretStoreSpec
from reconciler.source.quoted import quoted
from reconciler.source.violation import may_be_shown, nearest

Document = (
    DefinitionDocument | AgentDocument | KeyDocument | OperatorDocument | RunnerDocument | SecretStoreDocument
)
Model = type[Document]
OLD_DEFINITION_API_VERSION = "core.api.humanitec.io/v1"
"""The older envelope, with `object` instead of `entity` (v1 reference 9.1)."""

KINDS: Mapping[str, Mapping[str, Model]] = MappingProxyType(
    {
        API_VERSION: {
            "Agent": AgentDocument,
            "Key": KeyDocument,
            "Operator": OperatorDocument,
            "Runner": RunnerDocument,
            "SecretStore": SecretStoreDocument,
        },
        DEFINITION_API_VERSION: {"Definition": DefinitionDocument},
        OLD_DEFINITION_API_VERSION: {"Definition": DefinitionDocument},
    }
)
"""Models by `apiVersion` and `kind`."""

SIBLINGS = frozenset(("Account", "ResourceType"))
"""Kinds with the `apiVersion` of definitions that `humctl` accepts and this tool does not apply (v1 reference 9.2)."""

_GROUPS = {version.partition("/")[0]: version for version in KINDS}
_NAMES = {name for kinds in KINDS.values() for name in kinds}
_AGENT_FIELDS = frozenset(AgentSpec.model_fields)
_FIELDS: Mapping[Json, frozenset[str]] = MappingProxyType(
    {
        "Operator": frozenset(OperatorSpec.model_fields),
        "SecretStore": frozenset(SecretStoreSpec.model_fields),
    }
)
_KEY_FIELDS = frozenset(("publicKey", "privateKey", "generate"))
_KUBERNETES_METADATA = frozenset(("name", "generateName", "namespace", "labels", "ownerReferences"))
"""Handled documents have `id` instead. Several Kubernetes APIs have a kind `Agent`, one with `spec.description`."""


@dataclass(frozen=True, slots=True)
class Sibling:
    """A kind of the same format that is not handled, but left alone."""

    name: str


def kind_of(raw: JsonObject, positions: Positions) -> Model | Finding | Sibling | None:
    """Model of a document; a finding if it is apparently meant for this tool; None if it is not."""
    version, name = raw.get("apiVersion"), raw.get("kind")
    if not isinstance(version, str):
        return _without_version(raw, positions)
    group = version.partition("/")[0]
    if group not in _GROUPS:
        meant = difflib.get_close_matches(group[:100], _GROUPS, n=1, cutoff=0.85)
        if not meant:
            return _of_another_group(raw, version, positions)
        place = positions.origin(raw, ("apiVersion",))
        return problem(
            "F07", f"{quoted(version)} is not known", place, advice=f"did you mean `{_GROUPS[meant[0]]}`?"
        )
    if version not in KINDS:
        place = positions.origin(raw, ("apiVersion",))
        return problem(
            "F07",
            f"the version {quoted(version)} is not known",
            place,
            advice=f"did you mean `{_GROUPS[group]}`?",
        )
    return _named(raw, version, name, positions)


def _named(raw: JsonObject, version: str, name: object, positions: Positions) -> Model | Finding | Sibling:
    kinds = KINDS[version]
    if isinstance(name, str) and name in kinds:
        return kinds[name]
    place = positions.origin(raw, ("kind",))
    known = ", ".join(f"`{kind}`" for kind in kinds)
    if not isinstance(name, str):
        what = "is not a string" if "kind" in raw else "is missing"
        return problem("F06", f"`kind` {what}", place, advice=f"kinds of `{version}`: {known}")
    siblings = () if version == API_VERSION else sorted(SIBLINGS)
    if name in siblings:
        return Sibling(name)
    meant = nearest(name, (*kinds, *siblings))
    advice = f"did you mean `{meant}`?" if meant else f"kinds of `{version}`: {known}"
    shown = f"the kind {quoted(name)}" if may_be_shown(name, ()) else "the kind"
    return problem("F07", f"{shown} is not known in `{version}`", place, advice=advice)


def _without_version(raw: JsonObject, positions: Positions) -> Finding | None:
    """A finding for a document that lacks only its version: without it, the document would silently do nothing."""
    name = raw.get("kind")
    has_content = "spec" in raw or "entity" in raw or _has_shape(raw, name)
    if not isinstance(name, str) or name not in _NAMES or "metadata" not in raw or not has_content:
        return None
    advice = f"write `apiVersion: {_version_of(name)}`"
    if "apiVersion" not in raw:
        return problem("F06", "`apiVersion` is missing", positions.origin(raw), advice=advice)
    what = "is empty" if raw["apiVersion"] is None else "is not a string"
    return problem("F07", f"`apiVersion` {what}", positions.origin(raw, ("apiVersion",)), advice=advice)


def _of_another_group(raw: JsonObject, version: str, positions: Positions) -> Finding | None:
    """A finding for a handled document under a wrong group: if ignored, its object would seem to be removed."""
    name = raw.get("kind")
    if not _has_shape(raw, name):
        return None
    shown = f"the version {quoted(version)}" if may_be_shown(version, ()) else "the version"
    return problem(
        "F07",
        f"{shown} is not known, but the document has the shape of `{name}`",
        positions.origin(raw, ("apiVersion",)),
        advice=f"write `apiVersion: {_version_of(name)}`",
    )


def _version_of(name: Json) -> str:
    return DEFINITION_API_VERSION if name == "Definition" else API_VERSION


def _has_shape(raw: JsonObject, name: Json) -> bool:
    """True if the document has members that no other known API has under the kind `name`."""
    spec = raw.get("spec")
    match name:
        case "Definition":
            older = raw.get("object")
            return "entity" in raw or (isinstance(older, dict) and "driver_type" in older)
        case "Runner":
            return isinstance(spec, dict) and "runner_configuration" in spec
        case "Key":
            return isinstance(spec, dict) and "for" in spec and not _KEY_FIELDS.isdisjoint(spec)
        case "Operator" | "SecretStore":
            metadata = raw.get("metadata")
            return (
                isinstance(metadata, dict)
                and "id" in metadata
                and _KUBERNETES_METADATA.isdisjoint(metadata)
                and isinstance(spec, dict)
                and not _FIELDS[name].isdisjoint(spec)
            )
        case "Agent":
            metadata = raw.get("metadata")
            return (
                isinstance(metadata, dict)
                and "id" in metadata
                and _KUBERNETES_METADATA.isdisjoint(metadata)
                and isinstance(spec, dict)
                and (not spec or not _AGENT_FIELDS.isdisjoint(spec))
            )
        case _:
            return False


def listed(raw: Json, positions: Positions) -> Finding | None:
    """A finding if handled documents are items of a list, which is not read.

    The list is the whole document, or the `items` of a Kubernetes `List`.
    """
    items: Json = raw
    path: Path = ()
    if isinstance(raw, dict):
        name = raw.get("kind")
        if not isinstance(name, str) or not name.endswith("List"):
            return None
        items, path = raw.get("items"), ("items",)
    if not isinstance(items, list):
        return None
    for index, item in enumerate(items):
        if isinstance(item, dict) and not isinstance(kind_of(item, positions), Sibling | None):
            place = positions.origin(raw, (*path, index))
            advice = "write each as a separate document, separated by `---`"
            return problem("F07", "documents in a list are not read", place, advice=advice)
    return None


def with_current_envelope(raw: JsonObject) -> JsonObject:
    """A definition with `object` renamed to `entity` if it has the older envelope, in the same order."""
    if raw.get("apiVersion") != OLD_DEFINITION_API_VERSION or "entity" in raw:
        return raw
    return {"entity" if name == "object" else name: value for name, value in raw.items()}
