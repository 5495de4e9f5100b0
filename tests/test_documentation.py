"""The documents agree with the program.

Everything that users can name (commands, options, settings, exit codes, guards, rules, targets
of make) is compared in both directions: nothing undocumented, nothing documented that does not exist.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import click
import pytest
from packaging.requirements import Requirement
from pydantic import BaseModel

from reconciler.cli.program import COMMANDS, program
from reconciler.errors import ExitCode
from reconciler.model.finding import Severity
from reconciler.plan.guards import GUARDS
from reconciler.rules.registry import RULES
from reconciler.settings import Settings
from reconciler.source.kind import KINDS
from tests.rules.tree import declare_files, judge_all, scope

ROOT = Path(__file__).parents[1]
RECONCILER = Path(sys.executable).with_name("reconciler")
PAGES = sorted(
    page.relative_to(ROOT).as_posix()
    for page in (
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("benchmarks/*.md"),
        *ROOT.glob("config/**/*.md"),
    )
)
PIPELINES = sorted(page.relative_to(ROOT).as_posix() for page in ROOT.glob("examples/ci/*.yml"))
# Words of a console line that end the command before them.
ENDS = frozenset(("#", "|", "||", "&&", "&", ">", ">>", "<", ";", "2>", "2>&1"))


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(page: str, heading: str) -> str:
    """Text below a heading, up to the next one of the same or a higher level."""
    text = text_of(page)
    found = re.search(rf"^(#+) {re.escape(heading)}$\n(.*?)(?=^#{{1,2}} |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no section {heading!r}"
    return found[2]


def table_cells(text: str, column: int = 0) -> list[str]:
    """One column of a Markdown table, without the header and the line below it."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [re.split(r"(?<!\\)\|", row)[column + 1].strip() for row in rows[2:]]


def code_words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# Exit codes, guards, rules


def test_every_exit_code_is_documented() -> None:
    documented = [int(cell) for cell in table_cells(section("docs/getting-started.md", "Exit codes"))]
    assert documented == [int(code) for code in ExitCode]


def test_the_help_names_every_exit_code() -> None:
    epilog = program.epilog
    assert epilog is not None
    assert {int(code) for code in re.findall(r"(?<!\w)(\d+) [a-z]", epilog)} == set(ExitCode)


def test_every_guard_is_documented() -> None:
    documented = [
        word for cell in table_cells(section("docs/ownership.md", "Guards")) for word in code_words(cell)
    ]
    assert documented == list(GUARDS)


def test_every_rule_has_a_page_and_every_page_a_rule() -> None:
    pages = sorted(page.stem for page in (ROOT / "docs/rules").glob("R[0-9]*.md"))
    assert pages == sorted(RULES)


@pytest.mark.parametrize("page", PAGES)
def test_rules_named_in_a_document_exist(page: str) -> None:
    ranges = re.findall(r"R(\d+)[\u2013-]R(\d+)", text_of(page))
    named = {f"R{number:02}" for low, high in ranges for number in range(int(low), int(high) + 1)}
    named |= set(re.findall(r"(?<![\w.:-])R\d{2,3}(?![\w-])", text_of(page)))
    assert named <= set(RULES)


# Settings


def settings_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Dotted paths of everything that can be set, with NAME, KIND and ID for keys of mappings."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        yield from _below(field.annotation, path)


def _below(annotation: object, path: str) -> Iterator[str]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from settings_paths(annotation, f"{path}.")
        return
    inner = [argument for argument in _flat(annotation) if isinstance(argument, type)]
    models = [argument for argument in inner if issubclass(argument, BaseModel)]
    if not models:
        yield path
    for model in models:
        key = {"policy.kinds": ".KIND", "rules": ".ID"}.get(path, ".NAME") if str in inner else ""
        yield from settings_paths(model, f"{path}{key}.")


def _flat(annotation: object) -> Iterator[object]:
    arguments = get_args(annotation)
    for argument in arguments:
        yield argument
        yield from _flat(argument)


def is_documented_with_its_parent(path: str, documented: set[str]) -> bool:
    """A token is one setting for readers, whether it comes from `env` or from `file`."""
    parent, _, last = path.rpartition(".")
    return last in ("env", "file") and parent in documented


def test_every_setting_is_documented() -> None:
    cells = table_cells(section("docs/getting-started.md", "Settings"))
    documented = {word for cell in cells for word in code_words(cell)}
    known = set(settings_paths(Settings))
    assert {
        path for path in known - documented if not is_documented_with_its_parent(path, documented)
    } == set()
    parents = {path.rpartition(".")[0] for path in known}
    assert documented - known - parents == set()


