"""What an answer proves: effects of this program are reported as done, and nothing else is."""

import shutil
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from reconciler.emulator import FaultKind, FaultRule
from reconciler.errors import ExitCode
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action, Outcome, Status, Verb
from tests.scenarios.test_crash_safety import KEYS, first, second, undisturbed
from tests.scenarios.test_handed_in import RUNNER
from tests.scenarios.test_ownership import by_hand
from tests.scenarios.world import (
    Silent,
    World,
    actions,
    agent_yaml,
    definition_yaml,
    key_yaml,
)

ANSWERS = [(404, None), (500, None)]
"""Statuses of answers to calls that took effect, with their Retry-After."""
MORE_ANSWERS = [
    (400, None), (408, None), (409, None), (422, None), (429, None), (502, None), (503, None),
    (409, 1.0), (429, 1.0), (500, 1.0), (503, 1.0),
]  # fmt: skip
SECRET = "{secrets: {t: plain}}"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World.make(tmp_path)


class Meanwhile(Silent):
    """Lets somebody act between the look and the first action that matches."""

    def __init__(self, verb: Verb, act: Callable[[], object]) -> None:
        super().__init__()
        self._verb, self._act = verb, act

    def started(self, action: Action) -> None:
        if action.verb is self._verb:
            act, self._act = self._act, lambda: None
            act()


def outcome_of(result: PassResult, key: str) -> Outcome:
    [found] = [one for one in result.outcomes if str(one.action.key) == key]
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "retry_after"),
    [*ANSWERS, *(pytest.param(*answer, marks=pytest.mark.whole) for answer in MORE_ANSWERS)],
)
def test_an_effect_is_done_whatever_status_its_answer_had(
    tmp_path: Path, status: int, retry_after: float | None
) -> None:
    """Each call in turn happens and answers an error; secrets alone cannot be read back, and are sent again."""
    (tmp_path / "undisturbed").mkdir()
    reference, requests = undisturbed(tmp_path / "undisturbed", 1)
    for number in range(requests):
        folder = tmp_path / str(number)
        folder.mkdir()
        world = World.make(folder, apply={"concurrency": 1})
        first(world)
        world.apply()
        world.emulator.log.clear()
        second(world)
        world.emulator.faults.add(
            FaultRule(
                kind=FaultKind.ERROR_AFTER_EFFECT,
                verb="POST|PUT|PATCH|DELETE",
                after=number,
                status=status,
                retry_after=retry_after,
            )
        )
        result = world.apply()
        others = [o for o in result.outcomes if o.status is not Status.DONE]
        unknown = [str(one.action.key) for one in others if one.status is Status.UNKNOWN]
        assert len(unknown) <= 1, (number, others)
        for one in others:
            is_behind = one.status is Status.BLOCKED and unknown and unknown[0] in one.message
            assert one.status is Status.UNKNOWN or is_behind, (number, others)
        world.apply("contested=Runner/*", "contested=SecretStore/*", "contested=Definition/new")
        assert world.live() == reference.live(), number
        assert actions(world.plan()) == [], number


def test_a_refusal_without_an_effect_is_a_failure_and_leaves_no_mark(world: World) -> None:
    world.write("aaa.yaml", definition_yaml("aaa", inputs=SECRET))
    world.emulator.faults.add(FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, verb="POST", status=422))
    result = world.apply()
    assert outcome_of(result, "Definition/aaa").status is Status.FAILED
    by_hand(world, "POST", "/resources/defs", {
        "id": "aaa", "name": "aaa", "type": "s3", "driver_type": "humanitec/echo",
        "driver_inputs": {"secrets": {"t": "theirs"}},
    })  # fmt: skip
    assert [change.key.id for t in world.plan().targets if t.plan for change in t.plan.contested] == ["aaa"]


