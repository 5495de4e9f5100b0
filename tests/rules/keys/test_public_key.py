"""Keys: R10, R12 to R15, R17. The keys are those of the examples."""

import re

import pytest

from reconciler.model.finding import Severity
from tests import building
from tests.rules.keys.documents import of, unknown
from tests.rules.pages_on_disk import example
from tests.rules.tree import ACME, declare, declare_files, judge_all, judged, live, rules_of, scope

ED25519 = re.search(r"key: \|\n((?: {6}.*\n)+)", example("R17", "right").objects)
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: eu-1}}
spec:
  runner_configuration:
    type: kubernetes-agent
    key: {key}
    job: {{namespace: jobs, service_account: job}}
  state_storage_configuration: {{type: kubernetes, namespace: jobs}}
"""


def pem() -> str:
    assert ED25519 is not None
    return "".join(line.strip() + "\n" for line in ED25519[1].splitlines())


def quoted(text: str) -> str:
    return '"' + text.replace("\r", "\\r").replace("\n", "\\n") + '"'


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        pytest.param(pem(), "", id="correct"),
        pytest.param(pem().rstrip("\n"), "", id="without final newline"),
        pytest.param(pem() + "\n", "at most one newline", id="two final newlines"),
        pytest.param(" " + pem(), "", id="leading blank"),
        pytest.param(pem().replace("\n", "\r\n"), "CRLF", id="CRLF"),
        pytest.param(pem().replace("PUBLIC", "PRIVATE"), "contains a private key", id="private key"),
        pytest.param("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5", "no PEM block", id="OpenSSH"),
        pytest.param(pem().replace("MCow", "MCox"), "", id="damaged"),
        pytest.param(pem().replace("=\n", "=\n" + "A" * 200 + "\n"), "characters", id="too long"),
        pytest.param("", "no PEM block", id="empty"),
    ],
)
def test_runner_keys_are_ed25519_in_short_pem(key: str, problem: str) -> None:
    found = [finding for finding in judged(RUNNER.format(key=quoted(key))).findings if finding.rule == "R17"]
    is_right = key in (pem(), pem().rstrip("\n"))
    assert len(found) == (0 if is_right else 1)
    assert all(problem in finding.message for finding in found)


def test_a_runner_that_is_refused_for_another_field_is_evaluated_as_well() -> None:
    refused = RUNNER.replace("service_account: job", "service_acount: job")
    for key, expected in (("ssh-ed25519 AAAA", 1), (pem(), 0), (pem() + "\n", 1)):
        judgement = judged(refused.format(key=quoted(key)), only=("R17",))
        assert [finding.rule for finding in judgement.findings] == ["R17"] * expected


def test_no_message_about_a_key_shows_key_text() -> None:
    """A private key may be where a public one belongs."""
    body = pem().splitlines()[1]
    for key in (pem().replace("PUBLIC", "PRIVATE"), pem().replace("\n", "\r\n"), body, body * 10):
        judgement = judged(RUNNER.format(key=quoted(key)))
        assert judgement.findings
        assert body not in str(judgement)
        assert body[:20] not in str(judgement)


def test_private_keys_anywhere_in_the_tree_are_found_once() -> None:
    """Also in files that belong to no target, or to two."""
    text = example("R10", "wrong").objects.encode()
    tree = declare_files({"notes.txt.yaml": text})
    findings = judge_all(
        [scope(declare(), everything=tree), scope(declare(), everything=tree)], ACME
    ).findings
    assert [(finding.rule, finding.origin.file) for finding in findings] == [("R10", "notes.txt.yaml")]


def test_shared_key_is_an_error_across_targets() -> None:
    """A key identifies an Agent in every organization."""
    tree = declare(example("R15", "wrong").objects)
    one, other = tree.keys
    mine = declare(example("R15", "right").objects)
    assert one.document.spec.for_.agent != other.document.spec.for_.agent
    assert rules_of(judge_all([scope(tree)], ACME)).count("R15") == 1
    assert "R15" not in rules_of(judge_all([scope(mine)], ACME))


def test_key_held_live_by_another_declared_agent_is_an_error() -> None:
    tree = declare(example("R15", "right").objects)
    fingerprint = tree.public_keys[tree.keys[0].origin()].fingerprint
    held = live(building.agent("eu-2"), building.agent_key("eu-2", fingerprint))
    (found,) = of(judge_all([scope(tree, live=held)], ACME), "R15")
    assert (found.rule, found.severity) == ("R15", Severity.ERROR)
    assert "`eu-2` (live)" in found.message


def test_key_held_live_by_an_agent_that_is_not_declared_is_a_warning() -> None:
    """It may be the same Agent under its old id."""
    tree = declare(example("R15", "right").objects)
    fingerprint = tree.public_keys[tree.keys[0].origin()].fingerprint
    held = live(building.agent("old"), building.agent_key("old", fingerprint))
    (found,) = of(judge_all([scope(tree, live=held)], ACME), "R15")
    assert (found.rule, found.severity) == ("R15", Severity.WARNING)


def test_a_key_that_is_registered_as_declared_has_no_finding() -> None:
    tree = declare(example("R15", "right").objects)
    fingerprint = tree.public_keys[tree.keys[0].origin()].fingerprint
    held = live(building.agent("eu-1"), building.agent_key("eu-1", fingerprint))
    assert of(judge_all([scope(tree, live=held)], ACME), "R15") == []


def test_unread_live_keys_are_unknown_only_if_keys_are_declared() -> None:
    assert len(unknown(judged(example("R15", "right").objects, live=None), "R15")) == 1
    assert unknown(judged(example("R01", "right").objects, live=None), "R15") == []


def test_one_key_twice_for_one_agent_is_a_repetition() -> None:
    text = example("R12", "right").objects
    again = text[text.rindex("apiVersion") :].replace("eu-1-2026", "eu-1-again")
    assert rules_of(judged(text, again)).count("R08") == 1


def test_key_that_cannot_be_parsed_is_left_to_the_reader() -> None:
    text = example("R12", "right").objects.replace("MII", "XXX")
    assert not {"R12", "R13", "R14", "R15"} & set(rules_of(judged(text)))
