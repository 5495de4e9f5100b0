"""A folder in place of a cluster: what is written, what is never touched, and what a damaged folder says."""

import json
from pathlib import Path

import pytest
import yaml

from reconciler.cluster.directory import RECORD, Directory, Layout
from reconciler.diff.cluster import projection
from reconciler.diff.managed_fields import is_ours
from reconciler.errors import ClusterError, ReadOnlyError
from reconciler.footprint import kustomization
from reconciler.footprint.yaml_text import to_yaml
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import FIELD_MANAGER, INSTANCE_LABEL
from reconciler.model.mark import with_digest

INSTANCE = "here"
LAYOUT = Layout(kustomization.file_name, to_yaml, kustomization.INDEX, kustomization.index_text)
KUSTOMIZATION = kustomization.INDEX
NAMESPACE_FILE = "00-namespace-agents.yaml"
FILE = "40-configmap-agents.settings.yaml"


def config_map(name: str = "settings", namespace: str = "agents", **data: str) -> JsonObject:
    return with_digest(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace, "labels": {INSTANCE_LABEL: INSTANCE}},
            "data": {**data},
        }
    )


def namespace(name: str = "agents") -> JsonObject:
    return with_digest(
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": name, "labels": {INSTANCE_LABEL: INSTANCE}},
        }
    )


