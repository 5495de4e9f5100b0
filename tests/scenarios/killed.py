"""Kills an apply at each of its requests and checks what is left after the apply that follows.

A `Transition` is two states of the files. What is checked is the same for all of them: the end is that of an
apply that nobody killed, nothing of others was touched, the record is right, what was said to have happened
happened, and no secret was said.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from reconciler.emulator import Effect
from reconciler.emulator.web.server import running
from reconciler.errors import ExitCode
from reconciler.model.kind import Kind
from reconciler.passes.result import PassResult, Verdict
from reconciler.plan.action import Outcome, Status, Verb
from reconciler.views import json as json_view
from reconciler.views import markdown, outcome_text, text
from tests.scenarios.world import URL, Killed, KillSwitch, Silent, World, agent_public_key, runner_public_key

THEIRS = "theirs"
FOREIGN_KEYS = agent_public_key(), runner_public_key()
CHANGING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Transition:
    """What the files say before and after, and what a person approved for the way."""

    before: Callable[[World], None]
    after: Callable[[World], None]
    organizations: tuple[str, ...] = ("acme",)
    accepted: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    """Values that must not be printed, recorded or logged."""


@dataclass
class End:
    """Everything that is compared after the last apply."""

    live: list[object]
    records: list[object]
    foreign: Mapping[str, object]


@dataclass
class Observed:
    """What a run said: outcomes as they came, and its result where it had one."""

    observer: Silent = field(default_factory=Silent)
    result: PassResult | None = None


def killed_at_each_request(
    folder: Path, transition: Transition, concurrency: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Kill the apply of a transition at every request that changes something, before and after its effect.

    With several workers the requests come in any order, so one of both does.
    """
    with _world(folder / "undisturbed", transition, concurrency) as reference:
        result = reference.apply(*transition.accepted)
        assert result.exit_code() is ExitCode.DONE, outcome_text.render(result)
        requests = sum(entry.verb in CHANGING for entry in reference.emulator.log.entries())
        wanted = _end(reference, transition)
    assert requests
    for at in range(1, requests + 1):
        for after_effect in (False, True) if concurrency == 1 else (at % 2 == 0,):
            name = f"{at}-{'after' if after_effect else 'before'}"
            with _world(folder / name, transition, concurrency) as world:
                foreign = _foreign(world, transition)
                first = _killed(world, transition, KillSwitch(at, after_effect=after_effect))
                second = _resumed(world, transition, name)
                end = _end(world, transition)
                assert end.live == wanted.live, name
                assert end.records == wanted.records, name
                assert end.foreign == foreign, name
                _assert_silent(world, transition, caplog, first, second)


def _killed(world: World, transition: Transition, switch: KillSwitch) -> Observed:
    said = Observed()
    world.switch = switch
    with pytest.raises(Killed):
        world.apply(*transition.accepted, observer=said.observer)
    world.switch = None
    happened = _effects(world)
    assert not _done(said.observer.finished_outcomes) - happened
    return said


def _resumed(world: World, transition: Transition, name: str) -> Observed:
    world.emulator.log.clear()
    said = Observed()
    said.result = world.apply(*transition.accepted, observer=said.observer)
    assert said.result.exit_code() is ExitCode.DONE, (name, outcome_text.render(said.result))
    assert _done(said.result.outcomes) == _effects(world), name
    assert said.result.verdict is Verdict.APPLIED or not _effects(world), name
    planned = text.render(said.result)
    assert "outside Git" not in planned, (name, planned)
    assert "since the last apply" not in planned, (name, planned)
    assert "in the orchestrator" not in planned, (name, planned)
    world.emulator.log.clear()
    again = world.apply(*transition.accepted)
    assert again.verdict is Verdict.EMPTY, (name, text.render(again))
    assert not _effects(world), name
    return said


_EFFECTS = {Verb.CREATE: Effect.CREATED, Verb.UPDATE: Effect.UPDATED, Verb.DELETE: Effect.DELETED}
"""What the emulator logs; a criterion changes its definition."""


def _done(outcomes: list[Outcome] | tuple[Outcome, ...]) -> Counter[Effect]:
    return Counter(
        Effect.UPDATED if one.action.key.kind is Kind.CRITERION else _EFFECTS[one.action.verb]
        for one in outcomes
        if one.status is Status.DONE and one.action.writes_orchestrator
    )