@pytest.mark.parametrize("status", [429, 503])
def test_being_busy_proves_nothing_so_the_mark_stays(world: World, status: int) -> None:
    """The create happens after all: the next run knows it as its own."""
    world.write("aaa.yaml", definition_yaml("aaa", inputs=SECRET))
    busy = FaultRule(
        kind=FaultKind.ERROR_BEFORE_EFFECT, verb="POST", status=status, retry_after=0.0, count=None
    )
    number = world.emulator.faults.add(busy)
    assert outcome_of(world.apply(), "Definition/aaa").status is Status.FAILED
    world.emulator.faults.remove(number)
    by_hand(world, "POST", "/resources/defs", {
        "id": "aaa", "name": "aaa", "type": "s3", "driver_type": "humanitec/echo",
        "driver_inputs": {"secrets": {"t": "plain"}},
    })  # fmt: skip
    assert world.apply().exit_code() is ExitCode.DONE
    assert actions(world.plan()) == []


def test_what_others_deleted_meanwhile_was_already_gone_and_is_forgotten_by_the_next_runs(
    world: World,
) -> None:
    world.write("aaa.yaml", definition_yaml("aaa"))
    world.write("bbb.yaml", definition_yaml("bbb"))
    world.apply()
    world.remove("aaa.yaml")
    observer = Meanwhile(Verb.DELETE, lambda: by_hand(world, "DELETE", "/resources/defs/aaa"))
    result = world.apply(observer=observer)
    assert outcome_of(result, "Definition/aaa").status is Status.UNCHANGED
    assert actions(world.plan()) == ["forget Definition/aaa"]
    world.apply()
    assert actions(world.plan()) == []


def test_an_object_is_not_left_behind_after_a_run_that_did_not_see_it(world: World) -> None:
    """An empty list and a false 404 in one run: the object is deleted once it is seen again."""
    world.write("aaa.yaml", definition_yaml("aaa"))
    world.write("b.yaml", definition_yaml("bbb"))
    world.apply()
    world.remove("aaa.yaml")
    for fault in (
        FaultRule(kind=FaultKind.PARTIAL_LIST, verb="GET", path="/resources/defs$", share=1.0),
        FaultRule(kind=FaultKind.ERROR_BEFORE_EFFECT, verb="GET", path="/resources/defs/aaa$", status=404),
    ):
        world.emulator.faults.add(fault)
    unseen = outcome_of(world.apply(), "Definition/aaa")
    assert unseen.action.verb is Verb.FORGET
    assert unseen.status is Status.UNCHANGED
    assert actions(world.plan()) == ["delete Definition/aaa"]
    world.apply()
    assert world.effects()[("deleted", "definitions/acme/aaa")] == 1
    assert actions(world.plan()) == []


def test_a_false_404_to_a_delete_does_not_leave_the_object_behind(world: World) -> None:
    world.write("aaa.yaml", definition_yaml("aaa"))
    world.write("bbb.yaml", definition_yaml("bbb"))
    world.apply()
    world.remove("aaa.yaml")
    for verb, count in (("DELETE", 1), ("GET", None)):
        world.emulator.faults.add(
            FaultRule(
                kind=FaultKind.ERROR_BEFORE_EFFECT,
                verb=verb,
                path="/resources/defs/aaa$",
                status=404,
                count=count,
            )
        )
    world.apply()
    world.emulator.faults.clear()
    assert actions(world.plan()) == ["delete Definition/aaa"]


def test_a_runner_that_somebody_creates_meanwhile_keeps_its_credentials(tmp_path: Path) -> None:
    """The runner carries credentials that cannot be read, so nothing may be written over it."""
    for name in ("mine", "theirs"):
        (tmp_path / name).mkdir()
    world, stranger = World.make(tmp_path / "mine"), World.make(tmp_path / "theirs")
    stranger.emulator = world.emulator
    for one in (world, stranger):
        one.environment = {"CLUSTER_TOKEN": "a-token-of-" + one.root.parent.name}
        one.write("runner.yaml", RUNNER)
    result = world.apply(observer=Meanwhile(Verb.CREATE, stranger.apply))
    found = outcome_of(result, "Runner/jobs")
    assert found.status is Status.FAILED
    assert "somebody else created it in the meantime" in found.message
    assert [change.key.id for t in world.plan().targets if t.plan for change in t.plan.contested] == ["jobs"]
    assert not [e for e in world.emulator.log.entries() if e.verb == "PATCH"]