def test_documented_defaults_are_the_real_ones() -> None:
    defaults = Settings.model_validate({"version": 1, "targets": {"a": {"organization": "a"}}}).model_dump(
        by_alias=True
    )
    documented: dict[str, str] = {}
    for row in section("docs/getting-started.md", "Settings").splitlines():
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if row.startswith("|") and ";" in cells[-1]:
            words = code_words(cells[-1].rpartition(";")[2])
            documented.update(zip(code_words(cells[0]), words, strict=len(words) > 1))
    assert documented
    for path, value in documented.items():
        found: object = defaults
        for step in path.replace("inventory.file.", "inventory.").split("."):
            if step == "inventory":
                found = {"directory": ".reconciler/inventory"}
            elif step not in ("KIND", "kinds"):
                assert isinstance(found, dict)
                found = found[step]
        assert str(found).removesuffix(".0") == value, path


# Commands, their options, targets of make


def test_every_command_is_documented() -> None:
    cells = table_cells(section("docs/getting-started.md", "Commands"))
    assert [word.removeprefix("reconciler ") for cell in cells for word in code_words(cell)] == list(COMMANDS)


def command_lines(text: str) -> Iterator[list[str]]:
    """Every `reconciler …` of a document, as words: in backticks, after `$ `, or as a line of a script."""
    joined = text.replace("\\\n", " ")
    spans = re.findall(r"`(reconciler [^`]+)`", joined)
    lines = re.findall(
        r"^(?:\$ |\s*(?:- )?(?:run: )?)(?:\w+=\S+ )*(reconciler [a-z-].*)$", joined, re.MULTILINE
    )
    for line in (*spans, *lines):
        words = []
        for word in shlex.split(line.replace("…", "").replace("'", ""), comments=True):
            if word in ENDS:
                break
            words.append(word.rstrip(";"))
        yield words[1:]


@pytest.mark.parametrize("page", [*PAGES, *PIPELINES])
def test_commands_and_options_in_a_document_exist(page: str) -> None:
    """Prose such as "reconciler checks" is not a command line; one that is must parse."""
    general = {name for parameter in program.params for name in parameter.opts} | {"--help", "--version"}
    unknown = []
    for words in command_lines(text_of(page)):
        names = [word for word in words if not word.startswith("-")]
        command = next((word for word in names if word in COMMANDS), None)
        if command is None:
            unknown += [" ".join(words)] if names and not names[0].isupper() else []
            continue
        known = general | options_of(command)
        unknown += [
            f"{command} {word}"
            for word in words
            if re.match(r"--?[a-zA-Z]", word) and word.split("=")[0] not in known
        ]
    assert not unknown


