"""What comes next for a key, as a table: what is seen, and the phase that follows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.model.origin import Origin
from reconciler.model.registration import RENEWAL, Registration
from reconciler.model.unread import Unread
from reconciler.procedure.keyring import Keyring, Mount, PlacedKey, Pods
from reconciler.procedure.rotation import KeyStatus
from reconciler.procedure.step import Phase, end_of, must_be_renewed, step_of

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
NOW = datetime(2026, 1, 1, tzinfo=UTC)
UNREAD = Unread("timeout", "try again")
HERE = Origin("keys/eu-1.yaml")


def at(days: int) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def accepted(*keys: str) -> Mapping[str, Registration]:
    """Registrations; the old key ends before the new one."""
    return {key: Registration(expired_at=at(730 if key == NEW else 100)) for key in keys}


def mount(key: str | Unread, cluster: str = "eu-1") -> Mount:
    return Mount(cluster, "agent", "key", "private_key", key)


def keyring(**changes: object) -> Keyring:
    """Both keys are declared and accepted in two organizations; the old one is mounted, and a pod runs with it."""
    made = Keyring(
        "Agent/eu-1",
        {OLD: HERE, NEW: HERE},
        {"acme": accepted(OLD, NEW), "beta": accepted(OLD, NEW)},
        (mount(OLD),),
        (Pods("eu-1", {"agent-0": OLD}),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # of a test


PLACED = PlacedKey(OLD, staged=NEW)
SWITCHED = PlacedKey(NEW, previous=OLD)
UNAUTHORIZED = {**accepted(OLD), NEW: Registration(is_accepted=False)}
ON_DOCKER = keyring(mounts=(), pods=(), elsewhere=("docker",))
CASES: dict[str, tuple[Keyring, str, Phase, str]] = {
    "a newer key of an Agent on Docker": (
        ON_DOCKER,
        NEW,
        Phase.MOUNT,
        "accepted everywhere; whether it is in use on docker cannot be seen",
    ),
    "the older key of an Agent on Docker": (
        ON_DOCKER,
        OLD,
        Phase.UNUSED,
        "a newer key is declared; whether this one is still in use on docker cannot be seen",
    ),
    "the only key of an Agent on Docker": (
        replace(ON_DOCKER, declared={OLD: HERE}),
        OLD,
        Phase.UNKNOWN,
        "accepted; whether something runs with it on docker cannot be seen",
    ),
    "a newer key of an Agent on Docker that one organization does not accept": (
        replace(ON_DOCKER, registered={"acme": accepted(OLD, NEW), "beta": UNAUTHORIZED}),
        NEW,
        Phase.AUTHORIZE,
        "not authorized yet in beta",
    ),
    "the next key of one that is made here": (
        keyring(placed=(PLACED,)),
        NEW,
        Phase.MOUNT,
        "accepted everywhere; it replaces the key in use",
    ),
    "the key that it replaced": (
        keyring(placed=(SWITCHED,), mounts=(mount(NEW),), pods=(Pods("eu-1", {"agent-1": NEW}),)),
        OLD,
        Phase.REPLACED,
        "it is removed when nothing uses it any more",
    ),
    "a new key that one organization lacks": (
        keyring(registered={"acme": accepted(OLD, NEW), "beta": accepted(OLD)}),
        NEW,
        Phase.REGISTER,
        "not registered in beta",
    ),
    "a key in use that one organization lacks": (
        keyring(registered={"acme": accepted(NEW), "beta": accepted(OLD)}),
        OLD,
        Phase.REGISTER,
        "not registered in acme",
    ),
    "a new key that no organization authorized": (
        keyring(registered={"acme": UNAUTHORIZED, "beta": UNAUTHORIZED}),
        NEW,
        Phase.AUTHORIZE,
        "not authorized yet in acme, beta",
    ),
    "a new key, and one organization was not read": (
        keyring(registered={"acme": accepted(OLD, NEW), "beta": UNREAD}),
        NEW,
        Phase.UNKNOWN,
        "organization beta was not read",
    ),
    "an unread organization hides no lack that is seen": (
        keyring(registered={"acme": accepted(OLD), "beta": UNREAD}),
        NEW,
        Phase.REGISTER,
        "not registered in acme",
    ),
    "a new key that is accepted everywhere": (
        keyring(),
        NEW,
        Phase.MOUNT,
        "accepted everywhere; Secret agent/key of cluster eu-1 has another key",
    ),
    "the old key while the new one waits": (keyring(), OLD, Phase.IN_USE, ""),
    "a new key in one of two clusters": (
        keyring(mounts=(mount(NEW), mount(OLD, "eu-2"))),
        NEW,
        Phase.MOUNT,
        "Secret agent/key of cluster eu-2 has another key",
    ),
    "a new key, and the other cluster was not read": (
        keyring(mounts=(mount(NEW), mount(UNREAD, "eu-2"))),
        NEW,
        Phase.UNKNOWN,
        "Secret agent/key of cluster eu-2 was not read",
    ),
    "a new key that pods do not run with yet": (
        keyring(mounts=(mount(NEW),)),
        NEW,
        Phase.RESTART,
        "pod agent-0 runs with another key",
    ),
    "the old key that pods still run with": (
        keyring(mounts=(mount(NEW),)),
        OLD,
        Phase.RESTART,
        "pods still run with it",
    ),
    "a new key in use": (
        keyring(mounts=(mount(NEW),), pods=(Pods("eu-1", {"agent-0": NEW}),)),
        NEW,
        Phase.IN_USE,
        "",
    ),
    "a new key whose pods do not say": (
        keyring(mounts=(mount(NEW),), pods=(Pods("eu-1", {"agent-0": ""}),)),
        NEW,
        Phase.IN_USE,
        "",
    ),
    "a new key whose pods were not read": (
        keyring(mounts=(mount(NEW),), pods=(Pods("eu-1", UNREAD),)),
        NEW,
        Phase.UNKNOWN,
        "pods on cluster eu-1 were not read",
    ),
    "the old key that is still declared": (
        keyring(mounts=(mount(NEW),), pods=(Pods("eu-1", {"agent-0": NEW}),)),
        OLD,
        Phase.UNUSED,
        "a newer key is in use",
    ),
    "the old key that is no longer declared": (
        keyring(declared={NEW: HERE}, mounts=(mount(NEW),), pods=(Pods("eu-1", {"agent-0": NEW}),)),
        OLD,
        Phase.REMOVE,
        "not declared, and not in use",
    ),
    "a key of others, and a cluster was not read": (
        keyring(declared={NEW: HERE}, mounts=(mount(NEW), mount(UNREAD, "eu-2")), pods=()),
        OLD,
        Phase.UNKNOWN,
        "not declared; whether it is in use is not known: Secret agent/key of cluster eu-2 was not read",
    ),
    "a key of others, and an organization was not read": (
        keyring(
            declared={NEW: HERE},
            mounts=(mount(NEW),),
            pods=(),
            registered={"acme": accepted(OLD), "beta": UNREAD},
        ),
        OLD,
        Phase.UNKNOWN,
        "not declared; whether it is in use is not known: organization beta was not read",
    ),
    "a key of an Agent that is installed nowhere": (
        keyring(mounts=(), pods=()),
        NEW,
        Phase.UNKNOWN,
        "accepted; whether something runs with it cannot be seen",
    ),
    "a key of an Agent on another host too": (
        keyring(elsewhere=("docker",)),
        NEW,
        Phase.MOUNT,
        "accepted everywhere; whether it is in use on docker cannot be seen",
    ),
    "an undeclared key, and the Agent is installed nowhere": (
        keyring(declared={}, mounts=(), pods=()),
        OLD,
        Phase.UNKNOWN,
        "not declared; whether something runs with it cannot be seen",
    ),
    "an undeclared key, and the Agent also runs elsewhere": (
        keyring(declared={NEW: HERE}, mounts=(mount(NEW),), pods=(), elsewhere=("docker",)),
        OLD,
        Phase.UNKNOWN,
        "not declared; whether something runs with it cannot be seen",
    ),
    "a mounted key that nobody declared or registered": (
        keyring(mounts=(mount(OTHER),), pods=()),
        OTHER,
        Phase.REGISTER,
        "not registered in acme, beta",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_the_phase_follows_from_what_is_seen(name: str) -> None:
    ring, key, phase, what = CASES[name]
    step = step_of(ring, key)
    assert (step.phase, step.what) == (phase, what)


def test_every_phase_is_tried() -> None:
    assert {phase for _, _, phase, _ in CASES.values()} == set(Phase)


@pytest.mark.parametrize("of_mounts", [True, False])
def test_no_key_can_be_removed_while_something_holds_it(*, of_mounts: bool) -> None:
    """Whether it is mounted or only pods still run with it."""
    ring = keyring(declared={})
    ring = replace(ring, pods=()) if of_mounts else replace(ring, mounts=(mount(NEW),))
    assert step_of(ring, OLD).phase is not Phase.REMOVE


@pytest.mark.parametrize("unread", ["organization", "mount", "pods"])
def test_no_key_can_be_removed_while_something_was_not_read(unread: str) -> None:
    ring = keyring(declared={NEW: HERE}, mounts=(mount(NEW),), pods=(Pods("eu-1", {"agent-0": NEW}),))
    assert step_of(ring, OLD).phase is Phase.REMOVE
    match unread:
        case "organization":
            ring = replace(ring, registered={**ring.registered, "gamma": UNREAD})
        case "mount":
            ring = replace(ring, mounts=(*ring.mounts, mount(UNREAD, "eu-2")))
        case _:
            ring = replace(ring, pods=(*ring.pods, Pods("eu-2", UNREAD)))
    assert step_of(ring, OLD).phase is Phase.UNKNOWN


def test_keys_in_use_come_first() -> None:
    ring = keyring(mounts=(mount(NEW),), registered={"acme": accepted(OTHER, OLD, NEW), "beta": UNREAD})
    assert ring.fingerprints == (NEW, OLD, OTHER)
    assert ring.used == (NEW, OLD)
    assert ring.run_with(OLD) == (("eu-1", "agent-0"),)
    assert [name for name, _ in ring.unread] == ["organization beta"]


@pytest.mark.parametrize(
    ("text", "end"),
    [
        (at(5), NOW + timedelta(days=5)),
        ("2026-01-06T00:00:00", NOW + timedelta(days=5)),
        ("", None),
        ("soon", None),
    ],
)
def test_the_first_end_of_all_organizations_counts(text: str, end: datetime | None) -> None:
    late = {OLD: Registration(expired_at=at(90))}
    ring = keyring(registered={"acme": {OLD: Registration(expired_at=text)}, "beta": late, "gamma": UNREAD})
    assert end_of(ring, OLD) == (end or NOW + timedelta(days=90))
    assert end_of(ring, OTHER) is None


@pytest.mark.parametrize(("days", "expected"), [(-1, True), (RENEWAL.days, True), (RENEWAL.days + 1, False)])
def test_a_key_is_renewed_in_time(days: int, *, expected: bool) -> None:
    ring = keyring(registered={"acme": {OLD: Registration(expired_at=at(days))}})
    assert must_be_renewed(step_of(ring, OLD), NOW) is expected


def test_a_key_that_can_be_removed_is_not_renewed() -> None:
    ring = keyring(
        declared={NEW: HERE},
        mounts=(mount(NEW),),
        pods=(),
        registered={"acme": {OLD: Registration(expired_at=at(1)), **accepted(NEW)}},
    )
    assert step_of(ring, OLD).phase is Phase.REMOVE
    assert not must_be_renewed(step_of(ring, OLD), NOW)


def test_the_exit_code_says_whether_everything_was_read() -> None:
    assert KeyStatus((keyring(),), NOW).exit_code == 0
    assert KeyStatus((keyring(), keyring(registered={"acme": UNREAD})), NOW).exit_code == 6
