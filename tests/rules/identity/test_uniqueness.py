"""Objects that may exist only once: R08."""

import pytest

from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.state import State
from tests import building
from tests.rules.tree import judged, live, rules_of

DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {id}}}
entity: {{type: {type}, driver_type: humanitec/echo, criteria: {criteria}}}
---
"""
RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: {id}}}
spec:
  runner_configuration:
    type: kubernetes-eks
    job: {{namespace: jobs, service_account: job}}
    cluster: {{name: eu, region: eu-central-1, auth: {{role_arn: "arn:aws:iam::123456789012:role/r"}}}}
  state_storage_configuration: {{type: s3, bucket: state}}
  rules: {rules}
---
"""
AGENT = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {id}}}\nspec: {spec}\n---\n"


def definition(identifier: str, criteria: str = "[]", type_: str = "s3") -> str:
    return DEFINITION.format(id=identifier, criteria=criteria, type=type_)


@pytest.mark.parametrize(
    ("texts", "count"),
    [
        pytest.param([definition("bucket"), definition("bucket")], 1, id="one id"),
        pytest.param([definition("bucket"), definition("bucket"), definition("bucket")], 2, id="thrice"),
        pytest.param([definition("one"), definition("two")], 0, id="two ids"),
        pytest.param(
            [definition("one", "[{}]"), definition("two", "[{class: default}]")], 1, id="default class"
        ),
        pytest.param([definition("one", "[{}]"), definition("two", "[{class: big}]")], 0, id="other class"),
        pytest.param([definition("one", "[{}]"), definition("two", "[{res_id: ''}]")], 1, id="empty is any"),
        pytest.param(
            [definition("one", "[{}]"), definition("two", "[{res_id: x}]")], 0, id="other resource id"
        ),
        pytest.param([definition("one", "[{}]"), definition("two", "[{}]", "dns")], 0, id="other type"),
        pytest.param([definition("one", "[{app_id: a}, {app_id: a}]")], 1, id="within one definition"),
        pytest.param(
            [RUNNER.format(id="one", rules="[{}]"), RUNNER.format(id="two", rules="[{project_id: ''}]")],
            1,
            id="runner rules",
        ),
        pytest.param(
            [RUNNER.format(id="one", rules="[{}]"), RUNNER.format(id="two", rules="[{project_id: a}]")],
            0,
            id="other runner rules",
        ),
        pytest.param([RUNNER.format(id="one", rules="[]")] * 2, 1, id="runners"),
        pytest.param([AGENT.format(id="eu-1", spec="{}")] * 2, 1, id="agents"),
        pytest.param(
            [
                AGENT.format(id="eu-1", spec="{definition: {id: made, criteria: [{}]}}"),
                definition("made", "[{}]", "agent").replace("humanitec/echo", "mine/agent"),
            ],
            2,
            id="definition created by an agent, its id and its criterion",
        ),
    ],
)
def test_repetitions_are_found(texts: list[str], count: int) -> None:
    assert rules_of(judged(*texts)).count("R08") == count


def test_both_places_are_named() -> None:
    (found,) = judged(definition("bucket", "[{app_id: a}]"), definition("bucket", "[{app_id: b}]")).findings
    assert found.message == "Definition `bucket` is declared twice (0.yaml:3:16, 1.yaml:3:16)"
    assert [str(origin) for origin in (found.origin, *found.others)] == ["1.yaml:3:16", "0.yaml:3:16"]


def test_criterion_held_by_an_undeclared_definition_is_a_warning() -> None:
    """The other may be managed and about to be deleted: only the plan knows."""
    (found,) = judged(
        definition("mine", "[{env_type: test}]"), live=live(building.definition("theirs", "env_type=test"))
    ).findings
    assert (found.rule, found.severity) == ("R08", Severity.WARNING)
    assert "`theirs`" in found.message
    assert found.origin.line == 4


def test_criterion_held_by_a_built_in_definition_is_an_error() -> None:
    """Built-in definitions are never changed, so the API is certain to answer 409."""
    built_in = building.definition("default-humanitec-s3", "", is_built_in=True)
    (found,) = judged(definition("mine", "[{}]"), live=live(built_in)).findings
    assert (found.rule, found.severity) == ("R08", Severity.ERROR)
    assert "`default-humanitec-s3`" in found.message


@pytest.mark.parametrize("held", ["env_type=other", "class=big", "res_id=x"])
def test_other_live_criteria_do_not_matter(held: str) -> None:
    assert judged(definition("mine", "[{}]"), live=live(building.definition("theirs", held))).findings == ()


def test_moves_between_declared_definitions_are_left_to_the_plan() -> None:
    before = building.definition("one", "env_type=test")
    after = [definition("one"), definition("two", "[{env_type: test}]")]
    assert "R08" not in rules_of(judged(*after, live=live(before)))


def test_unread_definitions_are_unknown_only_if_criteria_are_declared() -> None:
    def unknown(text: str, seen: State | None) -> list[str]:
        return [answer.rule for answer in judged(text, live=seen, only=["R08"]).unknown]

    assert unknown(definition("one", "[{}]"), None) == ["R08"]
    assert unknown(definition("one", "[{}]"), live(complete=frozenset({Kind.AGENT}))) == ["R08"]
    assert unknown(definition("one"), None) == []


def test_a_document_that_is_refused_for_another_field_occupies_its_id_as_well() -> None:
    plain = "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec: {}\n"
    refused = plain.replace("spec: {}", "spec: {typo: x}")
    (found,) = (finding for finding in judged(plain, refused).findings if finding.rule == "R08")
    assert found.message.startswith("Agent `eu-1` is declared twice")


PLACED = """\
apiVersion: reconciler/v1alpha1
kind: Key
metadata: {{id: {id}}}
spec:
  for: {{{owner}}}
  generate: {{}}
  privateKey: {{cluster: eu-1, namespace: agents, secret: key{entry}}}
---
"""


def test_the_next_key_of_one_is_no_place_for_another() -> None:
    first = PLACED.format(id="one", owner="agent: eu-1", entry="")
    second = PLACED.format(id="two", owner="agent: us-1", entry=", key: private_key.next")
    (found,) = (finding for finding in judged(first, second).findings if finding.rule == "R08")
    assert found.message.startswith("A key in entry `private_key.next` of Secret agents/key")


def test_a_runner_has_one_key() -> None:
    """It would get the one of the first file, whichever its pods run with."""
    first = PLACED.format(id="one", owner="runner: jobs", entry="")
    second = PLACED.format(id="two", owner="runner: jobs", entry=", key: other")
    (found,) = (finding for finding in judged(first, second).findings if finding.rule == "R08")
    assert found.message.startswith("The key of runner `jobs` is declared twice")


@pytest.mark.parametrize(
    ("second", "count"),
    [
        (PLACED.format(id="two", owner="agent: us-1", entry=""), 1),
        (PLACED.format(id="two", owner="agent: us-1", entry=", key: private_key"), 1),
        (PLACED.format(id="two", owner="agent: us-1", entry=", key: other"), 0),
        (PLACED.format(id="two", owner="operator: main", entry=""), 0),
    ],
)
def test_a_key_is_made_in_a_place_of_its_own(second: str, count: int) -> None:
    """Without `key`, the entry is that of the vendor's guide, which is another one for Operators."""
    first = PLACED.format(id="one", owner="agent: eu-1", entry="")
    found = [finding for finding in judged(first, second).findings if finding.rule == "R08"]
    assert len(found) == count
    for finding in found:
        assert finding.message.startswith(
            "A key in entry `private_key` of Secret agents/key of cluster eu-1 is declared"
        )