def test_a_runner_that_is_listed_and_cannot_be_read_is_not_created_over(world: World) -> None:
    """A create would be refused and overwrite the credentials all the same (v2 reference 5.6)."""
    world.environment = {"CLUSTER_TOKEN": "a-token"}
    world.write("runner.yaml", RUNNER)
    world.apply()
    shutil.rmtree(world.inventories)
    world.emulator.faults.add(
        FaultRule(
            kind=FaultKind.ERROR_BEFORE_EFFECT, verb="GET", path="/runners/jobs$", status=404, count=None
        )
    )
    result = world.apply()
    assert result.exit_code() is ExitCode.UNREADABLE
    assert "the list of runners contains `jobs`" in result.targets[0].error
    assert [e.verb for e in world.emulator.log.entries() if e.verb == "POST"] == ["POST"]


def test_nothing_of_others_goes_along_with_an_agent(world: World) -> None:
    """A key that somebody registers after the look stops the delete."""
    world.write("agent.yaml", agent_yaml("eu"))
    world.write("key.yaml", key_yaml("eu-1", "eu", KEYS[0]))
    world.write("b.yaml", definition_yaml("bbb"))
    world.apply()
    world.remove("agent.yaml")
    world.remove("key.yaml")
    observer = Meanwhile(
        Verb.DELETE, lambda: by_hand(world, "POST", "/agents/eu/keys", {"public_key": KEYS[1]})
    )
    found = outcome_of(world.apply("last-key=Agent/eu", observer=observer), "Agent/eu")
    assert found.status is Status.REFUSED
    assert "it would also delete Key/eu/" in found.message
    assert not [thing for what, thing in world.effects() if what == "deleted" and "agent" in thing]


