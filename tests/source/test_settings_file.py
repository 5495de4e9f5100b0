"""The settings file: all problems at once, with places; and the example that explains every setting."""

import re
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from reconciler.errors import SettingsError
from reconciler.model.finding import Finding, Severity
from reconciler.settings import Limits, Mode, Policy, Safety, Settings, Watch
from reconciler.source.settings_file import commented_example, parse_settings
from reconciler.source.yaml_text import parse_yaml

MINIMAL = "version: 1\ntargets:\n  acme:\n    organization: acme\n"


def refusal(text: str) -> tuple[Finding, ...]:
    with pytest.raises(SettingsError) as refused:
        parse_settings(text.encode(), "reconciler.yaml")
    assert refused.value.findings
    return refused.value.findings


def test_a_small_file_gets_the_defaults() -> None:
    settings, warnings = parse_settings(MINIMAL.encode(), "reconciler.yaml")
    assert warnings == ()
    assert settings.targets["acme"].paths == ("**",)
    assert settings.limits == Limits()


def test_all_problems_come_at_once_with_their_places() -> None:
    text = """\
version: 2
instanc: x
targets:
  acme:
    organisation: acme
    orchestrator: {url: ftp://x, token: hunter2}
    mode: sideways
apply: {concurrency: 0}
rules: {R71: {severity: of, reason: ""}}
safety: {maxDelete: many}
watch: {pollSeconds: 0}
policy: {kinds: {Runer: {prune: never}}}
"""
    found = [(f.rule, f"{f.origin.line}:{f.origin.column}", f.message, f.advice) for f in refusal(text)]
    assert ("F06", "1:10", "`version` must be `1`, but is a number", "") in found
    assert ("F05", "2:1", "the field `instanc` is not known", "did you mean `instance`?") in found
    assert ("F06", "4:3", "`targets.acme.organization` is missing", "") in found
    assert (
        "F05",
        "5:5",
        "the field `organisation` in `targets.acme` is not known",
        "did you mean `organization`?",
    ) in found
    assert [place for rule, place, *_ in found if rule == "F06"] == [
        "1:10", "4:3", "6:25", "6:41", "7:11", "8:22", "9:25", "9:37", "10:21", "11:22", "12:9",
    ]  # fmt: skip
    assert not any("hunter2" in f"{message}{advice}" for _, _, message, advice in found)


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "reconciler.yaml", "empty"),
        ("- 1", "reconciler.yaml:1:1", "not a mapping"),
        (MINIMAL + "---\n" + MINIMAL, "reconciler.yaml:6:1", "2 documents"),
        ("a: [", "reconciler.yaml:2:1", "did not find"),
        (MINIMAL + "version: 1\n", "reconciler.yaml:5:1", "twice"),
        ("version: 1\ntargets: {}\n", "reconciler.yaml:2:10", "at least 1 entry"),
        (MINIMAL + "    paths: ['!']\n", "reconciler.yaml:5:13", "not a pattern"),
        (MINIMAL + "inventory: {none: true, git: {}}\n", "reconciler.yaml:5:12", "at most one"),
        (MINIMAL + "    runners: {url: https://u:p@host}\n", "reconciler.yaml:5:20", "form"),
        ("x" * 1_100_000, "reconciler.yaml", "more than"),
    ],
)
def test_each_problem_has_a_message_and_a_place(text: str, place: str, said: str) -> None:
    [found] = refusal(text)
    assert str(found.origin) == place
    assert said in found.message


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("Direct Cluster", Mode.LEGACY),
        ("legacy-mode", Mode.LEGACY),
        ("operator", Mode.DIRECT),
        ("Humanitec Operator", Mode.DIRECT),
        ("gitops_mode", Mode.GITOPS),
        ("operator with gitops", Mode.GITOPS),
        ("GitOps", Mode.GITOPS),
        ("Git-Ops", Mode.GITOPS),
        ("Direct", Mode.DIRECT),
        ("Legacy", Mode.LEGACY),
    ],
)
def test_older_names_of_modes_are_accepted_with_a_warning(name: str, mode: Mode) -> None:
    settings, warnings = parse_settings(f"{MINIMAL}    mode: {name}\n".encode(), "reconciler.yaml")
    assert settings.targets["acme"].mode is mode
    assert ("F13", "reconciler.yaml:5:11") in [(found.rule, str(found.origin)) for found in warnings]


UNUSED = """\
    mode: direct
    primaryStore: mine
clusters:
  eu-1:
    kubeconfig: {path: a}
    directory: b
    platform: eks
    apiServer: {public: true}
    operator: true
policy:
  kinds:
    Criterion: {prune: never}
    Runner: {prune: never}
"""


def test_a_setting_that_nothing_uses_yet_is_accepted_with_a_warning_at_its_place() -> None:
    _, warnings = parse_settings((MINIMAL + UNUSED).encode(), "reconciler.yaml")
    assert {finding.rule for finding in warnings} == {"F14"}
    assert {finding.severity for finding in warnings} == {Severity.WARNING}
    assert [(finding.origin.line, finding.message.split("`")[1]) for finding in warnings] == [
        (16, "policy.kinds.Criterion"),
    ]
    assert all("accepted but not used yet" in finding.message for finding in warnings)


def test_the_example_can_be_used_unchanged() -> None:
    settings, warnings = parse_settings(commented_example().encode(), "reconciler.yaml")
    assert warnings == ()
    assert settings.policy == Policy()


def uncommented() -> str:
    return re.sub(r"^#(?!#| yaml-language)", "", commented_example(), flags=re.MULTILINE)


def test_every_commented_setting_can_be_switched_on_and_shows_the_default() -> None:
    settings, warnings = parse_settings(uncommented().encode(), "reconciler.yaml")
    assert warnings == ()
    assert settings.policy == Policy()
    assert settings.safety == Safety()
    assert settings.watch == Watch()
    assert settings.limits == Limits()
    assert settings.apply == Settings.model_fields["apply"].default
    assert settings.targets["main"].paths == ("**",)


def names(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name
        for inner in re.findall(r"reconciler\.settings\.(\w+)", str(info.annotation)):
            kind = getattr(__import__("reconciler.settings", fromlist=[inner]), inner)
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from names(kind)


def test_the_example_names_every_setting() -> None:
    missing = [name for name in names(Settings) if not re.search(rf"\b{name}\b", commented_example())]
    assert missing == []


def test_the_example_fits_eighty_columns() -> None:
    assert max(map(len, commented_example().splitlines())) <= 88


def test_the_example_has_a_single_document() -> None:
    assert len(parse_yaml(commented_example().encode(), "x", Limits()).documents) == 1
