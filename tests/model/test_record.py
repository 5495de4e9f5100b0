"""The ownership record as JSON: version 2 is written, versions 1 and 2 are read."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import InventoryError
from reconciler.inventory.store import decode, encode
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.place import Place, Realm, cluster, organization
from reconciler.model.record import Inventory, LastApply, Ownership, Phase, Safeguards
from reconciler.model.secret import Digest

RECORDS = Path(__file__).parent / "records_v1"
ACME = organization("acme")
KEY = ResourceKey(ACME, Kind.DEFINITION, "db")
OWNED = Ownership(
    KEY,
    applied="c" * 64,
    criteria="d" * 64,
    leaves="e" * 64,
    secrets={"/password": Digest("k1", "1" * 64)},
    references={"/password": "humanitec:db@3"},
    observed_at="2026-01-01T00:00:00Z",
    pinned=frozenset({"/token", "/a"}),
)
RECORD = Inventory("team", "acme", {KEY: OWNED}, endpoints={"v1": "u"}, place=ACME, digest_key="k1")


ENTRY: JsonObject = {"kind": "Definition", "id": "db", "phase": "owned", "applied": ""}


def again(record: Inventory) -> Inventory:
    return decode(encode(record), instance="team", target="acme", place="here")


def test_what_is_written_is_read() -> None:
    assert again(RECORD) == RECORD


def test_criteria_removed_from_built_in_definitions_are_written_and_read() -> None:
    taken = {"": {"class": "default"}, "env_type=a,class=b": {"env_type": "a", "class": "b"}}
    record = replace(RECORD, built_in={"default-humanitec-dns": taken})
    assert record.to_json()["builtIn"] == {
        "default-humanitec-dns": [{"class": "default"}, {"env_type": "a", "class": "b"}]
    }
    assert again(record) == record
    assert again(record).built_in == {"default-humanitec-dns": taken}
    assert "builtIn" not in RECORD.to_json()


@pytest.mark.parametrize("wrong", [[], {"x": {}}, {"x": ["y"]}, {"x": 1}])
def test_a_record_with_an_invalid_list_of_criteria_is_refused(wrong: Json) -> None:
    document = {**RECORD.to_json(), "builtIn": wrong}
    with pytest.raises(InventoryError):
        decode(json.dumps(document).encode(), instance="team", target="acme", place="here")


def test_the_place_and_the_digest_key_are_named_once() -> None:
    document = RECORD.to_json()
    assert document["version"] == 2
    assert document["place"] == {"realm": "organization", "name": "acme"}
    assert document["digestKey"] == "k1"
    assert document["entries"] == [
        {
            "kind": "Definition",
            "id": "db",
            "phase": "owned",
            "applied": "c" * 64,
            "criteria": "d" * 64,
            "leaves": "e" * 64,
            "secrets": {"/password": "1" * 64},
            "references": {"/password": "humanitec:db@3"},
            "observedAt": "2026-01-01T00:00:00Z",
            "pinned": ["/a", "/token"],
        }
    ]


@pytest.mark.parametrize("key", ["k0", ""])
def test_a_digest_by_another_key_keeps_the_id_of_that_key(key: str) -> None:
    """An apply of some objects leaves the digests of the others as they are."""
    entry = replace(OWNED, secrets={"/a": Digest("k1", "1" * 64), "/b": Digest(key, "2" * 64)})
    record = replace(RECORD, entries={KEY: entry})
    assert again(record) == record


def test_what_a_run_found_out_about_an_entry_is_written_and_read() -> None:
    entry = replace(OWNED, observed="1" * 64, unkept="2" * 64, is_missing=True, is_leaving=True)
    record = replace(RECORD, entries={KEY: entry})
    assert again(record).entries == {KEY: entry}


def test_the_last_apply_of_a_commit_is_written_and_read() -> None:
    limits = Safeguards(("20%", "5 or 10%"), ("eu-*",))
    record = replace(
        RECORD, last=LastApply("c" * 40, limits, limits.joined(Safeguards(("5",), ("eu-*", "us"))))
    )
    assert again(record).last == record.last
    assert again(record).last == LastApply(
        "c" * 40, limits, Safeguards(("20%", "5 or 10%", "5"), ("eu-*", "us"))
    )
    assert again(RECORD).last is None


def test_an_address_that_moved_is_named_with_the_former_one() -> None:
    assert RECORD.moved({"v1": "elsewhere"}) == ("u", "elsewhere")
    assert RECORD.moved({"v1": "u", "v2": "new"}) is None
    assert RECORD.moved({}) is None


def test_a_record_of_built_in_definitions_alone_holds_something() -> None:
    assert RECORD.holds_anything
    assert not replace(RECORD, entries={}).holds_anything
    assert replace(RECORD, entries={}, built_in={"default": {}}).holds_anything


def test_a_record_of_a_cluster_is_read() -> None:
    record = Inventory("team", "acme", place=cluster("eu-1"))
    assert again(record).place == Place(Realm.CLUSTER, "eu-1")


def test_where_two_targets_share_a_name_the_record_does_not_depend_on_it() -> None:
    """Whether an organization is also reached at another address may change; what is owned does not."""
    ambiguous = Place(Realm.ORGANIZATION, "acme", "test")
    moved = RECORD.at(ambiguous)
    assert list(moved.entries) == [KEY._replace(place=ambiguous)]
    assert again(moved) == RECORD


@pytest.mark.parametrize("path", sorted(RECORDS.glob("*.json")), ids=lambda path: path.stem)
def test_records_of_version_1_are_read_and_written_as_version_2(path: Path) -> None:
    old = json.loads(path.read_bytes())
    record = decode(path.read_bytes(), instance="team", target="acme", place=str(path))
    assert record.exists
    assert not record.is_written
    assert record.place == (ACME if old["entries"] else None)
    assert [(str(key.kind), key.id, key.place) for key in record.entries] == [
        (entry["kind"], entry["id"], ACME) for entry in old["entries"]
    ]
    known = record.with_entries(record.entries)
    assert again(known) == record
    for before, after in zip(old["entries"], listed(known.to_json()), strict=True):
        assert isinstance(after, dict)
        secrets = before.pop("secrets", {})
        assert after.pop("secrets", {}) == secrets
        del before["organization"]
        assert after == before


def test_a_record_of_version_1_does_not_name_its_digest_key() -> None:
    record = decode((RECORDS / "whole.json").read_bytes(), instance="team", target="acme", place="here")
    assert {digest.key for entry in record.entries.values() for digest in entry.secrets.values()} == {""}
    named = replace(record, digest_key="k1")
    assert '":1111' in json.dumps(named.to_json())
    assert again(named) == replace(record, digest_key="k1")


def test_members_that_came_later_in_version_1_may_be_missing() -> None:
    entry = {"kind": "Agent", "organization": "acme", "id": "eu", "phase": "owned", "applied": ""}
    old = json.dumps({"version": 1, "instance": "team", "target": "acme", "entries": [entry]})
    record = Inventory.from_json(json.loads(old))
    assert record.entries == {k: Ownership(k) for k in [ResourceKey(ACME, Kind.AGENT, "eu")]}
    assert next(iter(record.entries.values())).phase is Phase.OWNED


def test_later_versions_are_refused_with_advice() -> None:
    data = encode(RECORD).replace(b'"version": 2', b'"version": 3')
    with pytest.raises(InventoryError, match="version 3, and only versions 1 and 2 can be read") as caught:
        decode(data, instance="team", target="acme", place="here")
    assert "that wrote it, or a later one" in caught.value.advice


def listed(document: JsonObject) -> list[Json]:
    entries = document["entries"]
    assert isinstance(entries, list)
    return entries


def without(name: str) -> Callable[[JsonObject], None]:
    return lambda document: document.__delitem__(name)


def setting(name: str, value: Json) -> Callable[[JsonObject], None]:
    return lambda document: document.__setitem__(name, value)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        pytest.param(without("version"), "no `version`", id="no version"),
        pytest.param(setting("version", "2"), "it has version 2", id="version of another type"),
        pytest.param(without("place"), "`place` is missing", id="no place"),
        pytest.param(setting("place", {"realm": "moon", "name": "x"}), "moon", id="unknown realm"),
        pytest.param(setting("place", "acme"), "`place` is not a mapping", id="place of another type"),
        pytest.param(setting("entries", None), "`entries`", id="no entries"),
        pytest.param(setting("entries", ["x"]), "`entries`", id="entries of another type"),
        pytest.param(without("instance"), "`instance`", id="no instance"),
        pytest.param(setting("instance", 1), "`instance` is not text", id="instance of another type"),
        pytest.param(setting("endpoints", []), "must be a mapping", id="addresses of another type"),
        pytest.param(setting("entries", [{"id": "db"}]), "an entry lacks 'kind'", id="entry without kind"),
        pytest.param(
            setting("entries", [{**ENTRY, "pinned": "/a"}]), "`pinned`", id="pinned of another type"
        ),
        pytest.param(setting("lastApply", "x"), "`lastApply` is not a mapping", id="last apply as text"),
        pytest.param(
            setting("lastApply", {"revision": "r"}), "lacks `maxDelete`", id="last apply without limits"
        ),
        pytest.param(
            setting("lastApply", {"revision": "r", "declared": {"maxDelete": ["all"], "protect": []}}),
            "is not a limit",
            id="last apply with another limit",
        ),
    ],
)
def test_damaged_records_are_refused_with_what_is_wrong(
    damage: Callable[[JsonObject], None], said: str
) -> None:
    document = RECORD.to_json()
    damage(document)
    with pytest.raises(InventoryError, match=said):
        decode(json.dumps(document).encode(), instance="team", target="acme", place="here")


def test_a_record_of_version_1_with_two_organizations_is_refused() -> None:
    old = json.loads((RECORDS / "whole.json").read_bytes())
    old["entries"][0]["organization"] = "beta"
    with pytest.raises(InventoryError, match="several organizations: acme, beta"):
        decode(json.dumps(old).encode(), instance="team", target="acme", place="here")


def test_a_record_of_version_1_with_an_entry_of_no_organization_is_refused() -> None:
    old = json.loads((RECORDS / "whole.json").read_bytes())
    del old["entries"][0]["organization"]
    with pytest.raises(InventoryError, match="an entry lacks 'organization'"):
        decode(json.dumps(old).encode(), instance="team", target="acme", place="here")
