"""Tokens of the settings: where they come from, and one message for everything that is missing."""

from pathlib import Path

import pytest

from reconciler.cli.edges.secrets import Secrets
from reconciler.errors import SettingsError
from reconciler.model.secret import Secret
from reconciler.settings import Target, Token

ADVICE = "set what is missing and fix what is refused; `reconciler validate` needs no token"
URL = "https://api.example.com"


def target(orchestrator: object, runners: object = None) -> Target:
    connections = {"orchestrator": orchestrator, "runners": runners}
    given = {
        name: {"url": URL, **({} if token == "none" else {"token": token})}
        for name, token in connections.items()
        if token is not None
    }
    return Target.model_validate({"organization": "acme", **given})


@pytest.mark.parametrize(
    ("environment", "value"),
    [
        ({"TOKEN": "abc"}, "abc"),
        ({"TOKEN": " abc\n"}, "abc"),
        ({"TOKEN": ""}, None),
        ({"TOKEN": " \n\t"}, None),
        ({"token": "abc"}, None),
        ({}, None),
    ],
)
def test_a_token_of_the_environment_has_no_blanks_around_it(
    tmp_path: Path, environment: dict[str, str], value: str | None
) -> None:
    secrets = Secrets(environment, tmp_path)
    if value is not None:
        assert secrets.value(Token(env="TOKEN"), "place").reveal() == value
        return
    with pytest.raises(SettingsError) as caught:
        secrets.value(Token(env="TOKEN"), "place")
    assert str(caught.value) == "environment variable TOKEN (place) is not set"
    assert caught.value.advice == ADVICE


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (b"abc", "abc"),
        (b"abc\n", "abc"),
        (b"  abc\r\n\n", "abc"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b" \n \n", "is empty"),
        (b"\xff", "is not UTF-8 text"),
        (b"x" * 65_537, "is larger than 65536 bytes"),
        (None, "cannot be read: No such file or directory"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_token_of_a_file_is_relative_to_the_settings(
    tmp_path: Path, content: bytes | None, found: str
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    secrets = Secrets({}, tmp_path)
    if found == "abc":
        assert secrets.value(Token(file="./token"), "place").reveal() == "abc"
        return
    with pytest.raises(SettingsError) as caught:
        secrets.value(Token(file="./token"), "place")
    assert str(caught.value) == f"file ./token (place) {found}"


def test_everything_that_is_missing_is_in_one_message_once(tmp_path: Path) -> None:
    targets = {
        "one": target({"env": "A"}, {"file": "./none"}),
        "two": target({"env": "B"}, {"env": "C"}),
    }
    with pytest.raises(SettingsError) as caught:
        Secrets({"C": "set"}, tmp_path).endpoints(targets)
    assert str(caught.value) == (
        "environment variable A (targets.one.orchestrator.token) is not set; "
        "file ./none (targets.one.runners.token) cannot be read: No such file or directory; "
        "environment variable B (targets.two.orchestrator.token) is not set"
    )


@pytest.mark.parametrize("names", [("one", "two", "three"), ("two", "one", "three"), ("three", "two", "one")])
def test_a_missing_token_stops_its_target_alone_wherever_that_stands_in_the_settings(
    tmp_path: Path, names: tuple[str, ...]
) -> None:
    tokens = {"one": "A", "two": "MISSING", "three": "A"}
    found = Secrets({"A": "abc"}, tmp_path).endpoints({name: target({"env": tokens[name]}) for name in names})
    assert [name for name in names if isinstance(found[name], SettingsError)] == ["two"]
    assert "targets.two.orchestrator.token" in str(found["two"])


def test_a_connection_without_a_token_has_an_address_and_a_missing_connection_has_none(
    tmp_path: Path,
) -> None:
    found = Secrets({"A": "abc"}, tmp_path).endpoints(
        {"one": target({"env": "A"}), "two": target("none"), "three": target(None)}
    )
    assert isinstance(found["one"], tuple)
    assert isinstance(found["two"], tuple)
    first, second = found["one"]
    assert first is not None
    assert (first.url, second) == (URL, None)
    assert first.token is not None
    assert first.token.reveal() == "abc"
    bare, _ = found["two"]
    assert bare is not None
    assert bare.token is None
    assert found["three"] == (None, None)


@pytest.mark.parametrize("token", ["a b", "a\nb", "a\x00b", "ä", "a\x7fb"])
@pytest.mark.parametrize("source", ["env", "file"])
def test_a_token_that_no_header_can_carry_is_refused_without_being_shown(
    tmp_path: Path, token: str, source: str
) -> None:
    value = f"canary{token}canary"
    (tmp_path / "token").write_text(value, newline="")
    named = {"env": "TOKEN"} if source == "env" else {"file": "./token"}
    with pytest.raises(SettingsError) as caught:
        Secrets({"TOKEN": value}, tmp_path).endpoints({"one": target(named)})
    start = "environment variable TOKEN" if source == "env" else "file ./token"
    assert str(caught.value).startswith(f"{start} (targets.one.orchestrator.token) contains ")
    assert "canary" not in str(caught.value)


def test_a_secret_does_not_show_itself(tmp_path: Path) -> None:
    found = Secrets({"A": "canary"}, tmp_path).endpoints({"one": target({"env": "A"})})
    assert "canary" not in repr(found)
    assert "canary" not in str(Secret("canary"))
