"""Private keys on clusters: R11, R18."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.keys.documents import (
    IN_SECRET,
    INSTALL,
    ONE,
    OTHER,
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

ENCRYPTED = ", is_encrypted: true"
RUNNER = runner("{cluster: eu-1, namespace: runner, privateKey: {secretName: runner-key}}")


def test_a_key_with_a_passphrase_is_an_error_where_it_is_declared() -> None:
    found = judgement(agent(install=INSTALL), clusters=cluster(secret("", facts=ENCRYPTED)))
    (finding,) = of(found, "R11")
    assert finding.severity is Severity.ERROR
    assert finding.message == (
        "The key in Secret `humanitec-agent/agent-key` of cluster `eu-1` has a passphrase; Agent `eu-1` cannot read it"
    )
    assert finding.key is not None
    assert str(finding.key) == "Agent/eu-1"


def test_passphrase_of_an_operators_and_a_runners_key_is_found() -> None:
    documents = operator(driver_key="{}") + RUNNER
    found = judgement(
        documents,
        clusters=cluster(
            secret(
                "",
                "humanitec-operator-private-key",
                namespace="humanitec-operator-system",
                entry="privateKey",
                facts=ENCRYPTED,
            ),
            secret("", "runner-key", namespace="runner", facts=ENCRYPTED),
        ),
    )
    assert [message.rpartition("; ")[2] for message in messages(found, "R11")] == [
        "Operator `eu-1` cannot read it",
        "runner `eu-1` cannot read it",
    ]


def test_a_secret_that_install_and_key_both_name_is_reported_once() -> None:
    documents = agent(install=INSTALL) + key(ONE, source=IN_SECRET)
    assert len(messages(judgement(documents, clusters=cluster(secret("", facts=ENCRYPTED))), "R11")) == 1


@pytest.mark.parametrize(
    "secrets",
    [
        pytest.param((secret(A),), id="no passphrase"),
        pytest.param((), id="no Secret"),
        pytest.param((secret("", "other", facts=ENCRYPTED),), id="another Secret"),
        pytest.param((secret("", entry="other", facts=ENCRYPTED),), id="another entry"),
        pytest.param((secret("", namespace="other", facts=ENCRYPTED),), id="another namespace"),
    ],
)
def test_passphrases_of_other_keys_do_not_matter(secrets: tuple[str, ...]) -> None:
    found = judgement(agent(install=INSTALL) + key(ONE), clusters=cluster(*secrets))
    assert messages(found, "R11") == []
    assert unknown(found, "R11") == []


def test_cluster_that_was_not_read_is_unknown_once_for_each_owner() -> None:
    documents = agent(install=INSTALL) + key(ONE, source=IN_SECRET) + key(OTHER, source=IN_SECRET)
    for rule in ("R11", "R18"):
        (reason,) = unknown(judgement(documents), rule)
        assert reason.endswith("agent-key` of cluster `eu-1`: cluster `eu-1` was not read")


def test_without_installations_there_are_no_findings() -> None:
    for rule in ("R11", "R18"):
        assert unknown(judgement(agent() + key(ONE)), rule) == []


def test_mounted_key_that_is_neither_declared_nor_registered_is_an_error() -> None:
    found = judgement(agent(install=INSTALL) + key(ONE), live=live(A, B), clusters=cluster(secret(C)))
    assert severities(found, "R18") == [Severity.ERROR]
    assert messages(found, "R18") == [
        f"The key in Secret `humanitec-agent/agent-key` of cluster `eu-1` has fingerprint {C[:12]}, declared or "
        f"registered for Agent `eu-1`: {A[:12]}, {B[:12]}"
        if A < B
        else f"The key in Secret `humanitec-agent/agent-key` of cluster `eu-1` has fingerprint {C[:12]}, declared or "
        f"registered for Agent `eu-1`: {B[:12]}, {A[:12]}"
    ]


@pytest.mark.parametrize("mounted", [pytest.param(A, id="declared"), pytest.param(B, id="registered")])
def test_declared_and_registered_keys_may_be_mounted(mounted: str) -> None:
    """A declared one is about to be registered, a registered one may be declared by others."""
    documents = agent(install=INSTALL) + key(ONE)
    assert messages(judgement(documents, live=live(B), clusters=cluster(secret(mounted))), "R18") == []


def test_whether_a_mounted_key_is_registered_is_unknown_if_live_was_not_read() -> None:
    documents, clusters = agent(install=INSTALL) + key(ONE), cluster(secret(C))
    assert len(unknown(judgement(documents, live=None, clusters=clusters), "R18")) == 1
    assert messages(judgement(documents, live=None, clusters=clusters), "R18") == []
    assert unknown(judgement(documents, live=None, clusters=cluster(secret(A))), "R18") == []


def test_a_place_that_only_a_key_document_names_is_checked() -> None:
    documents = agent() + key(ONE, source=IN_SECRET)
    assert severities(judgement(documents, clusters=cluster(secret(C))), "R18") == [Severity.ERROR]


def test_entry_without_a_readable_key_is_a_warning() -> None:
    found = judgement(agent(install=INSTALL), clusters=cluster(secret(None)))
    assert severities(found, "R18") == [Severity.WARNING]


def test_a_key_that_cannot_be_parsed_causes_no_false_error() -> None:
    """It may be the mounted one; the reader has already reported it."""
    documents = agent(install=INSTALL) + key(ONE.replace("MII", "XXX"))
    assert messages(judgement(documents, live=live(B), clusters=cluster(secret(C))), "R18") == []


def test_agents_of_several_organizations_are_left_to_r23() -> None:
    documents = agent(install=INSTALL, more="organizations: [acme, beta]") + key(ONE)
    assert messages(judgement(documents, live=live(A), clusters=cluster(secret(C))), "R18") == []


def test_runner_must_have_the_private_half_of_its_key() -> None:
    on_runner = cluster(secret(C, "runner-key", namespace="runner"))
    (message,) = messages(judgement(RUNNER, clusters=on_runner), "R18")
    assert f"has fingerprint {C[:12]}, declared for runner `eu-1`" in message


@pytest.mark.parametrize(
    ("driver_key", "count"),
    [
        pytest.param(f"{{fingerprint: {A}}}", 1, id="declared"),
        pytest.param(f"{{fingerprint: {C.upper()}}}", 0, id="in capitals"),
        pytest.param("{}", 0, id="not declared"),
    ],
)
def test_an_operator_must_have_the_private_half_of_the_declared_key(driver_key: str, count: int) -> None:
    mounted = secret(
        C, "humanitec-operator-private-key", namespace="humanitec-operator-system", entry="privateKey"
    )
    found = judgement(operator(driver_key=driver_key), clusters=cluster(mounted))
    assert len(messages(found, "R18")) == count


def test_no_finding_about_a_mounted_key_shows_more_than_digits_of_its_public_half() -> None:
    found = judgement(agent(install=INSTALL) + key(ONE), live=live(A), clusters=cluster(secret(C)))
    assert C not in str(of(found, "R18")[0].message)


@pytest.mark.parametrize(
    ("install", "reasons"),
    [
        pytest.param("{cluster: eu-1, namespace: runner}", 0, id="no Secret named"),
        pytest.param("{namespace: runner, privateKey: {secretName: k}}", 0, id="no cluster named"),
        pytest.param("{cluster: eu-1, privateKey: {secretName: k}}", 0, id="no namespace named"),
        pytest.param(
            "{cluster: eu-1, privateKey: {secretName: k, namespace: runner}}", 1, id="by the Secret"
        ),
        pytest.param(
            "{cluster: eu-1, namespace: runner, helmValues: {humanitec: {existingSecret: k}}}",
            1,
            id="by the chart",
        ),
        pytest.param(
            "{cluster: eu-1, namespace: runner, helmValues: {humanitec: {existingSecret: 1}}}", 0, id="number"
        ),
    ],
)
def test_a_runners_secret_is_checked_where_its_place_is_declared(install: str, reasons: int) -> None:
    assert len(unknown(judgement(runner(install)), "R11")) == reasons


@pytest.mark.parametrize(
    ("install", "entry"),
    [
        pytest.param("privateKey: {secretName: k}", "private_key", id="as the guide says"),
        pytest.param("privateKey: {secretName: k, secretKey: pem}", "pem", id="declared"),
        pytest.param(
            "helmValues: {humanitec: {existingSecret: k, existingSecretKey: pem}}", "pem", id="chart"
        ),
        pytest.param(
            'helmValues: {humanitec: {existingSecret: k, existingSecretKey: ""}}', "private_key", id="empty"
        ),
    ],
)
def test_entry_of_a_runners_secret_is_the_one_that_the_chart_reads(install: str, entry: str) -> None:
    mounted = cluster(secret("", "k", namespace="runner", entry=entry, facts=ENCRYPTED))
    found = judgement(runner(f"{{cluster: eu-1, namespace: runner, {install}}}"), clusters=mounted)
    (finding,) = of(found, "R11")
    assert str(finding.key) == "Runner/eu-1"


@pytest.mark.parametrize(
    "secrets",
    [pytest.param((secret(C, entry="other"),), id="no such entry"), pytest.param((), id="no such Secret")],
)
def test_missing_secrets_and_entries_are_left_to_other_rules(secrets: tuple[str, ...]) -> None:
    found = judgement(agent(install=INSTALL) + key(ONE), live=live(A), clusters=cluster(*secrets))
    assert messages(found, "R18") == []
