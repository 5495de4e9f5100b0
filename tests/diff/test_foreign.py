"""Live values of a cluster that belong to others are never shown, in no view."""

from dataclasses import replace

import pytest

from reconciler.diff.change import ABSENT, Absent, Change, FieldChange, Group, Visibility
from reconciler.diff.cluster import projection
from reconciler.diff.foreign import with_foreign
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import FIELD_MANAGER
from reconciler.model.mark import with_digest
from reconciler.model.place import cluster
from reconciler.model.state import Resource
from reconciler.views.agenda import Entry, Risk
from reconciler.views.json import fields_of
from reconciler.views.parts import parts

KEY = ResourceKey(cluster("eu-1"), Kind.CONFIG_MAP, "a/b")
THEIRS = "canary"


def live(data: JsonObject, ours: JsonObject, **more: Json) -> JsonObject:
    entry: JsonObject = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": ours}
    return {"kind": "ConfigMap", "metadata": {"name": "b", "managedFields": [entry]}, "data": data, **more}


def shown(change: Change, risk: Risk) -> str:
    entry = Entry(KEY, risk, change)
    return f"{parts(entry, 200)}{fields_of(entry)}"


def deletion(found: JsonObject, document: JsonObject, *, is_directory: bool = False) -> str:
    change = Change(KEY, Group.PRUNE, live=Resource(KEY, document))
    return shown(with_foreign(change, found, is_directory=is_directory), Risk.DELETE)


def test_a_delete_shows_what_we_applied_and_of_others_only_the_name() -> None:
    found = live({"ORGS": "acme", "TOKEN": THEIRS}, {"f:data": {"f:ORGS": {}}})
    text = deletion(found, {"data": {"ORGS": "acme", "TOKEN": THEIRS}, "immutable": True})
    assert "acme" in text
    assert "data.TOKEN" in text
    assert "immutable" in text
    assert THEIRS not in text


def test_a_map_that_was_applied_empty_does_not_make_what_others_add_ours() -> None:
    found = live({"TOKEN": THEIRS}, {"f:data": {}})
    _, present = projection({}, found, FIELD_MANAGER)
    text = deletion(found, {"data": present["data"]})
    assert "data.TOKEN" in text
    assert THEIRS not in text


@pytest.mark.parametrize("name", ["env", "data", "annotations"])
def test_an_entry_of_ours_with_the_name_of_such_a_map_is_ours(name: str) -> None:
    found = live({name: "acme"}, {"f:data": {f"f:{name}": {}}})
    assert "acme" in deletion(found, {"data": {name: "acme"}})


def test_in_a_folder_only_a_file_as_it_was_written_is_known_to_be_ours() -> None:
    """The record has one digest for a file, and nothing of its fields."""
    body: JsonObject = {"kind": "ConfigMap", "metadata": {"name": "b"}, "data": {"ORGS": "acme"}}
    whole: JsonObject = {"f:data": {"f:ORGS": {}, "f:TOKEN": {}}}
    written = with_digest(body)
    metadata = written["metadata"]
    assert isinstance(metadata, dict)
    entry: JsonObject = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": whole}
    as_written: JsonObject = {**written, "metadata": {**metadata, "managedFields": [entry]}}
    assert "acme" in deletion(as_written, {"data": {"ORGS": "acme"}}, is_directory=True)
    edited: JsonObject = {**as_written, "data": {"ORGS": "acme", "TOKEN": THEIRS}}
    assert THEIRS not in deletion(edited, {"data": {"ORGS": "acme", "TOKEN": THEIRS}}, is_directory=True)


ENV: Path = ("spec", "template", "spec", "containers", "agent", "env")


@pytest.mark.parametrize(
    ("group", "path", "before", "after", "visibility"),
    [
        pytest.param(Group.CONTESTED, ("data", "ORGS"), THEIRS, "acme", Visibility.FOREIGN, id="data"),
        pytest.param(Group.CONTESTED, ("data",), {"A": THEIRS}, {}, Visibility.FOREIGN, id="all data"),
        pytest.param(Group.CONTESTED, (*ENV, "A", "value"), THEIRS, "a", Visibility.FOREIGN, id="variable"),
        pytest.param(
            Group.CONTESTED, ENV[:-2], [{"args": [THEIRS]}], [], Visibility.FOREIGN, id="containers"
        ),
        pytest.param(Group.CONTESTED, ("spec", "replicas"), 2, 1, Visibility.SHOWN, id="number of replicas"),
        pytest.param(Group.CONTESTED, ("data", "ORGS"), ABSENT, "acme", Visibility.SHOWN, id="missing"),
        pytest.param(
            Group.UPDATE, ("data", "ORGS"), "acme,b", "acme", Visibility.SHOWN, id="set by the files"
        ),
        pytest.param(Group.UPDATE, ("data", "OLD"), "mine", ABSENT, Visibility.SHOWN, id="applied by us"),
        pytest.param(Group.UPDATE, ("data", "TOKEN"), THEIRS, ABSENT, Visibility.FOREIGN, id="of others"),
        pytest.param(Group.UPDATE, ENV, [{"value": THEIRS}], [], Visibility.FOREIGN, id="list with others"),
        pytest.param(Group.UPDATE, ("spec", "replicas"), 2, ABSENT, Visibility.SHOWN, id="no text"),
    ],
)
def test_of_a_field_of_others_only_the_desired_value_is_shown(
    group: Group, path: Path, before: Json | Absent, after: Json | Absent, visibility: Visibility
) -> None:
    found = live({}, {"f:data": {"f:ORGS": {}, "f:OLD": {}}})
    (field,) = with_foreign(
        Change(KEY, group, fields=(FieldChange(path, before, after),)), found, is_directory=False
    ).fields
    assert field.visibility is visibility
    risk = Risk.CONTESTED if group is Group.CONTESTED else Risk.UPDATE
    text = shown(Change(KEY, group, fields=(field,)), risk)
    assert THEIRS not in text
    if not isinstance(after, Absent) and after:
        assert str(after) in text
    if visibility is Visibility.FOREIGN:
        assert THEIRS in shown(
            Change(KEY, group, fields=(replace(field, visibility=Visibility.SHOWN),)), risk
        )
