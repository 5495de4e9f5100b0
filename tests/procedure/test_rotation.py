"""The next step of a generated key: facts in, step and reasons out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.registration import Registration
from reconciler.model.unread import Unread
from reconciler.procedure.keyring import Keyring, Mount, PlacedKey, Pods
from reconciler.procedure.rotation import Change, GeneratedKey, Turn, rotation

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
FRESH = (NOW + timedelta(days=600)).isoformat()
ENDING = (NOW + timedelta(days=59)).isoformat()
DOWN = Unread("it is down")


def registered(*keys: str, accepted: bool = True, end: str = FRESH) -> dict[str, Registration]:
    return {key: Registration(accepted, end) for key in keys}


def mount(key: str | Unread, cluster: str = "eu-1") -> Mount:
    return Mount(cluster, "agents", "key", "private_key", key)


def ring(**more: object) -> Keyring:
    made = Keyring(
        "Agent/eu-1",
        {},
        {"acme": registered(OLD), "beta": registered(OLD)},
        (mount(OLD),),
        (Pods("eu-1", {"pod": OLD}),),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def key(place: PlacedKey | Unread, keyring: Keyring | None = None, **more: object) -> GeneratedKey:
    made = GeneratedKey(keyring or ring(), place, every=timedelta(days=180))
    return replace(made, **more)  # type: ignore[arg-type]


REST = PlacedKey(OLD, created_at=NOW - timedelta(days=179))
DUE = PlacedKey(OLD, created_at=NOW - timedelta(days=180))
STAGED = PlacedKey(OLD, staged=NEW)
SWITCHED = PlacedKey(NEW, previous=OLD)
BOTH = {"acme": registered(OLD, NEW), "beta": registered(OLD, NEW)}
SETTLED = ring(registered=BOTH, mounts=(mount(NEW),), pods=(Pods("eu-1", {"pod": NEW}),))

ALLOWED = {
    "there is no key": (key(PlacedKey()), Change.GENERATE),
    "nobody knows when the key was made": (key(PlacedKey(OLD)), None),
    "the key is young": (key(REST), None),
    "the key is old": (key(DUE), Change.STAGE),
    "the key is old and has no limit": (key(DUE, every=None), None),
    "the registration ends soon": (
        key(REST, ring(registered={"acme": registered(OLD), "beta": registered(OLD, end=ENDING)})),
        Change.STAGE,
    ),
    "a person asks": (key(REST, is_asked=True), Change.STAGE),
    "a person asks during a rotation": (key(STAGED, ring(registered=BOTH), is_asked=True), Change.SWITCH),
    "the next key is accepted everywhere": (key(STAGED, ring(registered=BOTH)), Change.SWITCH),
    "the key in use was lost during a rotation": (
        key(PlacedKey(staged=NEW), ring(registered=BOTH)),
        Change.SWITCH,
    ),
    "all pods run with the new key": (key(SWITCHED, SETTLED), Change.DROP),
    "an Operator's pods do not say with which key they run": (
        key(SWITCHED, replace(SETTLED, pods=(Pods("eu-1", {"pod": ""}),)), restarts=True),
        Change.RESTART,
    ),
    "an Operator's pods run with the old key": (
        key(SWITCHED, replace(SETTLED, pods=(Pods("eu-1", {"pod": OLD}),)), restarts=True),
        Change.RESTART,
    ),
    "an Operator's pods run with the new key": (key(SWITCHED, SETTLED, restarts=True), Change.DROP),
    "an Operator is due, and its pods never said anything": (
        key(DUE, ring(pods=(Pods("eu-1", {"pod": ""}),)), restarts=True),
        Change.STAGE,
    ),
    "the place was not read": (key(DOWN), None),
    "a runner's key is old": (key(DUE, has_one_key=True), Change.REPLACE),
}


@pytest.mark.parametrize(("given", "change"), ALLOWED.values(), ids=ALLOWED)
def test_the_next_step(given: GeneratedKey, change: Change | None) -> None:
    turn = rotation(given, NOW)
    assert (turn.change, turn.held) == (change, ())
    assert turn.is_allowed is (change is not None)


HELD = {
    "an Operator would be restarted with a key that is not registered": (
        key(
            SWITCHED,
            replace(SETTLED, pods=(Pods("eu-1", {"pod": ""}),), registered={"acme": registered(OLD)}),
            restarts=True,
        ),
        ["bbbbbbbbbbbb is not registered in acme"],
    ),
    "one organization lacks the next key": (
        key(STAGED, ring(registered={**BOTH, "beta": registered(OLD)})),
        ["bbbbbbbbbbbb is not registered in beta"],
    ),
    "one organization has not authorized it": (
        key(
            STAGED, ring(registered={**BOTH, "beta": {**BOTH["beta"], NEW: Registration(is_accepted=False)}})
        ),
        ["bbbbbbbbbbbb is not authorized yet in beta"],
    ),
    "one organization was not read": (
        key(STAGED, ring(registered={**BOTH, "beta": DOWN})),
        ["organization beta was not read: it is down"],
    ),
    "no organization is known": (
        key(STAGED, ring(registered={})),
        ["no organization of Agent/eu-1 is known"],
    ),
    "a pod still runs with the old key": (
        key(SWITCHED, replace(SETTLED, pods=(Pods("eu-1", {"a": NEW, "b": OLD}),))),
        ["pod b on cluster eu-1 runs with aaaaaaaaaaaa"],
    ),
    "a pod does not say its key": (
        key(SWITCHED, replace(SETTLED, pods=(Pods("eu-1", {"a": ""}),))),
        ["pod a on cluster eu-1 does not say which key it runs with"],
    ),
    "pods elsewhere were not read": (
        key(SWITCHED, replace(SETTLED, pods=(*SETTLED.pods, Pods("us-1", DOWN)))),
        ["pods on cluster us-1 were not read: it is down"],
    ),
    "another cluster still mounts the old key": (
        key(SWITCHED, replace(SETTLED, mounts=(mount(NEW), mount(OLD, "us-1")))),
        ["Secret agents/key of cluster us-1, entry private_key, has aaaaaaaaaaaa"],
    ),
    "another place was not read": (
        key(SWITCHED, replace(SETTLED, mounts=(mount(NEW), mount(DOWN, "us-1")))),
        ["Secret agents/key of cluster us-1 was not read: it is down"],
    ),
    "the Agent runs where nothing can be seen": (
        key(SWITCHED, replace(SETTLED, elsewhere=("docker",))),
        ["which key is in use on docker cannot be seen"],
    ),
    "nothing is known to be installed": (
        key(SWITCHED, replace(SETTLED, pods=())),
        ["no installation of Agent/eu-1 is declared, so what runs with the key cannot be seen"],
    ),
    "the new key lost its authorization": (
        key(SWITCHED, replace(SETTLED, registered={**BOTH, "beta": registered(OLD)})),
        ["bbbbbbbbbbbb is not registered in beta"],
    ),
    "a rotation is due and an organization is down": (
        key(DUE, ring(registered={"acme": registered(OLD), "beta": DOWN})),
        ["organization beta was not read: it is down"],
    ),
    "a rotation is due and pods wait for a restart": (
        key(DUE, ring(pods=(Pods("eu-1", {"pod": OTHER}),))),
        ["pod pod on cluster eu-1 runs with cccccccccccc"],
    ),
}


@pytest.mark.parametrize(("given", "reasons"), HELD.values(), ids=HELD)
def test_a_step_waits_and_says_for_what(given: GeneratedKey, reasons: list[str]) -> None:
    turn = rotation(given, NOW)
    assert turn.change is not None
    assert list(turn.held) == reasons
    assert not turn.is_allowed


def test_a_reason_to_begin_is_given() -> None:
    assert rotation(key(DUE), NOW).because == "the one in use was made on 2025-12-03"
    ending = ring(registered={"acme": registered(OLD, end=ENDING)})
    assert rotation(key(REST, ending), NOW).because == "the one in use expires on 2026-07-30"
    assert rotation(key(REST, is_asked=True), NOW).because == "asked for"


def test_keys_of_another_cluster_are_no_obstacle() -> None:
    """Each cluster of an Agent can have a key of its own."""
    both = {"acme": registered(OLD, NEW, OTHER), "beta": registered(OLD, NEW, OTHER)}
    here_and_there = ring(
        registered=both,
        mounts=(mount(NEW), mount(OTHER, "us-1")),
        pods=(Pods("eu-1", {"a": NEW}), Pods("us-1", {"b": OTHER})),
    )
    assert rotation(key(SWITCHED, here_and_there), NOW).is_allowed
    assert rotation(key(PlacedKey(NEW), here_and_there, is_asked=True), NOW).is_allowed


def test_rest_is_no_step() -> None:
    assert rotation(key(REST), NOW) == Turn()