def options_of(command: str) -> set[str]:
    with click.Context(program, **program.context_settings) as context:
        found = program.get_command(context, command)
    assert found is not None
    below = found.commands.values() if isinstance(found, click.Group) else ()
    parameters = [parameter for one in (found, *below) for parameter in one.params]
    return {name for parameter in parameters for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_fits_one_screen_with_two_examples(command: str) -> None:
    with click.Context(program, info_name="reconciler", **program.context_settings) as parent:
        found = program.get_command(parent, command)
        assert found is not None
        with click.Context(found, info_name=command, parent=parent, max_content_width=80) as context:
            shown = found.get_help(context)
    assert len(shown.splitlines()) <= 40
    assert max(map(len, shown.splitlines())) <= 80
    assert len(re.findall(rf"^ {{4}}.*reconciler .*{command}", shown, re.MULTILINE)) >= 2


@pytest.mark.parametrize("page", [*PAGES, ".ci/run", ".pre-commit-config.yaml"])
def test_targets_of_make_in_a_document_exist(page: str) -> None:
    makefile = text_of("Makefile")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    spans = re.findall(r"(?:`|\$ |^)make ([a-z]+)(?=[`\s])", text_of(page))
    assert set(spans) <= targets


def test_contributing_explains_every_target_of_make() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", text_of("Makefile"), re.MULTILINE)) - {"help", "clean"}
    cells = table_cells(section("CONTRIBUTING.md", "Commands"))
    assert {word.removeprefix("make ") for cell in cells for word in code_words(cell)} == targets


# The README, links, decision records


def test_the_first_screen_of_the_readme_starts_a_newcomer() -> None:
    screen = "\n".join(text_of("README.md").splitlines()[:60])
    for needed in (
        "make demo",
        "make test",
        "pip install",
        "reconciler init",
        "```text",
        "getting-started.md",
    ):
        assert needed in screen


def readme_plan() -> list[str]:
    """Lines of the README's plan; `…` is any number of left-out lines."""
    block = re.search(
        r"<!-- plan of the changed quickstart.*?-->\n```text\n(.*?)```", text_of("README.md"), re.DOTALL
    )
    assert block, "the README has no plan"
    return block[1].splitlines()


@pytest.mark.slow
def test_the_plan_in_the_readme_is_what_the_program_prints(tmp_path: Path) -> None:
    """The plan of the demo's change: port and commit differ from run to run, nothing else may."""
    done = subprocess.run(
        [ROOT / "examples/demo.sh"],
        env={
            "HOME": str(tmp_path),
            "PATH": os.environ["PATH"],
            "RECONCILER": str(RECONCILER),
            "DEMO": str(tmp_path / "demo"),
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    step = done.stdout.partition("\n== 7.")[2]
    printed = step.partition("$ reconciler plan --detailed-exit-code\n")[2].partition("\n$ reconciler")[0]
    expected = "".join(
        r"(?:.*\n)*" if line == "…" else re.escape(_steady(line)) + r"\n" for line in readme_plan()
    )
    steady = _steady(printed).rstrip("\n") + "\n"
    assert re.fullmatch(expected, steady), f"the program prints:\n{steady}"


def _steady(text: str) -> str:
    """The plan without what differs from run to run."""
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"\b[0-9a-f]{7,12}\b", "COMMIT", text)
    return re.sub(r"/\S*/platform\b", "platform", text)


@pytest.mark.parametrize("page", PAGES)
def test_links_have_a_destination(page: str) -> None:
    prose = re.sub(r"```.*?```|`[^`]*`", "", text_of(page), flags=re.DOTALL)
    links = re.findall(r"\]\(([^)\s]+)\)", prose)
    local = [link.partition("#")[0] for link in links if not re.match(r"[a-z]+:|#", link)]
    assert [link for link in local if not (ROOT / page).parent.joinpath(link).exists()] == []


def test_decision_records_are_numbered_and_fit_a_page() -> None:
    records = sorted((ROOT / "docs/adr").glob("*.md"))
    assert [record.name[:4] for record in records] == [
        f"{number:04}" for number in range(1, len(records) + 1)
    ]
    for record in records:
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(record.name[:4])}. "), record.name
        assert len(text.splitlines()) <= 60, record.name
        for heading in ("Context", "Options", "Decision", "What we give up"):
            assert f"\n## {heading}\n" in text, record.name


# Files written by commands


def test_schemas_are_current(tmp_path: Path) -> None:
    """`make schemas` writes them; a pull request that changes a model includes them."""
    subprocess.run([RECONCILER, "schema", "--write", tmp_path], check=True, capture_output=True)
    written = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}
    kept = {file.name: file.read_text(encoding="utf-8") for file in (ROOT / "schemas").glob("*.json")}
    assert written
    assert written == kept


def test_the_lock_file_satisfies_the_project() -> None:
    lock = dict(
        line.split("==") for line in text_of("requirements-test.lock").splitlines() if line and line[0] != "#"
    )
    versions = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in lock.items()}
    project = tomllib.loads(text_of("pyproject.toml"))
    wanted = (
        *project["project"]["dependencies"],
        *project["dependency-groups"]["test"],
        *project["build-system"]["requires"],
    )
    for requirement in map(Requirement, wanted):
        version = versions.get(re.sub(r"[-_.]+", "-", requirement.name).lower())
        assert version is not None, f"{requirement.name} is not in the lock file"
        assert requirement.specifier.contains(version, prereleases=True), f"{requirement} but {version}"


def test_every_kind_has_an_example_that_is_valid_and_breaks_no_rule() -> None:
    """The examples of `docs/kinds.md` together are one tree."""
    text = (ROOT / "docs/kinds.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    tree = {f"{index}.yaml": block.encode() for index, block in enumerate(blocks)}
    key = (ROOT / "examples/quickstart/shared/agents/eu-1.pub.pem").read_bytes()
    loaded = declare_files({**tree, "eu-1.pub.pem": key})
    assert loaded.findings == ()
    kinds = {type(declared.document).__name__.removesuffix("Document") for declared in loaded.documents()}
    assert kinds == {name for known in KINDS.values() for name in known}
    judgement = judge_all([scope(loaded)])
    assert [str(found) for found in judgement.findings if found.severity is Severity.ERROR] == []
