"""Agents on hosts that only a person can look at."""

from dataclasses import replace

from reconciler.diagnosis.by_hand import ElsewhereSight, elsewhere_checks, without_a_key
from reconciler.diagnosis.check import Status
from reconciler.diagnosis.sight import OrganizationSight
from reconciler.facts.delivery import Delivery
from reconciler.footprint.value import Handover
from reconciler.model.unread import Unread
from tests.diagnosis.sights import FINGERPRINT, agent, bad, organizations

HANDOVER = Handover(check=("docker logs humanitec-agent",))
FOOTPRINT = replace(agent().footprint, delivery=Delivery.DOCKER, cluster="", handover=HANDOVER, secrets=())
SIGHT = ElsewhereSight(FOOTPRINT, ("acme", "shop"), "humanitec-agent")


def commands(sight: ElsewhereSight) -> tuple[str, ...]:
    check = next(elsewhere_checks(sight, organizations()))
    assert check.status is Status.MANUAL
    return check.advice


def test_its_commands_are_printed_with_how_to_give_back_their_output() -> None:
    assert commands(SIGHT) == (
        "$ docker logs humanitec-agent",
        "$ docker run --rm --network container:humanitec-agent busybox nc -v -w 10 agent-01.humanitec.io 443",
        "Give their output to `reconciler doctor --log FILE`, `-` for stdin.",
    )


def test_an_image_with_a_shell_tries_the_connection_itself() -> None:
    older = replace(SIGHT, footprint=replace(FOOTPRINT, image="ghcr.io/humanitec/agent:1.2.0"))
    assert commands(older)[1] == (
        "$ docker exec humanitec-agent /bin/sh -c 'nc -v -w 10 agent-01.humanitec.io 443'"
    )


def test_a_container_group_has_only_the_commands_of_its_delivery() -> None:
    group = replace(SIGHT, footprint=replace(FOOTPRINT, delivery=Delivery.CONTAINER_INSTANCES))
    assert len(commands(group)) == 2


def test_organizations_that_accept_no_key_of_it_are_problems() -> None:
    known = organizations(acme={FINGERPRINT: False}, shop={})
    assert [
        what for _, name, what in bad(list(elsewhere_checks(SIGHT, known))) if name == "registration"
    ] == [
        "organization acme has not authorized any key of the Agent",
        "organization shop has no key of the Agent",
    ]
    assert without_a_key(SIGHT, known) == (
        "acme has not authorized any key of the Agent",
        "shop has no key of the Agent",
    )
    unread = {"acme": OrganizationSight("acme", Unread("timeout")), "shop": OrganizationSight("shop")}
    found = [
        (status, what)
        for status, name, what in bad(list(elsewhere_checks(SIGHT, unread)))
        if name != "by-hand"
    ]
    assert found == [
        (Status.UNKNOWN, "whether organization acme accepts its key is not known: timeout"),
        (Status.PROBLEM, "organization shop does not know the Agent"),
    ]


def test_one_that_every_organization_accepts_is_well() -> None:
    assert [check.status for check in elsewhere_checks(SIGHT, organizations())] == [Status.MANUAL, Status.OK]


def test_one_that_cannot_be_installed_says_why() -> None:
    (check,) = elsewhere_checks(replace(SIGHT, footprint=FOOTPRINT.refused("no organization")), {})
    assert check.what == "cannot be installed: no organization"