def _effects(world: World) -> Counter[Effect]:
    return Counter(entry.effect for entry in world.emulator.log.entries() if entry.effect is not Effect.NONE)


@contextmanager
def _world(folder: Path, transition: Transition, concurrency: int) -> Iterator[World]:
    """A world behind a real port, at the point where the transition begins."""
    folder.mkdir(parents=True)
    world = World.make(folder, *transition.organizations, apply={"concurrency": concurrency})
    with running(world.emulator) as world.address:
        for organization in transition.organizations:
            _make_foreign(world, organization)
        transition.before(world)
        result = world.apply()
        assert result.verdict is Verdict.APPLIED, outcome_text.render(result)
        transition.after(world)
        world.emulator.log.clear()
        yield world


def _client(world: World, organization: str) -> httpx.Client:
    return httpx.Client(
        transport=world.emulator.transport(),
        base_url=f"{URL}/orgs/{organization}",
        headers={"Authorization": "Bearer t"},
    )


def _make_foreign(world: World, organization: str) -> None:
    """Things of somebody else, of every kind."""
    agent_key, runner_key = FOREIGN_KEYS
    bodies = {
        "/agents": {"id": THEIRS, "description": "", "public_key": agent_key},
        "/resources/defs": {
            "id": THEIRS, "name": THEIRS, "type": "s3", "driver_type": "humanitec/echo",
            "criteria": [{"app_id": "theirs"}],
        },
        "/runners": {
            "id": THEIRS,
            "runner_configuration": {
                "type": "kubernetes-agent", "key": runner_key,
                "job": {"namespace": "theirs", "service_account": "job"},
            },
            "state_storage_configuration": {"type": "kubernetes", "namespace": "theirs"},
        },
        "/runner-rules": {"runner_id": THEIRS, "project_id": "", "env_type_id": "theirs"},
    }  # fmt: skip
    world.emulator.seed({"organization": organization, "env_types": [{"id": "theirs"}]})
    with _client(world, organization) as client:
        for path, body in bodies.items():
            answer = client.post(path, json=body)
            assert answer.is_success, (path, answer.text)


def _foreign(world: World, transition: Transition) -> Mapping[str, object]:
    """What others made, with every id and time that the server set."""
    found: dict[str, object] = {}
    for organization in transition.organizations:
        with _client(world, organization) as client:
            paths = ("/agents", f"/agents/{THEIRS}/keys", f"/resources/defs/{THEIRS}", f"/runners/{THEIRS}")
            for path in paths:
                found[organization + path] = client.get(path).raise_for_status().json()
            agents = client.get("/agents").json()
            found[organization + "/agents"] = [one for one in agents if one["id"] == THEIRS]
            rules = client.get("/runner-rules").json()["items"]
            found[organization + "/runner-rules"] = [one for one in rules if one["runner_id"] == THEIRS]
    return found


def _end(world: World, transition: Transition) -> End:
    return End(
        [world.live(organization) for organization in transition.organizations],
        [_record(world, organization) for organization in transition.organizations],
        _foreign(world, transition),
    )


def _record(world: World, target: str) -> object:
    """The record without what differs by time and by how often something was written."""
    document = world.store.read(target).to_json()
    assert isinstance(document["entries"], list)
    return {
        "builtIn": document.get("builtIn"),
        "entries": [
            {name: value for name, value in entry.items() if name not in ("observedAt", "references")}
            for entry in document["entries"]
            if isinstance(entry, dict)
        ],
    }


def _assert_silent(
    world: World, transition: Transition, caplog: pytest.LogCaptureFixture, *runs: Observed
) -> None:
    said = [caplog.text, *(path.read_text() for path in world.inventories.rglob("*.json"))]
    for run in runs:
        said.extend(map(repr, run.observer.finished_outcomes))
        said.extend(outcome_text.outcome_line(one) for one in run.observer.finished_outcomes)
        if run.result is not None:
            said.append(repr(run.result))
            said.extend(view.render(run.result) for view in (text, outcome_text, json_view, markdown))
    everything = "\n".join(said) + json.dumps(list(world.effects()))
    for secret in transition.secrets:
        assert secret not in everything
