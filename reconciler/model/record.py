"""The ownership record and its JSON form. The APIs have no labels, so ownership is recorded here (design 4.3).

Version 2 is one record per place: the place is named once, and so is the key that made the digests of
secrets. Version 1 names the organization in every entry and no key. It can be read, and is written as version 2.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place, Realm, organization
from reconciler.model.resource_definition import CRITERION_FIELDS, selector_of
from reconciler.model.secret import Digest

VERSION = 2
READABLE = (1, 2)
LIMIT = re.compile(r"(?:\d{1,3}%|\d{1,9})(?: or (?:\d{1,3}%|\d{1,9}))?")
"""A value of `safety.maxDelete`."""
Criteria = Mapping[str, dict[str, str]]
"""Criteria of one definition by selector."""


class UnknownVersionError(ValueError):
    """The record has an unknown version, most likely one written by a newer release."""


class Phase(StrEnum):
    """`PENDING` is recorded before a create is sent, so that the objects of a killed apply are recognized."""

    PENDING = "pending"
    OWNED = "owned"


@dataclass(frozen=True, slots=True)
class Ownership:
    """One owned thing.

    `applied` is the digest of the canonical document last applied, `criteria` that of its
    criteria ("" if not managed), `leaves` that of its references and placeholders in secret
    positions: if live differs while desired does not, that is drift. `secrets` maps pointers to
    keyed digests of what was last sent, `references` to `store:ref@version` as read back
    afterwards. `observed_at` is the server's `updated_at` of a runner when `applied` was last
    found live, "" if never: with an equal time stamp the runner need not be read. `pinned` names the
    references that were written with a version: if the file no longer has one, a live version was
    set by us, not by the server, and is removed. `observed` is the digest of the canonical document as it
    was last read back, "" if that is `applied`. `is_missing` is true if the last run did not find the object.
    `unkept` is the digest of what the server accepted and did not keep, "" if nothing.
    `is_leaving` is true from before a delete is sent until its outcome is known: if the object is not live
    then, nobody else need have deleted it.
    """

    key: ResourceKey
    phase: Phase = Phase.OWNED
    applied: str = ""
    criteria: str = ""
    leaves: str = ""
    secrets: Mapping[str, Digest] = field(default_factory=dict)
    references: Mapping[str, str] = field(default_factory=dict)
    observed_at: str = ""
    pinned: frozenset[str] = frozenset()
    observed: str = ""
    is_missing: bool = False
    unkept: str = ""
    is_leaving: bool = False


@dataclass(frozen=True, slots=True)
class Safeguards:
    """Limits on deletes: every value of `safety.maxDelete` that counts, and the patterns of `safety.protect`."""

    max_delete: tuple[str, ...] = ()
    protect: tuple[str, ...] = ()

    def joined(self, other: "Safeguards") -> "Safeguards":
        """The limits of both."""
        return Safeguards(
            tuple(dict.fromkeys((*self.max_delete, *other.max_delete))),
            tuple(dict.fromkeys((*self.protect, *other.protect))),
        )


NO_SAFEGUARDS = Safeguards()


@dataclass(frozen=True, slots=True)
class LastApply:
    """The last apply of a commit: its full id, the limits that the commit declares, and those it was applied with."""

    revision: str
    declared: Safeguards
    in_force: Safeguards


@dataclass(frozen=True, slots=True)
class Inventory:
    """What one instance owns in one place, under the name of the target.

    `exists` is false if no record is kept or none was written yet; `is_written` is false if the stored record
    would be written differently now: it has version 1 or another digest key, or a run begins. `run` names the
    last apply that began: each writes its own, so that the second of two concurrent ones finds the record
    changed. `endpoints` maps `v1` and `v2` to the addresses the entries were seen at: the same names at
    another address are other things. `place` is None if the record names none: a new one, or one of version 1
    without entries. `digest_key` is the id of the key that made the digests of secrets; a digest made with
    another key names that key. `built_in` are criteria that were removed from built-in definitions, by id:
    they are not owned, and are restored when the settings no longer need their place. `last` is the last apply
    of a commit, None before the first.
    """

    instance: str
    target: str
    entries: Mapping[ResourceKey, Ownership] = field(default_factory=dict)
    exists: bool = True
    run: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    place: Place | None = None
    digest_key: str = ""
    built_in: Mapping[str, Criteria] = field(default_factory=dict)
    last: LastApply | None = None
    is_written: bool = field(default=True, compare=False)

    @property
    def holds_anything(self) -> bool:
        """True if it records anything that exists."""
        return bool(self.entries or self.built_in)

    def moved(self, endpoints: Mapping[str, str]) -> tuple[str, str] | None:
        """The first address that differs from the recorded one, as (recorded, given); None if all agree."""
        for name, recorded in self.endpoints.items():
            given = endpoints.get(name, recorded)
            if given != recorded:
                return recorded, given
        return None

    def with_entries(
        self,
        entries: Mapping[ResourceKey, Ownership],
        *,
        built_in: Mapping[str, Criteria] | None = None,
        run: str = "",
    ) -> Self:
        """The same record with other entries, marked as existing; `built_in` and `run` are kept if not given."""
        return replace(
            self,
            entries=dict(entries),
            built_in=dict(self.built_in if built_in is None else built_in),
            exists=True,
            is_written=True,
            run=run or self.run,
        )

    def at(self, place: Place) -> Self:
        """The same record with every key in `place`: the record does not distinguish places of the same name."""
        entries = {
            key._replace(place=place): replace(entry, key=key._replace(place=place))
            for key, entry in self.entries.items()
        }
        return replace(self, entries=entries, place=place)

    def to_json(self) -> JsonObject:
        """The record in version 2, entries sorted by key, so that equal records are equal text."""
        document: JsonObject = {
            "version": VERSION,
            "instance": self.instance,
            "target": self.target,
            "run": self.run,
            "endpoints": dict(sorted(self.endpoints.items())),
            "entries": [_entry_json(self.entries[key], self.digest_key) for key in sorted(self.entries)],
        }
        if self.place is not None:
            document["place"] = {"realm": str(self.place.realm), "name": self.place.name}
        if self.digest_key:
            document["digestKey"] = self.digest_key
        if self.built_in:
            document["builtIn"] = {
                name: [dict(criteria[selector]) for selector in sorted(criteria)]
                for name, criteria in sorted(self.built_in.items())
            }
        if self.last is not None:
            document["lastApply"] = {
                "revision": self.last.revision,
                "declared": _safeguards_json(self.last.declared),
                "inForce": _safeguards_json(self.last.in_force),
            }
        return document

    @classmethod
    def from_json(cls, document: Json) -> Self:
        """The record in a document. Raises ValueError if it is no record, UnknownVersionError for another version."""
        if not isinstance(document, dict) or "version" not in document:
            raise ValueError("it has no `version`")
        version = document["version"]
        if version not in READABLE or isinstance(version, bool):
            known = " and ".join(map(str, READABLE))
            raise UnknownVersionError(
                f"it has version {str(version)[:20]}, and only versions {known} can be read"
            )
        listed = document.get("entries")
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
            raise ValueError("`entries` is not a list of mappings")
        if not {"instance", "target"} <= document.keys():
            raise ValueError("`instance` or `target` is missing")
        entries = [entry for entry in listed if isinstance(entry, dict)]
        place = _only_organization(entries) if version == 1 else _place(document.get("place"))
        built_in = _built_in(document.get("builtIn"))
        if (entries or built_in) and place is None:
            raise ValueError("`place` is missing")
        digest_key = str(document.get("digestKey", ""))
        owned = [_entry(entry, place, digest_key) for entry in entries if place is not None]
        return cls(
            instance=_text(document, "instance"),
            target=_text(document, "target"),
            entries={entry.key: entry for entry in owned},
            run=str(document.get("run", "")),
            endpoints=_texts(document.get("endpoints")),
            place=place,
            digest_key=digest_key,
            built_in=built_in,
            last=_last_apply(document.get("lastApply")),
            is_written=version == VERSION,
        )


def _safeguards_json(found: Safeguards) -> JsonObject:
    return {"maxDelete": list[Json](found.max_delete), "protect": list[Json](found.protect)}


def _last_apply(value: Json) -> LastApply | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("revision"), str):
        raise ValueError("`lastApply` is not a mapping with a `revision`")
    return LastApply(
        str(value["revision"]), _safeguards(value.get("declared")), _safeguards(value.get("inForce"))
    )


def _safeguards(value: Json) -> Safeguards:
    limits = value.get("maxDelete") if isinstance(value, dict) else None
    protect = value.get("protect") if isinstance(value, dict) else None
    if not isinstance(limits, list) or not isinstance(protect, list):
        raise ValueError("`lastApply` lacks `maxDelete` or `protect`")
    if not all(isinstance(limit, str) and LIMIT.fullmatch(limit) for limit in limits):
        raise ValueError("a `maxDelete` of `lastApply` is not a limit")
    return Safeguards(tuple(map(str, limits)), tuple(map(str, protect)))


def _entry_json(entry: Ownership, digest_key: str) -> JsonObject:
    """An entry as JSON, without empty members."""
    document: JsonObject = {
        "kind": str(entry.key.kind),
        "id": entry.key.id,
        "phase": str(entry.phase),
        "applied": entry.applied,
    }
    if entry.criteria:
        document["criteria"] = entry.criteria
    if entry.leaves:
        document["leaves"] = entry.leaves
    if entry.secrets:
        document["secrets"] = {
            at: _digest_text(digest, digest_key) for at, digest in sorted(entry.secrets.items())
        }
    if entry.references:
        document["references"] = dict(sorted(entry.references.items()))
    if entry.observed_at:
        document["observedAt"] = entry.observed_at
    if entry.pinned:
        document["pinned"] = list[Json](sorted(entry.pinned))
    if entry.observed:
        document["observed"] = entry.observed
    if entry.is_missing:
        document["missing"] = True
    if entry.unkept:
        document["unkept"] = entry.unkept
    if entry.is_leaving:
        document["leaving"] = True
    return document


def _digest_text(digest: Digest, digest_key: str) -> str:
    """A digest as text, prefixed with the id of its key if that is not the record's."""
    return digest.text if digest.key == digest_key else f"{digest.key}:{digest.text}"


