"""Who uses a key, and withdrawing it: R16, R22, R23."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.keys.documents import (
    IN_SECRET,
    INSTALL,
    ONE,
    OTHER,
    RUNNER_KEY,
    A,
    B,
    C,
    agent,
    cluster,
    judgement,
    key,
    live,
    messages,
    of,
    operator,
    runner,
    secret,
    severities,
    unknown,
)
from tests.rules.observed import clusters_from, live_from
from tests.rules.tree import NOTHING_LIVE, declare, judge_all, scope, settings

TWO_TARGETS = settings("{version: 1, targets: {acme: {organization: acme}, beta: {organization: beta}}}")
SHARED = "organizations: [acme, beta]"
DECLARED_KEY = f"{{fingerprint: {A}}}"


@pytest.mark.parametrize(
    ("documents", "registered", "users"),
    [
        pytest.param(
            agent() + key(ONE) + operator(driver_key=DECLARED_KEY),
            "",
            "Agent `eu-1` and Operator `eu-1` on `eu-1`",
            id="declared",
        ),
        pytest.param(
            agent() + key(ONE) + operator() + key(ONE, "operator: eu-1"),
            "",
            "Agent `eu-1` and Operator `eu-1` on `eu-1`",
            id="declared",
        ),
        pytest.param(
            operator(driver_key=DECLARED_KEY) + operator("us-1", DECLARED_KEY, "us-1"),
            "",
            "Operator `eu-1` on `eu-1` and Operator `us-1` on `us-1`",
            id="two Operators",
        ),
        pytest.param(
            operator(driver_key=DECLARED_KEY),
            live(A, owner="us-1"),
            "Agent `us-1` and Operator `eu-1` on `eu-1`",
            id="live Agent",
        ),
        pytest.param(
            agent() + key(ONE),
            f"operator_keys: [{{id: x, fingerprint: {A}}}]\n",
            "Agent `eu-1` and a registered Operator",
            id="live Operator",
        ),
        pytest.param(
            agent() + key(ONE) + operator(driver_key=f"{{fingerprint: {B}}}"), "", "", id="two keys"
        ),
        pytest.param(
            operator(driver_key=DECLARED_KEY) + key(ONE, "operator: eu-1"),
            f"operator_keys: [{{id: x, fingerprint: {A}}}]\n",
            "",
            id="one Operator",
        ),
        pytest.param(
            agent() + agent("us-1") + key(ONE) + key(ONE, "agent: us-1"),
            "",
            "",
            id="two Agents, which is R15",
        ),
        pytest.param(agent() + key(ONE), live(A), "", id="one Agent"),
    ],
)
def test_a_key_pair_has_one_user(documents: str, registered: str, users: str) -> None:
    found = judgement(documents, live=registered)
    assert severities(found, "R16") == ([Severity.WARNING] if users else [])
    assert all(f"for {users};" in message for message in messages(found, "R16"))


def test_runners_with_one_key_are_two_users() -> None:
    first, second = runner(install="{cluster: eu-1}"), runner(install="{cluster: us-1}", identifier="us-1")
    assert messages(judgement(first + second), "R16")[0].startswith("One key pair (")
    assert "for runner `eu-1` and runner `us-1`;" in messages(judgement(first + second), "R16")[0]
    assert messages(judgement(first), "R16") == []


def test_a_runners_key_used_by_an_agent_is_left_to_another_rule() -> None:
    documents = agent() + runner(install="{cluster: eu-1}") + key(RUNNER_KEY)
    assert messages(judgement(documents), "R16") == []
    assert len(messages(judgement(documents), "R108")) == 1


def test_key_found_in_two_secrets_has_two_users() -> None:
    documents = agent(install=INSTALL) + operator(driver_key="{}")
    mounted = secret(
        C, "humanitec-operator-private-key", namespace="humanitec-operator-system", entry="privateKey"
    )
    found = judgement(documents, clusters=cluster(secret(C), mounted))
    assert len(messages(found, "R16")) == 1


def test_whether_an_agent_has_an_operators_key_is_unknown_without_live_keys() -> None:
    assert len(unknown(judgement(operator(driver_key=DECLARED_KEY), live=None), "R16")) == 1
    assert unknown(judgement(agent() + key(ONE), live=None), "R16") == []


def test_users_in_two_targets_are_reported_once() -> None:
    own, other = declare(agent() + key(ONE)), declare("", operator(driver_key=DECLARED_KEY))
    tree = declare(agent() + key(ONE), operator(driver_key=DECLARED_KEY))
    scopes = [
        scope(own, everything=tree, settings=TWO_TARGETS, live=NOTHING_LIVE),
        scope(other, everything=tree, settings=TWO_TARGETS, target="beta", live=NOTHING_LIVE),
        scope(declare(), everything=tree, settings=TWO_TARGETS, target="beta", live=NOTHING_LIVE),
    ]
    assert len(messages(judge_all(scopes, TWO_TARGETS), "R16")) == 1


def test_dropping_a_mounted_key_is_an_error() -> None:
    found = judgement(agent(install=INSTALL) + key(OTHER), live=live(A, B), clusters=cluster(secret(A)))
    assert severities(found, "R22") == [Severity.ERROR]
    assert messages(found, "R22") == [
        (
            f"Key {A[:12]} of Agent `eu-1` is in Secret `humanitec-agent/agent-key` of cluster `eu-1`, but it is no "
            "longer declared; add, switch, verify, then delete"
        )
    ]


@pytest.mark.parametrize(
    ("documents", "registered", "mounted", "expected"),
    [
        pytest.param(agent(install=INSTALL) + key(OTHER), live(A, B), B, "", id="switched"),
        pytest.param(agent(install=INSTALL) + key(OTHER), live(A), B, "", id="switched before registration"),
        pytest.param(agent(install=INSTALL) + key(ONE) + key(OTHER), live(A), A, "", id="still declared"),
        pytest.param(agent(install=INSTALL), live(A), A, "", id="keys are not managed here"),
        pytest.param(agent() + key(OTHER, source=IN_SECRET), live(A, B), A, "error", id="place in the Key"),
        pytest.param(
            agent(install=INSTALL) + key(OTHER), live(A), None, "error", id="replacement not registered"
        ),
        pytest.param(agent(install=INSTALL) + key(OTHER), live(A, B), None, "unknown", id="cluster not read"),
        pytest.param(agent() + key(OTHER), live(A, B), None, "unknown", id="no place declared"),
        pytest.param(agent() + key(OTHER), live(A, waiting=(A,)), None, "unknown", id="never accepted"),
        pytest.param(agent() + key(OTHER), None, None, "unknown", id="live not read"),
        pytest.param(agent(), None, None, "", id="no keys declared"),
        pytest.param(agent() + key(OTHER.replace("MII", "XXX")), live(A), None, "", id="not parsed"),
    ],
)
def test_keys_are_dropped_only_when_unused(
    documents: str, registered: str | None, mounted: str | None, expected: str
) -> None:
    found = judgement(documents, live=registered, clusters=cluster(secret(mounted)) if mounted else "")
    assert len(messages(found, "R22")) == (expected == "error")
    assert len(unknown(found, "R22")) == (expected == "unknown")


@pytest.mark.parametrize(
    "policy",
    [
        "inventory: {none: true}",
        "policy: {kinds: {Key: {prune: never}}}",
        "policy: {default: {prune: never}}",
    ],
)
def test_keys_that_are_never_pruned_may_be_dropped(policy: str) -> None:
    chosen = settings(f"version: 1\ntargets: {{acme: {{organization: acme}}}}\n{policy}\n")
    found = judgement(
        agent(install=INSTALL) + key(OTHER), live=live(A, B), clusters=cluster(secret(A)), settings=chosen
    )
    assert messages(found, "R22") == []


def test_key_in_files_of_one_target_only_is_missing_in_the_other() -> None:
    shared = agent(more=SHARED)
    one, other = declare(shared + key(ONE)), declare(shared)
    tree = declare(shared + key(ONE))
    scopes = [
        scope(one, everything=tree, settings=TWO_TARGETS, live=NOTHING_LIVE),
        scope(other, everything=tree, settings=TWO_TARGETS, target="beta", live=NOTHING_LIVE),
    ]
    (found,) = of(judge_all(scopes, TWO_TARGETS), "R23")
    assert found.severity is Severity.ERROR
    assert (
        found.message
        == f"Key {A[:12]} of Agent `eu-1` is missing in `beta`; the Agent would be refused there"
    )
    assert "target `beta`" in found.advice
    unread = judge_all([scope(other, everything=tree, settings=TWO_TARGETS, target="beta")], TWO_TARGETS)
    assert messages(unread, "R23") == []
    assert len(unknown(unread, "R23")) == 1


def test_keys_of_another_agent_with_the_same_id_do_not_matter() -> None:
    """Two organizations may each have an Agent of one id, with keys of their own."""
    tree = declare(agent(more=SHARED) + key(ONE), agent(more="organizations: [beta, gamma]"))
    mine = declare("", agent(more="organizations: [beta, gamma]"))
    seen = scope(mine, everything=tree, settings=TWO_TARGETS, target="beta", live=NOTHING_LIVE)
    assert messages(judge_all([seen], TWO_TARGETS), "R23") == []


def test_mounted_key_that_an_organization_lacks_is_an_error() -> None:
    documents = agent(install=INSTALL, more=SHARED) + key(ONE)
    found = judgement(documents, live=live(A), clusters=cluster(secret(C)), settings=TWO_TARGETS)
    assert severities(found, "R23") == [Severity.ERROR]
    assert "is missing in `acme`" in messages(found, "R23")[0]
    assert unknown(found, "R23") == []
    assert (
        len(
            unknown(judgement(documents, live=None, clusters=cluster(secret(C)), settings=TWO_TARGETS), "R23")
        )
        == 1
    )


@pytest.mark.parametrize("mounted", [pytest.param(A, id="declared"), pytest.param(B, id="registered")])
def test_a_mounted_key_that_is_registered_or_about_to_be_has_no_finding(mounted: str) -> None:
    documents = agent(install=INSTALL, more=SHARED) + key(ONE)
    found = judgement(documents, live=live(A, B), clusters=cluster(secret(mounted)), settings=TWO_TARGETS)
    assert messages(found, "R23") == []


@pytest.mark.parametrize("more", [SHARED, ""])
def test_secret_replaced_before_the_registration_is_a_warning(more: str) -> None:
    """The plan fixes it, so it is not refused."""
    documents = agent(install=INSTALL, more=more) + key(ONE) + key(OTHER)
    found = judgement(documents, live=live(A), clusters=cluster(secret(B)), settings=TWO_TARGETS)
    assert severities(found, "R23") == [Severity.WARNING]
    first = judgement(documents, clusters=cluster(secret(B)), settings=TWO_TARGETS)
    assert messages(first, "R23") == [], "a first installation has no registration yet"


def test_organization_without_a_target_is_unknown() -> None:
    assert unknown(judgement(agent(more=SHARED) + key(ONE)), "R23") == [
        "whether the keys of Agent `eu-1` are registered in `beta`: no target in the settings has that organization"
    ]
    assert unknown(judgement(agent(more=SHARED)), "R23") == []
    assert unknown(judgement(agent(more="organizations: [acme]") + key(ONE)), "R23") == []


def test_each_target_is_evaluated_with_its_own_live_keys() -> None:
    tree = declare(agent(install=INSTALL, more=SHARED) + key(ONE))
    clusters = clusters_from(cluster(secret(C)))
    scopes = [
        scope(tree, settings=TWO_TARGETS, live=live_from(live(C)), clusters=clusters),
        scope(tree, settings=TWO_TARGETS, live=live_from(live(C)), clusters=clusters, target="beta"),
    ]
    (found,) = of(judge_all(scopes, TWO_TARGETS), "R23")
    assert "is missing in `beta`" in found.message


def test_key_that_cannot_be_parsed_may_be_the_mounted_one() -> None:
    documents = agent(install=INSTALL, more=SHARED) + key(ONE.replace("MII", "XXX"))
    found = judgement(documents, live=live(A), clusters=cluster(secret(C)), settings=TWO_TARGETS)
    assert messages(found, "R23") == []
