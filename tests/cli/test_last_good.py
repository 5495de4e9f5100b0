"""`watch` on a repository that disappears and comes back: drift is corrected with the last commit that was read."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.cli.following import follower
from reconciler.cli.request import Request
from reconciler.controller.loop import Loop
from reconciler.controller.status import ConditionStatus, ConditionType
from reconciler.emulator import Emulator
from reconciler.emulator.web.server import running
from reconciler.passes.result import Purpose
from reconciler.settings import Watch
from tests.cli.running import DEFINITION
from tests.controller.moving import MovingClock
from tests.repositories import commit, git, own_git_configuration, repository

__all__ = ["commit", "git", "own_git_configuration", "repository"]
WATCH = Watch(poll_s=60, resync_s=600, backoff_max_s=120)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(organizations=["acme"]) as made:
        yield made


@pytest.mark.parametrize("only_fetching_fails", [False, True], ids=["gone", "fetch fails"])
def test_drift_is_corrected_with_the_last_commit_while_the_repository_cannot_be_read(
    tmp_path: Path,
    repository: Path,
    commit: Callable[[dict[str, str]], str],
    emulator: Emulator,
    *,
    only_fetching_fails: bool,
) -> None:
    clock, gone = MovingClock(), repository.with_name("gone")
    with (
        running(emulator) as url,
        httpx.Client(base_url=url, headers={"Authorization": "Bearer x"}) as client,
    ):
        settings = (
            "version: 1\ntargets:\n  acme:\n    organization: acme\n"
            f"    orchestrator: {{url: '{url}', token: {{env: TEST_TOKEN}}}}\n"
        )
        first = commit({"reconciler.yaml": settings, "a.yaml": DEFINITION.replace("@ID@", "first-db")})
        folder = tmp_path / "empty"
        folder.mkdir()
        following = follower(
            Request(
                Purpose.APPLY,
                folder,
                environment={
                    "TEST_TOKEN": "x",
                    "XDG_CACHE_HOME": str(tmp_path / "cache"),
                    "PATH": os.environ["PATH"],
                },
                url=repository.as_uri(),
            )
        )
        loop = Loop(
            following.run_pass,
            following.revision,
            WATCH,
            clock=clock,
            random=lambda: 0.5,
            keeps_revisions=following.keeps_revisions,
        )
        seen: dict[str, object] = {}
        moved: list[Path] = []

        def ids() -> list[str]:
            listed = client.get("/orgs/acme/resources/defs").json()
            return [one["id"] for one in listed if not one["is_default"]]

        def disappear() -> None:
            second = commit({"b.yaml": DEFINITION.replace("@ID@", "second-db")})
            if only_fetching_fails:
                place = repository / ".git" / "objects" / second[:2] / second[2:]
                place.rename(gone)
            else:
                place = repository
                repository.rename(gone)
            moved.append(place)
            assert client.delete("/orgs/acme/resources/defs/first-db").status_code < 300

        def come_back() -> None:
            gone.rename(moved[0])

        def look(name: str) -> None:
            seen[name] = ids()
            status = loop.board.snapshot()
            condition = status.conditions[ConditionType.SOURCE_READ]
            seen[f"{name}: read"] = condition.status
            seen[f"{name}: message"] = condition.message
            seen[f"{name}: ready"] = status.conditions[ConditionType.READY].status
            seen[f"{name}: metric"] = b"reconciler_source_read 0.0" in loop.metrics.exposition()

        clock.at(30, disappear)
        clock.at(590, lambda: look("before the resync"))
        clock.at(900, lambda: look("after the resync"))
        clock.at(910, come_back)
        clock.at(1290, lambda: look("back"))
        clock.at(1291, loop.stop)
        loop.run()
    assert seen["before the resync"] == []
    assert seen["after the resync"] == ["first-db"]
    assert seen["after the resync: read"] is ConditionStatus.FALSE
    assert seen["after the resync: ready"] is ConditionStatus.FALSE
    assert seen["after the resync: metric"] is True
    assert f"drift is corrected at revision {first[:12]}" in str(seen["after the resync: message"])
    assert seen["back"] == ["first-db", "second-db"]
    assert seen["back: read"] is ConditionStatus.TRUE
    assert seen["back: ready"] is ConditionStatus.TRUE
    assert seen["back: metric"] is False