class Rounding(httpx.BaseTransport):
    """A server that accepts a number and keeps another."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method in ("POST", "PUT", "PATCH"):
            body = request.read().replace(b"1025", b"1024")
            headers = [
                (name, value) for name, value in request.headers.raw if name.lower() != b"content-length"
            ]
            request = httpx.Request(request.method, request.url, headers=headers, content=body)
        return self._inner.handle_request(request)


def test_a_value_that_is_accepted_and_not_kept_is_a_failure_the_second_time(world: World) -> None:
    world.between = Rounding
    world.write("aaa.yaml", definition_yaml("aaa", inputs="{values: {size: 1025}}"))
    once = world.apply()
    assert once.exit_code() is ExitCode.DONE
    assert "reads back differently" in outcome_of(once, "Definition/aaa").message
    again = world.apply()
    assert again.exit_code() is ExitCode.PARTIAL
    assert "accepted and not kept" in outcome_of(again, "Definition/aaa").message
    world.write("aaa.yaml", definition_yaml("aaa", inputs="{values: {size: 1024}}"))
    assert world.apply().exit_code() is ExitCode.DONE
    assert actions(world.plan()) == []


def test_no_key_is_registered_on_an_agent_of_somebody_else(world: World) -> None:
    by_hand(world, "POST", "/agents", {"id": "eu", "description": "theirs", "public_key": KEYS[1]})
    world.write("agent.yaml", agent_yaml("eu", description="mine"))
    world.write("key.yaml", key_yaml("eu-1", "eu", KEYS[0]))
    result = world.apply()
    [key] = [one for one in result.outcomes if one.action.key.id.startswith("eu/")]
    assert (key.status, key.message) == (Status.REFUSED, "Agent/eu is contested")
    assert not [thing for what, thing in world.effects() if what == "created" and KEYS[0] in thing]
    selected = world.apply(only=frozenset({"Key/*"}))
    assert [one.status for one in selected.outcomes] == [Status.REFUSED]
    assert world.apply("contested=Agent/eu").exit_code() is ExitCode.DONE
    assert actions(world.plan()) == []


def test_an_edited_record_deletes_nothing_of_others(world: World) -> None:
    """An entry is no proof: the object must be as it was last written, or be approved by name."""
    by_hand(world, "POST", "/resources/defs", {
        "id": "theirs", "name": "theirs", "type": "s3", "driver_type": "humanitec/echo",
    })  # fmt: skip
    world.write("aaa.yaml", definition_yaml("aaa"))
    world.write("bbb.yaml", definition_yaml("bbb"))
    world.apply()
    world.remove("bbb.yaml")
    [record] = world.inventories.rglob("*.json")
    record.write_text(record.read_text().replace('"bbb"', '"theirs"'))
    result = world.apply()
    assert result.exit_code() is ExitCode.REFUSED
    assert [refusal.guard for t in result.targets if t.plan for refusal in t.plan.refusals] == ["drifted"]
    assert ("deleted", "definitions/acme/theirs") not in world.effects()
    assert world.apply("drifted=Definition/theirs").exit_code() is ExitCode.DONE


def test_of_two_runs_at_once_none_loses_what_the_other_did(world: World) -> None:
    """The second one starts while the first one creates; each records its own objects."""
    world.write("aaa.yaml", definition_yaml("aaa"))
    world.apply()
    world.write("bbb.yaml", definition_yaml("bbb"))

    def second_run() -> None:
        world.write("ccc.yaml", definition_yaml("ccc"))
        assert world.apply().exit_code() is ExitCode.DONE

    first_run = world.apply(observer=Meanwhile(Verb.CREATE, second_run))
    assert first_run.exit_code() is ExitCode.DONE
    assert sorted(key.id for key in world.store.read("acme").entries) == ["aaa", "bbb", "ccc"]
    assert actions(world.plan()) == []


def test_what_somebody_changed_since_the_plan_is_not_deleted(world: World) -> None:
    world.write("aaa.yaml", definition_yaml("aaa"))
    world.write("bbb.yaml", definition_yaml("bbb"))
    world.apply()
    world.remove("aaa.yaml")
    observer = Meanwhile(
        Verb.DELETE, lambda: by_hand(world, "PATCH", "/resources/defs/aaa", {"name": "theirs now"})
    )
    result = world.apply(observer=observer)
    assert outcome_of(result, "Definition/aaa").message.startswith("not sent: it changed since the plan")
    assert ("deleted", "definitions/acme/aaa") not in world.effects()
    assert world.apply().exit_code() is ExitCode.REFUSED, "now guard `drifted` asks a person"


def test_what_has_the_secrets_of_somebody_else_is_not_deleted_unasked(tmp_path: Path) -> None:
    """The API shows no credentials, only when they were written."""
    world = World.make(tmp_path)
    world.environment = {"CLUSTER_TOKEN": "made-up-value"}
    world.write("runner.yaml", RUNNER)
    world.write("aaa.yaml", definition_yaml("aaa", inputs=SECRET))
    world.write("bbb.yaml", definition_yaml("bbb"))
    world.apply()
    theirs = {"service_account_token": "theirs"}
    by_hand(world, "PATCH", "/runners/jobs", {"runner_configuration": {
        "type": "kubernetes", "job": {"namespace": "jobs", "service_account": "job"},
        "cluster": {"cluster_data": {"certificate_authority_data": "Y2E=", "server": "https://cluster.test"},
                    "auth": theirs},
    }})  # fmt: skip
    by_hand(world, "PATCH", "/resources/defs/aaa", {"driver_inputs": {"secrets": {"t": "theirs"}}})
    world.remove("runner.yaml")
    world.remove("aaa.yaml")
    result = world.apply()
    held = [
        key.id
        for t in result.targets
        if t.plan
        for r in t.plan.refusals
        if r.guard == "drifted"
        for key in r.keys
    ]
    assert sorted(held) == ["aaa", "jobs"]
    assert not [thing for what, thing in world.effects() if what == "deleted"]
