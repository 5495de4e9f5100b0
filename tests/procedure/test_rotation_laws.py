"""What no step of a rotation may do, in every situation of a small world: two organizations, two Secrets, pods."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from random import Random

import pytest

from reconciler.model.registration import Registration
from reconciler.model.unread import Unread
from reconciler.procedure.keyring import Keyring, Mount, PlacedKey, Pods
from reconciler.procedure.rotation import Change, GeneratedKey, rotation

NOW = datetime(2026, 6, 1, tzinfo=UTC)
OLD, NEW = "a" * 64, "b" * 64
DOWN = Unread("it is down")
PLACES = (
    PlacedKey(OLD, created_at=NOW - timedelta(days=200)),
    PlacedKey(OLD, staged=NEW),
    PlacedKey(NEW, previous=OLD),
    PlacedKey(staged=NEW),
)
ORGANIZATION = ("unread", *product(("absent", "waits", "accepted"), repeat=2))
PODS: tuple[Unread | dict[str, str], ...] = (
    DOWN,
    {},
    {"a": OLD},
    {"a": NEW},
    {"a": OLD, "b": NEW},
    {"a": ""},
)
ELSEWHERE = (None, "", OLD, NEW, DOWN)


def registrations(state: object) -> dict[str, Registration] | Unread:
    if state == "unread":
        return DOWN
    assert isinstance(state, tuple)
    found = zip((OLD, NEW), state, strict=True)
    return {key: Registration(is_accepted=how == "accepted") for key, how in found if how != "absent"}


def situations() -> Iterator[GeneratedKey]:
    for place, acme, beta, pods, elsewhere in product(PLACES, ORGANIZATION, ORGANIZATION, PODS, ELSEWHERE):
        mounts = [Mount("eu-1", "agents", "key", "private_key", place.current)]
        if elsewhere is not None:
            mounts.append(Mount("us-1", "agents", "key", "private_key", elsewhere))
        ring = Keyring(
            "Agent/eu-1",
            {},
            {"acme": registrations(acme), "beta": registrations(beta)},
            tuple(mounts),
            (Pods("eu-1", pods),),
        )
        for has_one_key in (False, True):
            yield GeneratedKey(ring, place, has_one_key, every=timedelta(days=180))


def is_accepted_everywhere(ring: Keyring, key: str) -> bool:
    return all(
        not isinstance(found, Unread) and key in found and found[key].is_accepted
        for found in ring.registered.values()
    )


def may_run_with(ring: Keyring, key: str) -> bool:
    """True unless everything was read, and nothing has the key."""
    for pods in ring.pods:
        if isinstance(pods.running, Unread) or {key, ""} & set(pods.running.values()):
            return True
    return any(isinstance(one.fingerprint, Unread) or one.fingerprint == key for one in ring.mounts)


def test_no_step_cuts_off_what_runs() -> None:
    count = 0
    for key in situations():
        turn, place = rotation(key, NOW), key.place
        assert isinstance(place, PlacedKey)
        count += 1
        if not turn.is_allowed:
            continue
        match turn.change:
            case Change.SWITCH:
                assert is_accepted_everywhere(key.keyring, place.staged)
            case Change.DROP:
                assert is_accepted_everywhere(key.keyring, place.current)
                assert not may_run_with(key.keyring, place.previous)
            case Change.STAGE | Change.REPLACE:
                assert place.fingerprints == (place.current,)
                assert is_accepted_everywhere(key.keyring, place.current)
            case _:
                pytest.fail(f"{turn.change} was not expected")
    assert count == len(PLACES) * len(ORGANIZATION) ** 2 * len(PODS) * len(ELSEWHERE) * 2


def test_a_step_that_is_not_allowed_says_why() -> None:
    for key in situations():
        turn = rotation(key, NOW)
        assert turn.change is None or turn.is_allowed or all(turn.held)


@dataclass
class Simulated:
    """Two organizations and one cluster whose every request can fail. `key` numbers the keys that were made."""

    chance: Random
    place: PlacedKey
    registered: dict[str, dict[str, bool]]
    pods: dict[str, str]
    made: int = 0

    def seen(self) -> GeneratedKey:
        """What one look shows: any place may be out of reach."""
        organizations: dict[str, dict[str, Registration] | Unread] = {
            name: DOWN if self.fails() else {key: Registration(ok) for key, ok in keys.items()}
            for name, keys in self.registered.items()
        }
        pods: dict[str, str] | Unread = DOWN if self.fails() else dict(self.pods)
        place: PlacedKey | Unread = DOWN if self.fails() else self.place
        ring = Keyring(
            "Agent/eu-1",
            {},
            organizations,
            (Mount("eu-1", "agents", "key", "private_key", self.place.current),),
            (Pods("eu-1", pods),),
        )
        return GeneratedKey(ring, place, every=timedelta(days=180))

    def fails(self) -> bool:
        return self.chance.random() < 0.3

    def new(self) -> str:
        self.made += 1
        return f"{self.made:064x}"

    def step(self) -> None:
        """One round: what the rotation allows, then what the plan makes of it, in any order and with any failure."""
        seen = self.seen()
        if isinstance(seen.place, Unread):
            return
        turn, wanted, current = rotation(seen, NOW), seen.place.fingerprints, seen.place.current
        deeds: list[Callable[[], object]] = []
        if turn.is_allowed and turn.change is not None:
            deeds.append(partial(self.take, turn.change))
        known = {name: keys for name, keys in seen.keyring.registered.items() if not isinstance(keys, Unread)}
        for name, keys in known.items():
            deeds += [partial(self.register, name, key) for key in wanted if key not in keys]
        if is_accepted_everywhere(seen.keyring, current):
            deeds.append(partial(self.restart, current))
            for name, keys in known.items():
                deeds += [partial(self.registered[name].pop, key, None) for key in keys if key not in wanted]
        self.chance.shuffle(deeds)
        for deed in deeds:
            if not self.fails():
                deed()
        for accepted in self.registered.values():
            for key in accepted:
                accepted[key] = accepted[key] or self.chance.random() < 0.5

    def register(self, organization: str, key: str) -> None:
        self.registered[organization].setdefault(key, False)

    def restart(self, key: str) -> None:
        self.pods = dict.fromkeys(self.pods, key)

    def take(self, change: Change) -> None:
        place = self.place
        match change:
            case Change.STAGE:
                self.place = replace(place, staged=self.new())
            case Change.SWITCH:
                self.place = PlacedKey(place.staged, previous=place.current, created_at=NOW)
            case Change.DROP:
                self.place = replace(place, previous="")
            case _:
                pytest.fail(f"{change} was not expected")


@pytest.mark.parametrize("seed", range(200))
def test_every_interleaving_of_failures_ends_with_one_key_and_cuts_nothing_off(seed: int) -> None:
    chance = Random(seed)
    world = Simulated(
        chance,
        PlacedKey(OLD, created_at=NOW - timedelta(days=200)),
        {"acme": {OLD: True}, "beta": {OLD: True}},
        {"a": OLD, "b": OLD},
    )
    for _ in range(400):
        for name, keys in world.registered.items():
            assert all(keys.get(key) for key in world.pods.values()), f"a pod is cut off in {name}"
        world.step()
        if (
            world.made
            and world.place.fingerprints == (world.place.current,)
            and all(set(keys) == {world.place.current} for keys in world.registered.values())
        ):
            break
    else:
        pytest.fail("the rotation does not end")
    assert world.made == 1
    assert set(world.pods.values()) == {world.place.current}
