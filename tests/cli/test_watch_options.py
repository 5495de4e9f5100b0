"""Options of `watch` that stop it before its first pass."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from tests.cli.running import call


@pytest.fixture(autouse=True)
def own_collector() -> Iterator[None]:
    """`watch` sets up the garbage collector for its whole process."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.parametrize(
    "address",
    ["", "8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:http", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:٣",
     "127.0.0.1:1.0", "ü..x:0", f"{'x' * 64}:0"],
)  # fmt: skip
def test_what_is_not_an_address_to_listen_on_is_refused_with_examples(tree: Path, address: str) -> None:
    code, shown, said = call(tree, "watch", "--listen", address)
    assert (code, shown) == (ExitCode.INVALID, "")
    assert f"error: `watch.listen` is {address!r}, which is not an address\n" in said
    assert "use `host:port`, such as `127.0.0.1:8080`, or `0.0.0.0:8080` in a pod\n" in said
    assert said.endswith("Nothing was changed.\n")


def test_an_address_that_is_not_of_this_machine_is_refused(tree: Path) -> None:
    code, _, said = call(tree, "watch", "--listen", "192.0.2.1:0")
    assert code == ExitCode.INVALID
    assert "error: cannot listen on 192.0.2.1:0: " in said
    assert "port 0 takes any free one" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--ref", "main"], "--ref needs --source"),
        (["--only", "Pod/x"], "there is no kind 'Pod'"),
        (["--poll", "0"], "give a number of seconds greater than 0 and at most 31536000"),
        (["--poll", "31536001"], "give a number of seconds greater than 0 and at most 31536000"),
        (["--resync", "nan"], "give a number of seconds greater than 0 and at most 31536000"),
    ],
)
def test_values_that_cannot_be_used_are_wrong_usage(tree: Path, options: list[str], message: str) -> None:
    code, shown, said = call(tree, "watch", *options)
    assert (code, shown) == (ExitCode.USAGE, "")
    assert message in said


@pytest.mark.parametrize("seconds", ["0.001", "31536000", "1e3"])
@pytest.mark.parametrize("option", ["--poll", "--resync"])
def test_values_at_the_bounds_are_accepted(tree: Path, option: str, seconds: str) -> None:
    """The address is refused after them, so that nothing starts."""
    code, _, said = call(tree, "watch", option, seconds, "--listen", "nonsense")
    assert code == ExitCode.INVALID
    assert "`watch.listen` is 'nonsense'" in said


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("", "is not a supported Git URL"),
        ("ftp://x/y", "the transport of ftp://x/y is not allowed"),
        ("--x", "the Git URL starts with a dash"),
    ],
)
def test_a_source_that_is_not_an_address_of_git_is_an_error(tree: Path, url: str, cause: str) -> None:
    code, shown, said = call(tree, "watch", f"--source={url}", "--listen", "127.0.0.1:nonsense")
    assert code == ExitCode.UNREADABLE
    assert shown == ""
    assert cause in said
    assert said.endswith("Nothing was changed.\n")


def test_without_settings_it_says_that_this_is_practice_before_anything_else(tree: Path) -> None:
    _, _, said = call(tree, "watch", "--listen", "nonsense")
    assert '"message": "no settings file: using the embedded orchestrator"' in said.split("\n")[0]
