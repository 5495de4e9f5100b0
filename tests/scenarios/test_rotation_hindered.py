"""Rotations that somebody or something hinders: what an apply says then is what happened, and shows no key."""

import base64
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from shutil import copytree
from threading import Event
from typing import Any

import pytest

from reconciler.cluster.client import ClusterClient
from reconciler.errors import ClusterUnavailableError, ExitCode
from reconciler.passes.result import PassResult, Verdict
from reconciler.settings import KindPolicy, Policy, Prune
from tests.control_plane.plane import ControlPlane
from tests.control_plane.webhook import Body, On, Webhooks
from tests.scenarios.test_installation_cluster import messages
from tests.scenarios.test_rotation import AGENT, SECRET, Rotating, rotating
from tests.scenarios.world import definition_yaml, interposed

pytestmark = pytest.mark.xdist_group("control_plane")

__all__ = ["rotating"]

PASSWORD = "correct-horse-battery-staple"


def secret_of(rotating: Rotating) -> str:
    return f"/api/v1/namespaces/{rotating.namespace}/secrets/{SECRET}"


def after_each_step(rotating: Rotating, do: Callable[[], object]) -> None:
    """Do something right after each change of a Secret."""

    def around(name: str, _: tuple[object, ...], call: Callable[[], object]) -> object:
        found = call()
        if name == "change_secret":
            do()
        return found

    rotating.world.at_cluster = lambda client: interposed(client, around)


def said(result: PassResult) -> str:
    return "\n".join([*(one.error for one in result.targets), *messages(result)])


def test_a_cluster_that_is_lost_between_two_rounds_is_no_success(rotating: Rotating) -> None:
    rotating.settled()
    is_lost = Event()

    def around(name: str, _: tuple[object, ...], call: Callable[[], object]) -> object:
        if is_lost.is_set() and name not in ("close", "address", "is_directory", "requests"):
            raise ClusterUnavailableError("the cluster is out of reach")
        found = call()
        if name == "change_secret":
            is_lost.set()
        return found

    def wrapped(client: ClusterClient) -> ClusterClient:
        return interposed(client, around)

    rotating.world.at_cluster = wrapped
    result = rotating.apply(rotate=AGENT)
    assert result.exit_code() is ExitCode.PARTIAL
    assert "the cluster is out of reach" in said(result)


def test_files_that_get_an_error_between_two_rounds_are_no_success(rotating: Rotating) -> None:
    rotating.settled()
    path = rotating.world.root / "orgs" / "acme" / "agent.yaml"
    good = path.read_text()
    after_each_step(rotating, lambda: path.write_text(f"{good}  unknown: member\n"))
    result = rotating.apply(rotate=AGENT)
    assert result.exit_code() is ExitCode.PARTIAL
    assert "not finished: " in said(result)


def test_what_the_first_round_deleted_is_no_wrong_name_in_the_second(rotating: Rotating) -> None:
    rotating.world.write("orgs/acme/one.yaml", definition_yaml("one"))
    rotating.world.write("orgs/acme/two.yaml", definition_yaml("two"))
    rotating.settled()
    rotating.world.remove("orgs/acme/two.yaml")
    result = rotating.world.apply(only=frozenset(("Definition/two",)))
    assert result.verdict is Verdict.APPLIED, said(result)


def test_a_run_that_is_stopped_between_two_rounds_says_so(rotating: Rotating) -> None:
    rotating.settled()
    stop = Event()
    after_each_step(rotating, stop.set)
    result = rotating.world.apply(rotate=frozenset((AGENT,)), stop=stop)
    assert result.verdict is Verdict.INTERRUPTED


def test_what_another_tool_undoes_is_done_once_and_reported(rotating: Rotating) -> None:
    rotating.settled()
    before = rotating.plane.get(secret_of(rotating))["data"]
    names = ("private_key", "private_key.next", "private_key.previous")
    undone = {"data": {name: before.get(name) for name in names}}
    after_each_step(rotating, lambda: rotating.plane.patch(secret_of(rotating), undone))
    made = rotating.world.made_keys
    rotating.world.now += timedelta(days=181)
    result = rotating.apply()
    assert result.exit_code() is ExitCode.PARTIAL
    assert "was taken in this run and then undone by somebody else" in said(result)
    assert rotating.world.made_keys == made + 1


