"""Registered keys: R20, R21, R24, R26. Tests run on 2026-06-01."""

from dataclasses import replace

import pytest

from reconciler.model.finding import Severity
from reconciler.rules.registry import RULES
from reconciler.rules.rule import answers
from tests.rules.keys.documents import (
    INSTALL,
    ONE,
    OTHER,
    A,
    B,
    C,
    D,
    agent,
    cluster,
    judgement,
    key,
    live,
    messages,
    of,
    operator,
    secret,
    severities,
    unknown,
)
from tests.rules.observed import live_from
from tests.rules.tree import declare, scope

ONE_KEY = agent() + key(ONE)
TWO_KEYS = ONE_KEY + key(OTHER)
REGISTERED = "operator_keys: [{{id: one, fingerprint: {0}, expired_at: '{1}'}}]\n"


@pytest.mark.parametrize(
    ("day", "message"),
    [
        pytest.param("2026-05-01", "expired 2026-05-01", id="past"),
        pytest.param("2026-06-01", "expired 2026-06-01", id="this morning"),
        pytest.param("2026-07-31", "expires 2026-07-31", id="within sixty days"),
        pytest.param("2026-08-01", "", id="later"),
    ],
)
def test_keys_about_to_expire_are_reported(day: str, message: str) -> None:
    found = judgement(ONE_KEY, live=live(A, expires=day))
    assert messages(found, "R20") == ([f"Key {A[:12]} of Agent `eu-1` {message}"] if message else [])
    assert severities(found, "R20") == ([Severity.WARNING] if message else [])


def test_place_of_an_expiring_key_is_its_document_or_else_the_agent() -> None:
    (declared,) = of(judgement(ONE_KEY, live=live(A, expires="2026-06-02")), "R20")
    (other,) = of(judgement(agent(), live=live(A, expires="2026-06-02")), "R20")
    assert declared.origin.line > other.origin.line
    assert str(other.key) == f"Key/eu-1/{A[:12]}"


def test_leftover_keys_may_expire() -> None:
    assert messages(judgement(ONE_KEY, live=live(B, expires="2026-06-02")), "R20") == []
    mounted = judgement(
        agent(install=INSTALL) + key(ONE), live=live(B, expires="2026-06-02"), clusters=cluster(secret(B))
    )
    assert len(messages(mounted, "R20")) == 1


@pytest.mark.parametrize("expiry", ["", "soon"])
def test_an_expiry_that_is_not_known_is_unknown(expiry: str) -> None:
    given = f"agents: [{{id: eu-1}}]\nkeys: {{eu-1: [{{fingerprint: {A}, expired_at: '{expiry}'}}]}}\n"
    assert unknown(judgement(ONE_KEY, live=given), "R20") == [
        "keys of Agent `eu-1`: the orchestrator does not return the time of expiry"
    ]


def test_a_time_without_a_zone_is_utc() -> None:
    given = (
        f"agents: [{{id: eu-1}}]\nkeys: {{eu-1: [{{fingerprint: {A}, expired_at: '2026-06-02T00:00:00'}}]}}\n"
    )
    assert len(messages(judgement(ONE_KEY, live=given), "R20")) == 1


def test_without_the_time_of_the_pass_it_is_unknown() -> None:
    seen = replace(scope(declare(ONE_KEY), live=live_from(live(A))), now=None)
    assert [type(answer).__name__ for answer in answers(RULES["R20"], seen)] == ["Unknown"]


def test_unread_keys_are_unknown_only_if_some_are_declared() -> None:
    for rule in ("R20", "R21", "R24"):
        assert len(unknown(judgement(ONE_KEY, live=None), rule)) == 1
        assert unknown(judgement(agent(), live=None), rule) == []


@pytest.mark.parametrize(
    "documents",
    [
        pytest.param(operator(driver_key=f"{{fingerprint: {A}}}"), id="declared"),
        pytest.param(operator() + key(ONE, "operator: eu-1"), id="declared"),
    ],
)
def test_operators_keys_expire_too(documents: str) -> None:
    found = judgement(documents, live=REGISTERED.format(A, "2026-06-20T00:00:00Z"))
    assert messages(found, "R20") == [f"Key {A[:12]} of Operator `eu-1` expires 2026-06-20"]
    assert messages(judgement(documents, live=REGISTERED.format(B, "2026-06-20T00:00:00Z")), "R20") == []
    assert len(unknown(judgement(documents, live=REGISTERED.format(A, "")), "R20")) == 1
    assert len(unknown(judgement(documents, live="agents: []\n"), "R20")) == 1


def test_operators_mounted_key_is_known_from_the_cluster() -> None:
    mounted = secret(
        A, "humanitec-operator-private-key", namespace="humanitec-operator-system", entry="privateKey"
    )
    found = judgement(
        operator(driver_key="{}"),
        live=REGISTERED.format(A, "2026-06-20T00:00:00Z"),
        clusters=cluster(mounted),
    )
    assert len(messages(found, "R20")) == 1
    assert messages(found, "R26") == []


def test_switching_to_an_unaccepted_key_names_the_key_to_keep() -> None:
    found = judgement(agent() + key(OTHER), live=live(A, B, waiting=(B,)))
    assert severities(found, "R21") == [Severity.WARNING]
    assert messages(found, "R21") == [
        f"Key {B[:12]} is registered but not yet accepted in `acme`; key {A[:12]} of Agent `eu-1` is kept until it is"
    ]


