"""The record of what we own. The APIs have no labels, so ownership is kept here (design decision 4.3)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import organization

VERSION = 1


class Phase(StrEnum):
    """`PENDING` is written before a create is sent, so that a killed apply knows its own objects."""

    PENDING = "pending"
    OWNED = "owned"


@dataclass(frozen=True, slots=True)
class Ownership:
    """One thing we own.

    `applied` is the digest of the canonical document last applied, `criteria` that of its
    criteria ("" where not managed), `leaves` that of its references and placeholders in secret
    positions: live that differs while desired still has it is drift. `secrets`
    maps pointers to keyed digests of what was last
    sent, `references` to `store:ref@version` as read back after it. `observed_at` is the
    server's `updated_at` of a runner when `applied` was last seen to be live, "" if never:
    an equal time stamp spares reading the runner.
    """

    key: ResourceKey
    phase: Phase = Phase.OWNED
    applied: str = ""
    criteria: str = ""
    leaves: str = ""
    secrets: Mapping[str, str] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    observed_at: str = ""

    def to_json(self) -> JsonObject:
        """Members that are empty are left out."""
        document: JsonObject = {
            "kind": str(self.key.kind),
            "organization": self.key.place.name,
            "id": self.key.id,
            "phase": str(self.phase),
            "applied": self.applied,
        }
        if self.criteria:
            document["criteria"] = self.criteria
        if self.leaves:
            document["leaves"] = self.leaves
        if self.secrets:
            document["secrets"] = dict(sorted(self.secrets.items()))
        if self.references:
            document["references"] = dict(sorted(self.references.items()))
        if self.observed_at:
            document["observedAt"] = self.observed_at
        return document

    @classmethod
    def from_json(cls, document: Json) -> "Ownership":
        """Raise ValueError naming the member where the document has another shape."""
        if not isinstance(document, dict):
            raise ValueError("an entry is not a mapping")
        try:
            return cls(
                key=ResourceKey(
                    organization(_text(document, "organization")),
                    Kind(_text(document, "kind")),
                    _text(document, "id"),
                ),
                phase=Phase(_text(document, "phase")),
                applied=_text(document, "applied"),
                criteria=str(document.get("criteria", "")),
                leaves=str(document.get("leaves", "")),
                secrets=_texts(document.get("secrets")),
                references=_texts(document.get("references")),
                observed_at=str(document.get("observedAt", "")),
            )
        except KeyError as error:
            raise ValueError(f"an entry lacks {error}") from error


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one instance owns in one target.

    `exists` is false where none is kept or none was written yet. `run` names the last apply that
    began: each writes its own, so that of two at once the second finds the record changed.
    `endpoints` maps `v1` and `v2` to the addresses the entries were seen at: the same names at
    another address are somebody else's things.
    """

    instance: str
    target: str
    entries: Mapping[ResourceKey, Ownership] = field(default_factory=dict)
    exists: bool = True
    run: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)

    def moved(self, endpoints: Mapping[str, str]) -> tuple[str, str] | None:
        """The first address that is not the recorded one: (recorded, given); None where all agree."""
        for name, recorded in self.endpoints.items():
            given = endpoints.get(name, recorded)
            if given != recorded:
                return recorded, given
        return None

    def with_entries(self, entries: Mapping[ResourceKey, Ownership], *, run: str = "") -> "Inventory":
        """Return the same record with other entries, marked as existing; `run` stays where none is given."""
        return replace(self, entries=dict(entries), exists=True, run=run or self.run)

    def to_json(self) -> JsonObject:
        """Entries sorted by key, so that equal records are equal text."""
        return {
            "version": VERSION,
            "instance": self.instance,
            "target": self.target,
            "run": self.run,
            "endpoints": dict(sorted(self.endpoints.items())),
            "entries": [self.entries[key].to_json() for key in sorted(self.entries)],
        }

    @classmethod
    def from_json(cls, document: Json) -> "Inventory":
        """Raise ValueError where the document is no inventory of a version we know."""
        if not isinstance(document, dict) or document.get("version") != VERSION:
            raise ValueError(f"not an inventory of version {VERSION}")
        entries = document.get("entries")
        if not isinstance(entries, list):
            raise ValueError("`entries` is not a list")
        if not {"instance", "target"} <= document.keys():
            raise ValueError("`instance` or `target` is missing")
        owned = [Ownership.from_json(entry) for entry in entries]
        return cls(
            instance=_text(document, "instance"),
            target=_text(document, "target"),
            entries={entry.key: entry for entry in owned},
            run=str(document.get("run", "")),
            endpoints=_texts(document.get("endpoints")),
        )


def _text(document: JsonObject, name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not text")
    return value


def _texts(value: Json) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("an entry's map is not a mapping")
    return {name: str(text) for name, text in value.items()}
