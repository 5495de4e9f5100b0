"""The ownership record and the key of its digests: which one, and whether a command may create it."""

import os
from pathlib import Path

import pytest

from reconciler.cli.edges.records import key_of_digests, opened_record
from reconciler.cli.edges.settings import FoundSettings
from reconciler.cli.request import Request
from reconciler.errors import InventoryError, SettingsError
from reconciler.inventory.file import FileInventory
from reconciler.inventory.git_ref import GitInventory
from reconciler.inventory.none import NoInventory
from reconciler.passes.result import Purpose
from reconciler.settings import Settings
from tests.repositories import run

FOLDER = Path(".reconciler") / "inventory"


def found(base: Path, inventory: dict[str, object]) -> FoundSettings:
    settings = Settings.model_validate(
        {"version": 1, "targets": {"acme": {"organization": "acme"}}, "inventory": inventory}
    )
    return FoundSettings(settings, (), base)


def asking(purpose: Purpose, base: Path, *, saves_plan: bool = False, **environment: str) -> Request:
    return Request(purpose, base, environment={**os.environ, **environment}, saves_plan=saves_plan)


@pytest.mark.parametrize(
    ("inventory", "kind"),
    [
        ({}, FileInventory),
        ({"none": True}, NoInventory),
        ({"git": {}}, GitInventory),
        ({"file": {}}, FileInventory),
    ],
)
def test_the_record_is_where_the_settings_say_and_opening_it_writes_nothing(
    tmp_path: Path, inventory: dict[str, object], kind: type
) -> None:
    run(tmp_path, "init", "--quiet")
    before = sorted(tmp_path.rglob("*"))
    for purpose in (Purpose.VALIDATE, Purpose.PLAN, Purpose.APPLY):
        assert isinstance(opened_record(asking(purpose, tmp_path), found(tmp_path, inventory)), kind)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("purpose", "saves_plan", "creates"),
    [
        (Purpose.VALIDATE, False, False),
        (Purpose.PLAN, False, False),
        (Purpose.PLAN, True, True),
        (Purpose.APPLY, False, True),
    ],
    ids=["validate", "plan", "plan --out", "apply"],
)
def test_only_what_needs_the_key_file_creates_it(
    tmp_path: Path, purpose: Purpose, *, saves_plan: bool, creates: bool
) -> None:
    settings = found(tmp_path, {})
    asked = asking(purpose, tmp_path, saves_plan=saves_plan)
    first = key_of_digests(asked, settings)
    assert (first is not None) is creates
    assert (tmp_path / FOLDER / "digest.key").exists() is creates
    assert key_of_digests(asked, settings) == first


def test_read_only_commands_use_the_key_that_an_apply_created(tmp_path: Path) -> None:
    settings = found(tmp_path, {})
    made = key_of_digests(asking(Purpose.APPLY, tmp_path), settings)
    assert made is not None
    assert len(made) == 32
    assert key_of_digests(asking(Purpose.PLAN, tmp_path), settings) == made
    assert key_of_digests(asking(Purpose.VALIDATE, tmp_path), settings) is None


def test_the_folder_of_the_record_can_be_chosen(tmp_path: Path) -> None:
    settings = found(tmp_path, {"file": {"directory": "elsewhere/record"}})
    key_of_digests(asking(Purpose.APPLY, tmp_path), settings)
    assert (tmp_path / "elsewhere" / "record" / "digest.key").exists()
    assert not (tmp_path / ".reconciler").exists()


@pytest.mark.parametrize("inventory", [{"none": True}, {"git": {}}], ids=["none", "git"])
@pytest.mark.parametrize("purpose", list(Purpose))
def test_without_a_file_record_there_is_no_key_file(
    tmp_path: Path, inventory: dict[str, object], purpose: Purpose
) -> None:
    assert key_of_digests(asking(purpose, tmp_path, saves_plan=True), found(tmp_path, inventory)) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("inventory", [{}, {"git": {}}], ids=["file", "git"])
def test_a_key_of_the_settings_replaces_the_file(tmp_path: Path, inventory: dict[str, object]) -> None:
    settings = found(tmp_path, {**inventory, "digestKey": {"env": "DIGEST_KEY"}})
    for purpose in (Purpose.PLAN, Purpose.APPLY):
        assert key_of_digests(asking(purpose, tmp_path, DIGEST_KEY="a key"), settings) == b"a key"
    assert key_of_digests(asking(Purpose.VALIDATE, tmp_path, DIGEST_KEY="a key"), settings) is None
    assert list(tmp_path.iterdir()) == []


def test_a_missing_key_of_the_settings_stops_what_writes_and_no_preview(tmp_path: Path) -> None:
    settings = found(tmp_path, {"git": {}, "digestKey": {"env": "DIGEST_KEY"}})
    assert key_of_digests(asking(Purpose.PLAN, tmp_path, DIGEST_KEY=""), settings) is None
    for asked in (
        asking(Purpose.APPLY, tmp_path, DIGEST_KEY=""),
        asking(Purpose.PLAN, tmp_path, saves_plan=True, DIGEST_KEY=""),
    ):
        with pytest.raises(SettingsError) as caught:
            key_of_digests(asked, settings)
        assert str(caught.value) == "environment variable DIGEST_KEY (inventory.digestKey) is not set"


@pytest.mark.parametrize("purpose", [Purpose.PLAN, Purpose.APPLY])
def test_a_file_in_place_of_the_folder_is_an_error_that_names_it(tmp_path: Path, purpose: Purpose) -> None:
    (tmp_path / ".reconciler").write_text("a file in the way")
    with pytest.raises(InventoryError, match=r"Not a directory|File exists") as caught:
        key_of_digests(asking(purpose, tmp_path), found(tmp_path, {}))
    assert str(tmp_path / ".reconciler") in str(caught.value)
