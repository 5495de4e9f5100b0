"""One key in its Secret, in pods and in organizations: every check once red, and all green."""

import pytest

from reconciler.diagnosis.check import Status
from reconciler.diagnosis.key import Organizations, key_checks, refusing
from reconciler.diagnosis.sight import InstallationSight, OrganizationSight
from reconciler.model.cluster_state import PrivateKey
from reconciler.model.registration import Registration
from reconciler.model.unread import Unread
from tests.diagnosis.sights import (
    FINGERPRINT,
    OTHER,
    agent,
    bad,
    operator,
    organizations,
    pod,
    runner,
    secret,
)

PROBLEM, WARNING, UNKNOWN = Status.PROBLEM, Status.WARNING, Status.UNKNOWN
FULL = {FINGERPRINT: True}
OPERATED = {"acme": OrganizationSight("acme", operator_keys={FINGERPRINT: Registration()})}
CASES: dict[str, tuple[InstallationSight, Organizations, Status, str, str]] = {
    "secret unread": (agent(secret=Unread("403")), organizations(), UNKNOWN, "secret", "cannot be read: 403"),
    "secret missing": (
        agent(secret=None),
        organizations(),
        PROBLEM,
        "secret",
        "agents/the-key does not exist",
    ),
    "entry missing": (
        agent(secret=secret(None, "tls.key")),
        organizations(),
        PROBLEM,
        "secret",
        "has no entry private_key; it has tls.key",
    ),
    "no key": (agent(secret=secret(None)), organizations(), PROBLEM, "key", "is no private key"),
    "passphrase": (
        agent(secret=secret(PrivateKey("", "", 0, is_encrypted=True))),
        organizations(),
        PROBLEM,
        "key",
        "has a passphrase",
    ),
    "algorithm": (
        agent(secret=secret(PrivateKey(FINGERPRINT, "Ed25519", 0))),
        organizations(),
        PROBLEM,
        "key",
        "is Ed25519; it must be RSA",
    ),
    "algorithm of a runner": (
        runner(secret=secret(PrivateKey(FINGERPRINT, "RSA", 4096))),
        organizations(),
        PROBLEM,
        "key",
        "must be Ed25519",
    ),
    "size": (
        agent(secret=secret(PrivateKey(FINGERPRINT, "RSA", 2048))),
        organizations(),
        WARNING,
        "key",
        "has 2048 bits",
    ),
    "pods of before": (
        agent(secret=secret(PrivateKey(OTHER, "RSA", 4096))),
        organizations(acme={OTHER: True}, shop={OTHER: True}),
        PROBLEM,
        "running-key",
        "pod agent-0 runs with key aaaaaaaaaaaa",
    ),
    "agent unknown": (
        agent(),
        organizations(acme=FULL, shop=None),
        PROBLEM,
        "registration",
        "organization shop does not know the Agent",
    ),
    "not registered": (
        agent(),
        organizations(acme=FULL, shop={OTHER: True}),
        PROBLEM,
        "registration",
        "organization shop lacks the mounted key",
    ),
    "not authorized": (
        agent(),
        organizations(acme=FULL, shop={FINGERPRINT: False}),
        PROBLEM,
        "registration",
        "organization shop has not authorized the mounted key",
    ),
    "no target": (
        agent(),
        organizations(acme=FULL),
        UNKNOWN,
        "registration",
        "no target of the settings reaches it",
    ),
    "organization unread": (
        agent(organizations=("acme",)),
        {"acme": OrganizationSight("acme", Unread("timeout"))},
        UNKNOWN,
        "registration",
        "is not known: timeout",
    ),
    "runner with another key": (
        runner(),
        organizations(acme={OTHER: True}),
        PROBLEM,
        "registration",
        "organization acme has another key of the runner",
    ),
    "operator with another key": (
        operator(),
        {"acme": OrganizationSight("acme", operator_keys={OTHER: Registration()})},
        PROBLEM,
        "registration",
        "organization acme lacks the mounted key",
    ),
    "organization of an operator unread": (
        operator(),
        {"acme": OrganizationSight("acme", operator_keys=Unread("timeout"))},
        UNKNOWN,
        "registration",
        "is not known: timeout",
    ),
    "algorithm of an operator": (
        operator(secret=secret(PrivateKey(FINGERPRINT, "Ed25519", 0))),
        OPERATED,
        PROBLEM,
        "key",
        "must be RSA",
    ),
    "runner unknown": (
        runner(),
        {"acme": OrganizationSight("acme")},
        PROBLEM,
        "registration",
        "does not know the runner",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_key_is_one_line(case: str) -> None:
    sight, known, status, name, words = CASES[case]
    ((found_status, found_name, what),) = bad(list(key_checks(sight, known)))
    assert (found_status, found_name) == (status, name)
    assert words in what


@pytest.mark.parametrize("sight", [agent(), runner()], ids=["agent", "runner"])
def test_a_key_that_is_the_same_everywhere_is_well(sight: InstallationSight) -> None:
    checks = list(key_checks(sight, organizations()))
    assert bad(checks) == []
    assert [check.id for check in checks] == ["key", "running-key", "registration"]


def test_the_key_of_an_operator_is_among_those_of_its_organization() -> None:
    assert bad(list(key_checks(operator(), OPERATED))) == []


def test_an_unreadable_secret_leaves_the_fingerprint_of_the_pods() -> None:
    checks = list(key_checks(agent(secret=Unread("403")), organizations(acme=FULL, shop={})))
    assert [check.what for check in checks if check.id == "registration"] == [
        "organization shop lacks the mounted key (key aaaaaaaaaaaa)",
        "that key is registered and authorized in acme",
    ]


def test_the_organizations_that_refuse_are_named_with_their_reason() -> None:
    known = organizations(acme={FINGERPRINT: False}, shop={})
    assert refusing(agent(), known) == (
        "acme has not authorized the mounted key",
        "shop lacks the mounted key",
    )
    assert refusing(agent(secret=None, pods=(pod() | {"metadata": {}},)), known) == ()