@pytest.mark.parametrize(
    ("documents", "registered", "count"),
    [
        pytest.param(TWO_KEYS, live(A, B, waiting=(B,)), 1, id="the old one is still declared"),
        pytest.param(agent() + key(OTHER), live(B, waiting=(B,)), 1, id="a first key"),
        pytest.param(
            agent() + key(OTHER), live(A, B, waiting=(A, B)), 1, id="the old one is not accepted either"
        ),
        pytest.param(TWO_KEYS, live(A, B, C, waiting=(B,)), 1, id="another declared one is accepted"),
        pytest.param(TWO_KEYS, live(A, B), 0, id="both accepted"),
        pytest.param(ONE_KEY, live(A, B, waiting=(B,)), 0, id="neither declared nor mounted"),
    ],
)
def test_an_unaccepted_key_is_otherwise_a_warning(documents: str, registered: str, count: int) -> None:
    assert severities(judgement(documents, live=registered), "R21") == [Severity.WARNING] * count


def test_an_unaccepted_mounted_key_is_a_warning() -> None:
    found = judgement(agent(install=INSTALL), live=live(C, waiting=(C,)), clusters=cluster(secret(C)))
    assert severities(found, "R21") == [Severity.WARNING]


def test_a_key_without_information_on_acceptance_counts_as_accepted() -> None:
    given = f"agents: [{{id: eu-1}}]\nkeys: {{eu-1: [{{fingerprint: {A}, is_authorized: true}}]}}\n"
    assert messages(judgement(ONE_KEY, live=given), "R21") == []


@pytest.mark.parametrize(
    ("documents", "registered", "mounted", "start"),
    [
        pytest.param(
            ONE_KEY,
            (A, C, D),
            None,
            f"3 keys on Agent `eu-1`; {C[:12]}, {D[:12]} appear to be left over",
            id="three",
        ),
        pytest.param(
            ONE_KEY, (A, C), A, f"2 keys on Agent `eu-1`; {C[:12]} appears to be left over", id="unused"
        ),
        pytest.param(ONE_KEY, (A, C), C, "", id="in use"),
        pytest.param(ONE_KEY, (A,), A, "", id="one"),
        pytest.param(TWO_KEYS, (A, B), A, "", id="a rotation"),
        pytest.param(TWO_KEYS, (A, B, C), C, "3 keys on Agent `eu-1`; ", id="three, all declared or mounted"),
        pytest.param(
            agent(), (C,), A, f"1 key on Agent `eu-1`; {C[:12]} appears to be left over", id="none declared"
        ),
    ],
)
def test_leftover_keys_are_reported(
    documents: str, registered: tuple[str, ...], mounted: str | None, start: str
) -> None:
    installed = documents if mounted is None else documents.replace("description: x", f"install: {INSTALL}")
    found = judgement(installed, live=live(*registered), clusters=cluster(secret(mounted)) if mounted else "")
    assert severities(found, "R24") == ([Severity.WARNING] if start else [])
    assert all(message.startswith(start) for message in messages(found, "R24"))


def test_whether_a_key_is_left_over_is_unknown_if_secrets_were_not_read() -> None:
    assert unknown(judgement(ONE_KEY, live=live(A, C)), "R24") == [
        "keys of Agent `eu-1`: where Agent `eu-1` keeps its private key is not declared"
    ]
    installed = agent(install=INSTALL) + key(ONE)
    assert unknown(judgement(installed, live=live(A, C)), "R24") == [
        "keys of Agent `eu-1`: cluster `eu-1` was not read"
    ]


def test_unmanaged_agents_may_have_any_keys() -> None:
    found = judgement(ONE_KEY, live=live(A, B, C, D, owner="us-1"))
    for rule in ("R20", "R21", "R24"):
        assert messages(found, rule) == []


def test_registered_operator_key_that_no_operator_has_is_a_warning_and_never_more() -> None:
    documents = operator(driver_key=f"{{fingerprint: {A}}}")
    found = judgement(documents, live=REGISTERED.format(B, ""))
    assert severities(found, "R26") == [Severity.WARNING]
    assert B[:12] in messages(found, "R26")[0]
    assert RULES["R26"].severity is Severity.WARNING
    assert messages(judgement(documents, live=REGISTERED.format(A, "")), "R26") == []


def test_an_operator_whose_key_is_not_known_may_have_any_registered_key() -> None:
    documents = operator(driver_key="{}") + operator("us-1", f"{{fingerprint: {A}}}", "us-1")
    found = judgement(documents, live=REGISTERED.format(B, ""))
    assert messages(found, "R26") == []
    assert len(unknown(found, "R26")) == 1


def test_registered_operator_keys_are_not_evaluated_if_no_operator_is_declared() -> None:
    found = judgement(ONE_KEY, live=REGISTERED.format(B, ""))
    assert messages(found, "R26") == []
    assert unknown(found, "R26") == []


def test_unread_operator_keys_are_unknown() -> None:
    assert len(unknown(judgement(operator(), live="agents: []\n"), "R26")) == 1
    assert messages(judgement(key(ONE, "operator: eu-1"), live=REGISTERED.format(B, "")), "R26")


def test_key_that_cannot_be_parsed_may_be_any_of_the_registered_ones() -> None:
    unparsed = agent(install=INSTALL) + key(ONE.replace("MII", "XXX"))
    found = judgement(unparsed, live=live(C), clusters=cluster(secret(A)))
    assert messages(found, "R24") == []


def test_switching_is_detected_if_one_of_the_declared_keys_is_not_registered() -> None:
    found = judgement(TWO_KEYS, live=live(A, C, waiting=(A,)))
    assert severities(found, "R21") == [Severity.WARNING]