def _digest(text: str, digest_key: str) -> Digest:
    key, colon, rest = text.partition(":")
    return Digest(key, rest) if colon else Digest(digest_key, text)


def _entry(document: JsonObject, place: Place, digest_key: str) -> Ownership:
    try:
        return Ownership(
            key=ResourceKey(place, Kind(_text(document, "kind")), _text(document, "id")),
            phase=Phase(_text(document, "phase")),
            applied=_text(document, "applied"),
            criteria=str(document.get("criteria", "")),
            leaves=str(document.get("leaves", "")),
            secrets={at: _digest(text, digest_key) for at, text in _texts(document.get("secrets")).items()},
            references=_texts(document.get("references")),
            observed_at=str(document.get("observedAt", "")),
            pinned=_names(document.get("pinned")),
            observed=str(document.get("observed", "")),
            is_missing=document.get("missing") is True,
            unkept=str(document.get("unkept", "")),
            is_leaving=document.get("leaving") is True,
        )
    except KeyError as error:
        raise ValueError(f"an entry lacks {error}") from error


def _place(value: Json) -> Place | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not {"realm", "name"} <= value.keys():
        raise ValueError("`place` is not a mapping of `realm` and `name`")
    return Place(Realm(_text(value, "realm")), _text(value, "name"))


