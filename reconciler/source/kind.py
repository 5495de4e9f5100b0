"""Which documents are ours: by `apiVersion` and `kind`, and what to say where they are nearly ours."""

import difflib
from collections.abc import Mapping
from types import MappingProxyType

from reconciler.model.agent import AgentDocument
from reconciler.model.document import API_VERSION, DEFINITION_API_VERSION
from reconciler.model.finding import Finding
from reconciler.model.json import JsonObject
from reconciler.model.key import KeyDocument
from reconciler.model.origin import Positions
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import RunnerDocument
from reconciler.source.reading import problem
from reconciler.source.violation import may_be_shown, nearest
from reconciler.source.yaml_text import quoted

Model = type[DefinitionDocument] | type[AgentDocument] | type[KeyDocument] | type[RunnerDocument]
OLD_DEFINITION_API_VERSION = "core.api.humanitec.io/v1"
"""The older envelope, with `object` where the newer one has `entity` (v1 reference 9.1)."""

KINDS: Mapping[str, Mapping[str, Model]] = MappingProxyType(
    {
        API_VERSION: {"Agent": AgentDocument, "Key": KeyDocument, "Runner": RunnerDocument},
        DEFINITION_API_VERSION: {"Definition": DefinitionDocument},
        OLD_DEFINITION_API_VERSION: {"Definition": DefinitionDocument},
    }
)
"""Models by `apiVersion` and `kind`."""

_GROUPS = {version.partition("/")[0]: version for version in KINDS}
_NAMES = {name for kinds in KINDS.values() for name in kinds}


def kind_of(raw: JsonObject, positions: Positions) -> Model | Finding | None:
    """Return the model of a document, a finding where it seems meant for us, None where it is not ours."""
    version, name = raw.get("apiVersion"), raw.get("kind")
    if version is None and "apiVersion" not in raw:
        return _without_version(raw, positions)
    if not isinstance(version, str):
        return None
    group = version.partition("/")[0]
    if group not in _GROUPS:
        meant = difflib.get_close_matches(group[:100], _GROUPS, n=1, cutoff=0.85)
        if not meant:
            return None
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


def _named(raw: JsonObject, version: str, name: object, positions: Positions) -> Model | Finding:
    kinds = KINDS[version]
    place = positions.origin(raw, ("kind",))
    known = ", ".join(f"`{kind}`" for kind in kinds)
    if not isinstance(name, str):
        what = "is not a text" if "kind" in raw else "is missing"
        return problem("F06", f"`kind` {what}", place, advice=f"kinds of `{version}`: {known}")
    if name in kinds:
        return kinds[name]
    meant = nearest(name, kinds)
    advice = f"did you mean `{meant}`?" if meant else f"kinds of `{version}`: {known}"
    shown = f"the kind {quoted(name)}" if may_be_shown(name, ()) else "the kind"
    return problem("F07", f"{shown} is not known in `{version}`", place, advice=advice)


def _without_version(raw: JsonObject, positions: Positions) -> Finding | None:
    """A document that has our shape and lacks only its version would silently do nothing."""
    name = raw.get("kind")
    if name not in _NAMES or "metadata" not in raw or ("spec" not in raw and "entity" not in raw):
        return None
    version = DEFINITION_API_VERSION if name == "Definition" else API_VERSION
    return problem(
        "F06", "`apiVersion` is missing", positions.origin(raw), advice=f"write `apiVersion: {version}`"
    )


def with_current_envelope(raw: JsonObject) -> JsonObject:
    """Return a definition of the older envelope with `entity` for `object`, in the same order."""
    if raw.get("apiVersion") != OLD_DEFINITION_API_VERSION or "entity" in raw:
        return raw
    return {"entity" if name == "object" else name: value for name, value in raw.items()}