def test_a_rotation_ends_where_nothing_is_pruned(rotating: Rotating) -> None:
    """What was replaced stays registered, as the policy says, and the next rotation is not held up."""
    rotating.settled()
    policy = Policy(default=KindPolicy(prune=Prune.NEVER))
    rotating.world.settings = rotating.world.settings.model_copy(update={"policy": policy})
    for number in (2, 3):
        assert rotating.apply(rotate=AGENT).verdict is Verdict.APPLIED
        assert rotating.entries() == {"private_key"}
        assert len(rotating.registered()["acme"]) == number


def test_what_is_not_done_is_reported_once(rotating: Rotating) -> None:
    """Each round tries again."""
    rotating.settled()
    rotating.apply(rotate=AGENT, rounds=1)
    path = rotating.world.root / "orgs" / "acme" / "agent.yaml"
    path.write_text(path.read_text().replace("[acme, beta]", "[acme]"))
    refused = [line for line in messages(rotating.apply()) if "delete Agent/eu-1" in line]
    assert refused == ["refused delete Agent/eu-1: refused by guard empty-tree"]


def test_a_place_that_is_no_key_is_reported(rotating: Rotating) -> None:
    """No rotation begins there, however old the key is."""
    rotating.settled()
    rotating.plane.patch(secret_of(rotating), {"stringData": {"private_key.next": "not a key"}})
    rotating.world.now += timedelta(days=181)
    plans = [one.plan for one in rotating.apply().targets if one.plan is not None]
    (reason,) = [
        one.reason
        for plan in plans
        for one in plan.unexamined
        if one.subject.startswith("the key of Agent/eu-1")
    ]
    assert reason == "its entry private_key.next contains no private key that can be read"


def test_no_key_is_made_for_an_owner_that_nothing_declares(rotating: Rotating) -> None:
    """A wrong id in `for`: nobody would ever use the key."""
    path = rotating.world.root / "orgs" / "acme" / "key.yaml"
    path.write_text(path.read_text().replace("{agent: eu-1}", "{agent: eu-l}"))
    result = rotating.apply()
    assert "waits: no organization of Agent/eu-l is known" in said(result)
    assert result.exit_code() is ExitCode.PARTIAL
    assert not rotating.plane.client.get(secret_of(rotating)).is_success


def test_a_rotation_that_is_due_is_no_effect_of_a_change(rotating: Rotating, tmp_path: Path) -> None:
    rotating.settled()
    base = tmp_path / "base"
    copytree(rotating.world.root, base)
    rotating.world.now += timedelta(days=181)
    preview = rotating.world.plan(base=base).preview
    assert preview is not None
    assert not any(plan.actions for plan in preview.own)
    assert (preview.existing_count, preview.withdrawn) == (1, ())


@pytest.fixture
def hooks(cluster: ControlPlane, tmp_path: Path) -> Iterator[Webhooks]:
    with Webhooks(cluster, tmp_path) as made:
        yield made


def plain(text: str) -> str:
    return base64.b64decode(text).decode()


@pytest.mark.parametrize("rounds", [0, 2], ids=["a new key", "a key that is there"])
@pytest.mark.parametrize(
    "repeats",
    [
        lambda data: data["private_key"],
        lambda data: data["private_key"][100:],
        lambda data: plain(data["private_key"])[40:],
        lambda data: data["private_key"][1_000:1_100],
        lambda data: plain(data["other"]),
        lambda data: f"other is {plain(data['other'])!r}",
    ],
    ids=["as sent", "cut", "decoded and cut", "a part", "another entry", "quoted"],
)
def test_a_refusal_that_repeats_a_key_is_not_shown(
    rotating: Rotating,
    hooks: Webhooks,
    caplog: pytest.LogCaptureFixture,
    rounds: int,
    repeats: Callable[[dict[str, str]], str],
) -> None:
    rotating.settled()
    rotating.plane.patch(secret_of(rotating), {"stringData": {"other": PASSWORD}})
    if rounds:
        rotating.apply(rotate=AGENT, rounds=rounds)
    sent = []

    def answer(request: Body) -> Body:
        data = request["object"].get("data", {})
        if "private_key" in data:
            sent.append(repeats(data))
        return {"allowed": False, "status": {"message": f"no: {sent[-1]}" if sent else "no"}}

    body: dict[str, Any] = {"metadata": {"name": "probe"}}
    path = f"/api/v1/namespaces/{rotating.namespace}/secrets"
    hooks.validate(On(rotating.namespace, path, body=body), answer)
    caplog.set_level("DEBUG")
    result = rotating.apply(rotate=AGENT)
    assert "the explanation repeats a secret and is not shown" in said(result)
    for text in sent:
        for at in range(0, max(1, len(text) - 24), 8):
            assert text[at : at + 24] not in f"{result}{caplog.text}"
