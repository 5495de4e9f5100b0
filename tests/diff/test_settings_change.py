"""Which settings a change edits, and the concern of each."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from reconciler.diff.change import ABSENT
from reconciler.diff.settings_change import (
    CONCERNS,
    NO_SETTINGS,
    Concern,
    SettingsChange,
    SettingsDocument,
    compare_settings,
    concern_of,
)
from reconciler.model.json import dotted
from reconciler.settings import Settings

Path = tuple[str, ...]


def fields(model: type[BaseModel], path: Path = ()) -> Iterator[Path]:
    """Paths of every setting of a model, with `NAME` for names chosen by users."""
    for name, info in model.model_fields.items():
        yield from _below(info.annotation, (*path, info.alias or name))


def _below(annotation: Any, path: Path) -> Iterator[Path]:
    if get_origin(annotation) is dict:
        yield from _below(get_args(annotation)[1], (*path, "NAME"))
        return
    options = (annotation, *get_args(annotation))
    models = [o for o in options if isinstance(o, type) and issubclass(o, BaseModel)]
    if not models:
        yield path
    for model in models:
        yield from fields(model, path)


def fits(pattern: Path, path: Path) -> bool:
    return len(pattern) == len(path) and all(
        step in ("*", name) for step, name in zip(pattern, path, strict=True)
    )


EVERY = sorted(set(fields(Settings)))


@pytest.mark.parametrize("path", EVERY, ids=dotted)
def test_every_setting_has_a_concern(path: Path) -> None:
    rows = [pattern for pattern in CONCERNS if fits(pattern, path)]
    assert len(rows) == 1, "a new setting needs a row in CONCERNS"
    assert concern_of(path) is CONCERNS[rows[0]]


@pytest.mark.parametrize("pattern", CONCERNS, ids=dotted)
def test_no_row_names_a_setting_that_does_not_exist(pattern: Path) -> None:
    assert any(fits(pattern, path) for path in EVERY)


def test_a_setting_without_a_concern_counts_as_grave() -> None:
    assert concern_of(("somethingNew",)) is Concern.SAFETY


def document(**settings: Any) -> SettingsDocument:
    target = {"organization": "acme", "orchestrator": {"url": "https://a.example", "token": {"env": "T"}}}
    parsed = Settings.model_validate({"version": 1, "targets": {"acme": target}, **settings})
    given = parsed.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return SettingsDocument(given, parsed.model_dump(mode="json", by_alias=True))


def changed(before: SettingsDocument, after: SettingsDocument) -> list[tuple[object, ...]]:
    return [(str(s.concern), dotted(s.path), s.before, s.after) for s in compare_settings(before, after)]


BASE = document()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(
            {"targets": {"acme": {"organization": "acme", "orchestrator": {"url": "https://b.example"}}}},
            [
                ("token", "targets.acme.orchestrator.token.env", "T", ABSENT),
                ("address", "targets.acme.orchestrator.url", "https://a.example", "https://b.example"),
            ],
            id="address and token",
        ),
        pytest.param({"instance": "mine"}, [("ownership", "instance", "default", "mine")], id="ownership"),
        pytest.param(
            {"safety": {"maxDelete": "99%"}}, [("safety", "safety.maxDelete", "10% or 5", "99%")], id="safety"
        ),
        pytest.param(
            {"policy": {"default": {"prune": "never"}}},
            [("ownership", "policy.default.prune", "owned", "never")],
            id="policy",
        ),
        pytest.param(
            {"rules": {"R78": {"severity": "off", "reason": "x"}}},
            [("safety", "rules.R78.reason", ABSENT, "x"), ("safety", "rules.R78.severity", ABSENT, "off")],
            id="a rule",
        ),
        pytest.param({"watch": {"pollSeconds": 60}}, [], id="a default that is written"),
        pytest.param(
            {"watch": {"pollSeconds": 5}}, [("other", "watch.pollSeconds", 60.0, 5.0)], id="nothing grave"
        ),
    ],
)
def test_only_settings_that_differ_in_effect_are_named(
    settings: dict[str, Any], expected: list[tuple[object, ...]]
) -> None:
    assert changed(BASE, document(**settings)) == expected
    assert [(c, p, a, b) for c, p, b, a in changed(document(**settings), BASE)] == expected


def test_for_first_settings_only_what_is_written_is_named() -> None:
    assert [path for _, path, _, _ in changed(NO_SETTINGS, BASE)] == [
        "targets.acme.orchestrator.token.env",
        "targets.acme.orchestrator.url",
        "targets.acme.organization",
        "version",
    ]


def test_what_is_grave_comes_first() -> None:
    after = document(watch={"pollSeconds": 5}, safety={"maxDelete": "9"}, instance="mine")
    change = SettingsChange("", compare_settings(BASE, after))
    assert [dotted(setting.path) for setting in change.grave] == ["instance", "safety.maxDelete"]
    assert [dotted(setting.path) for setting in change.others] == ["watch.pollSeconds"]