def _only_organization(entries: Iterable[JsonObject]) -> Place | None:
    """Place of a record of version 1, which names it in every entry."""
    try:
        names = {_text(entry, "organization") for entry in entries}
    except KeyError as error:
        raise ValueError(f"an entry lacks {error}") from error
    if len(names) > 1:
        raise ValueError(f"its entries belong to several organizations: {', '.join(sorted(names))}")
    return organization(names.pop()) if names else None


def _built_in(value: Json) -> dict[str, Criteria]:
    if value is None:
        return {}
    if not isinstance(value, dict) or not all(isinstance(listed, list) for listed in value.values()):
        raise ValueError("`builtIn` is not a mapping of ids to lists of criteria")
    found: dict[str, Criteria] = {}
    for name, listed in value.items():
        criteria = [_criterion(item) for item in (listed if isinstance(listed, list) else ())]
        found[name] = {selector_of(fields): fields for fields in criteria}
    return found


def _criterion(item: Json) -> dict[str, str]:
    """Fields of a criterion in the order of selectors, which JSON does not preserve."""
    fields = _texts(item)
    return {name: fields[name] for name in CRITERION_FIELDS if name in fields}


def _text(document: JsonObject, name: str) -> str:
    value = document[name]
    if not isinstance(value, str):
        raise ValueError(f"`{name}` is not text")
    return value


def _names(value: Json) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise ValueError("`pinned` of an entry is not a list")
    return frozenset(str(name) for name in value)


def _texts(value: Json) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("a field that must be a mapping is not one")
    return {name: str(text) for name, text in value.items()}