def opened(folder: Path, *, is_read_only: bool = False) -> Directory:
    return Directory(folder, INSTANCE, LAYOUT, is_read_only=is_read_only)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_objects_become_files_and_read_back_as_applied(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    folder.apply(namespace(), is_new=True)
    folder.apply(config_map(ORGS="acme"), is_new=True)
    assert files(tmp_path) == [RECORD, NAMESPACE_FILE, FILE, KUSTOMIZATION]
    again = opened(tmp_path, is_read_only=True).get(Kind.CONFIG_MAP, "agents", "settings")
    assert again is not None
    assert is_ours(again, INSTANCE)
    wanted, present = projection(config_map(ORGS="acme"), again, FIELD_MANAGER)
    assert wanted == present
    assert "reconciler/applied" not in (tmp_path / FILE).read_text()


def test_the_kustomization_names_namespaces_first(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    folder.apply(config_map("a", "aaa"))
    folder.apply(namespace("zzz"))
    document = yaml.safe_load((tmp_path / KUSTOMIZATION).read_text())
    assert document["kind"] == "Kustomization"
    assert document["resources"] == ["00-namespace-zzz.yaml", "40-configmap-aaa.a.yaml"]


def test_a_second_write_of_the_same_changes_no_byte(tmp_path: Path) -> None:
    opened(tmp_path).apply(config_map(ORGS="acme"))
    before = {name: (tmp_path / name).read_bytes() for name in files(tmp_path)}
    opened(tmp_path).apply(config_map(ORGS="acme"), force=True)
    assert {name: (tmp_path / name).read_bytes() for name in files(tmp_path)} == before


def test_a_file_of_somebody_else_is_neither_replaced_nor_deleted_nor_listed(tmp_path: Path) -> None:
    theirs = tmp_path / FILE
    theirs.write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: agents}\n")
    folder = opened(tmp_path)
    with pytest.raises(ClusterError, match="not written by this instance"):
        folder.apply(config_map(), is_new=True)
    assert folder.list(Kind.CONFIG_MAP) == ()
    assert folder.delete(Kind.CONFIG_MAP, "agents", "settings", uid="") is False
    found = folder.get(Kind.CONFIG_MAP, "agents", "settings")
    assert found is not None
    assert not is_ours(found, INSTANCE)
    assert theirs.exists()


def test_a_field_added_by_hand_to_a_file_is_a_difference(tmp_path: Path) -> None:
    opened(tmp_path).apply(config_map(ORGS="acme"))
    path = tmp_path / FILE
    path.write_text(path.read_text() + "immutable: true\n")
    found = opened(tmp_path).get(Kind.CONFIG_MAP, "agents", "settings")
    assert found is not None
    wanted, present = projection(config_map(ORGS="acme"), found, FIELD_MANAGER)
    assert "immutable" in present
    assert "immutable" not in wanted


def test_a_delete_removes_the_file(tmp_path: Path) -> None:
    folder = opened(tmp_path)
    folder.apply(config_map())
    assert folder.delete(Kind.CONFIG_MAP, "agents", "settings", uid="") is True
    assert files(tmp_path) == [RECORD, KUSTOMIZATION]


def test_the_record_names_a_file_before_it_is_written(tmp_path: Path) -> None:
    """A write that is cut off must not leave a file that nobody prunes."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(ClusterError):
        opened(tmp_path).apply(config_map())
    assert FILE in json.loads((tmp_path / RECORD).read_text())["files"]


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "", ".hidden", "UPPER", "a" * 300, "a..b"])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClusterError, match="not a name"):
        opened(tmp_path / "in").apply(config_map(name))
    assert list(tmp_path.rglob("*.yaml")) == []


def test_a_read_only_folder_refuses_every_change(tmp_path: Path) -> None:
    opened(tmp_path).apply(config_map())
    folder = opened(tmp_path, is_read_only=True)
    with pytest.raises(ReadOnlyError):
        folder.apply(config_map(ORGS="other"), force=True)
    with pytest.raises(ReadOnlyError):
        folder.delete(Kind.CONFIG_MAP, "agents", "settings", uid="")


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ("{", "not a record"),
        ("[]", "not a record"),
        ('{"version": 9, "instance": "here", "files": {}}', "has version '9'"),
        ('{"version": 1, "instance": "other", "files": {}}', "belongs to instance 'other'"),
    ],
)
def test_a_record_that_cannot_be_trusted_stops_everything(tmp_path: Path, record: str, says: str) -> None:
    (tmp_path / RECORD).write_text(record)
    with pytest.raises(ClusterError, match=says):
        opened(tmp_path)


def test_a_record_cannot_name_files_elsewhere(tmp_path: Path) -> None:
    outside = tmp_path / "outside.yaml"
    outside.write_text("x: 1\n")
    folder = tmp_path / "in"
    folder.mkdir()
    named = {"version": 1, "instance": INSTANCE, "files": {"../outside.yaml": "", "/etc/passwd": ""}}
    (folder / RECORD).write_text(json.dumps(named))
    assert all(opened(folder).list(kind) == () for kind in (Kind.CONFIG_MAP, Kind.NAMESPACE))
    opened(folder).apply(config_map())
    assert outside.exists()


@pytest.mark.parametrize(
    "content", [b"- a list\n", b"{", b"\xff\xfe", b"a: &a {b: *a}\n", b"a: " + b"[" * 50_000]
)
def test_a_file_that_is_no_object_says_so(tmp_path: Path, content: bytes) -> None:
    opened(tmp_path).apply(config_map())
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(ClusterError, match=FILE):
        opened(tmp_path).list(Kind.CONFIG_MAP)


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    """Whoever can commit to the folder must not have files elsewhere shown or overwritten."""
    outside = tmp_path / "outside"
    outside.write_text("users: [{token: canary}]\n")
    folder = tmp_path / "in"
    opened(folder).apply(config_map())
    (folder / FILE).unlink()
    (folder / FILE).symlink_to(outside)
    with pytest.raises(ClusterError, match="symbolic link"):
        opened(folder).get(Kind.CONFIG_MAP, "agents", "settings")
    (folder / FILE).unlink()
    (folder / f".{FILE}.new").symlink_to(outside)
    opened(folder).apply(config_map())
    assert "canary" in outside.read_text()
    assert not (folder / FILE).is_symlink()


@pytest.mark.parametrize(
    "content", ["resources: [deployment.yaml]\n", kustomization.index_text([NAMESPACE_FILE])]
)
def test_a_list_of_files_of_somebody_else_is_kept(tmp_path: Path, content: str) -> None:
    (tmp_path / KUSTOMIZATION).write_text(content)
    with pytest.raises(ClusterError, match="not written by this instance"):
        opened(tmp_path).apply(config_map())
    assert files(tmp_path) == [KUSTOMIZATION]
    assert (tmp_path / KUSTOMIZATION).read_text() == content


def test_a_record_of_great_depth_is_refused(tmp_path: Path) -> None:
    (tmp_path / RECORD).write_text("[" * 200_000)
    with pytest.raises(ClusterError, match="not a record"):
        opened(tmp_path)
