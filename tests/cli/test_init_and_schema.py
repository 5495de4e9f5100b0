"""`reconciler init` and `reconciler schema`: what they write, and what stops them."""

import json
from pathlib import Path

import pytest

from reconciler.cli.commands.schema import KINDS
from reconciler.errors import ExitCode
from reconciler.source.schema import schemas
from reconciler.source.settings_file import parse_settings
from tests.cli.running import call


def text(said: str) -> str:
    return " ".join(said.split())


def squeezed(said: str) -> str:
    """Without white space: lines are broken in long paths too."""
    return "".join(said.split())


@pytest.mark.parametrize(
    "identifier",
    [
        "a",
        "acme",
        "my-org-2",
        "a" * 50,
        "a--b",
        "0",
        "0-9",
        "1e3",
        "0x1f",
        "2024-01-01",
        "true",
        "null",
        "no",
        "y",
    ],
)
def test_an_organization_is_put_into_settings_that_can_be_used(tmp_path: Path, identifier: str) -> None:
    code, shown, said = call(tmp_path, "init", "--organization", identifier)
    assert (code, shown) == (ExitCode.DONE, "")
    path = tmp_path / "reconciler.yaml"
    assert squeezed(said).startswith(f"wrote{path};next:setyourorchestrators")
    settings, warnings = parse_settings(path.read_bytes(), "reconciler.yaml")
    assert warnings == ()
    assert {target.organization for target in settings.targets.values()} == {identifier}


def test_without_a_name_the_organization_is_the_one_of_the_help(tmp_path: Path) -> None:
    assert call(tmp_path, "init")[0] == ExitCode.DONE
    assert "organization: my-org\n" in (tmp_path / "reconciler.yaml").read_text()
    assert "my-org" in call(tmp_path, "init", "--help")[1]


@pytest.mark.parametrize(
    "identifier", ["", "A", "a_b", "a b", "-a", "a-", "a" * 51, "ä", "a\nb", "a\n", "٣", "a.b", "a/b", "{a}"]
)
def test_what_is_not_an_organization_id_writes_nothing(tmp_path: Path, identifier: str) -> None:
    code, shown, said = call(tmp_path, "init", f"--organization={identifier}")
    assert (code, shown) == (ExitCode.USAGE, "")
    assert f"{identifier!r} is not an organization id: use up to 50 lower-case letters" in text(said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "version: 1\n", "anything"])
def test_a_file_is_never_overwritten_and_the_next_step_is_given(tmp_path: Path, content: str) -> None:
    path = tmp_path / "reconciler.yaml"
    path.write_text(content)
    code, _, said = call(tmp_path, "init")
    assert code == ExitCode.USAGE
    assert said == (
        f"error: {path} already exists and was not changed\n"
        "edit it, remove it first, or name another file: reconciler --config FILE init\n"
        "Nothing was changed.\n"
    )
    assert path.read_text() == content


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    assert call(tmp_path, "init")[0] == ExitCode.USAGE
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_the_advice_for_an_empty_settings_file_works(tmp_path: Path) -> None:
    path = tmp_path / "reconciler.yaml"
    path.write_text("# nothing yet\n")
    code, shown, _ = call(tmp_path, "validate")
    assert code == ExitCode.INVALID
    assert "remove it, then start with: reconciler init" in text(shown)
    path.unlink()
    assert call(tmp_path, "init")[0] == ExitCode.DONE
    assert call(tmp_path, "validate")[0] == ExitCode.DONE


def test_the_option_config_names_the_file_that_is_written(tmp_path: Path) -> None:
    other = tmp_path / "production.yaml"
    code, _, said = call(tmp_path, "--config", str(other), "init")
    assert code == ExitCode.DONE
    assert squeezed(said).startswith(f"wrote{other};")
    assert [path.name for path in tmp_path.iterdir()] == ["production.yaml"]


@pytest.mark.parametrize(
    ("config", "cause"), [("no/where.yaml", "No such file or directory"), ("file/x.yaml", "Not a directory")]
)
def test_a_place_that_cannot_be_written_is_named_with_its_cause(
    tmp_path: Path, config: str, cause: str
) -> None:
    (tmp_path / "file").write_text("")
    code, _, said = call(tmp_path, "--config", str(tmp_path / config), "init")
    assert code == ExitCode.USAGE
    assert said == f"error: cannot write {tmp_path / config}: {cause}\nNothing was changed.\n"


def test_every_schema_can_be_printed_by_its_name() -> None:
    assert sorted(f"{kind}.json" for kind in KINDS) == sorted(schemas())


@pytest.mark.parametrize("kind", KINDS)
def test_a_printed_schema_is_the_one_that_is_written(tmp_path: Path, kind: str) -> None:
    code, shown, said = call(tmp_path, "schema", kind.upper())
    assert (code, said) == (ExitCode.DONE, "")
    assert json.loads(shown) == schemas()[f"{kind}.json"]
    assert list(tmp_path.iterdir()) == []


def test_schemas_are_written_relative_to_the_directory_and_replace_older_ones(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "schemas"
    for _ in range(2):
        code, shown, said = call(tmp_path, "schema", "--write", "deep/schemas")
        assert (code, shown) == (ExitCode.DONE, "")
        assert squeezed(said) == f"wrote{len(KINDS)}schemafilesto{folder}"
        assert {path.stem for path in folder.iterdir()} == set(KINDS)
        (folder / "agent.json").write_text("{}")
    call(tmp_path, "schema", "--write", str(folder))
    for path in folder.iterdir():
        assert path.read_text() == call(tmp_path, "schema", path.stem)[1]


@pytest.mark.parametrize("arguments", [[], ["agent", "--write", "x"]], ids=["neither", "both"])
def test_exactly_one_of_kind_and_folder_is_needed(tmp_path: Path, arguments: list[str]) -> None:
    code, shown, said = call(tmp_path, "schema", *arguments)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert "name a kind to print, or use --write DIR to write all of them" in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["pod", "", "agent.json", "definitions"])
def test_an_unknown_kind_gets_the_list_of_all(tmp_path: Path, kind: str) -> None:
    code, shown, said = call(tmp_path, "schema", kind)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert all(f"'{known}'" in said for known in KINDS)


def test_a_folder_that_cannot_be_written_is_named_with_its_cause(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    code, _, said = call(tmp_path, "schema", "--write", "file/below")
    assert code == ExitCode.USAGE
    assert (
        said == f"error: cannot write to {tmp_path / 'file/below'}: Not a directory\nNothing was changed.\n"
    )
    (tmp_path / "taken" / "agent.json").mkdir(parents=True)
    code, _, said = call(tmp_path, "schema", "--write", "taken")
    assert code == ExitCode.USAGE
    assert said.startswith(f"error: cannot write to {tmp_path / 'taken'}: ")
    assert [path.name for path in (tmp_path / "taken").iterdir()] == ["agent.json"]
