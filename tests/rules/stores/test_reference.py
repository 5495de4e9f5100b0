"""Secret inputs of definitions: R76 to R81."""

import pytest

from reconciler.model.finding import Severity
from reconciler.model.state import State
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests.rules.observed import live_from
from tests.rules.tree import ACME, NOTHING_LIVE, judged, settings

EXTERNAL = live_from(
    "stores: [{id: platform, primary: true, awssm: {region: r}}, {id: humanitec, primary: false, humanitec: {}}]"
)
BUILT_IN = live_from("stores: [{id: humanitec, primary: true, humanitec: {}}]")
DECLARED_STORE = """---
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: platform}
spec: {awssm: {region: eu-central-1}, orchestrator: {}}
"""
ON_CLUSTER = """---
apiVersion: humanitec.io/v1alpha1
kind: SecretStore
metadata: {name: platform}
spec: {awssm: {region: eu-central-1, auth: {}}}
"""


def definition(inputs: str, kind: str = "postgres") -> str:
    return f"""\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: db}}
entity: {{name: db, type: {kind}, driver_type: humanitec/template, driver_inputs: {inputs}}}
"""


def of(judgement: Judgement, rule: str) -> list[tuple[Severity, str, str]]:
    return [(f.severity, f.message, f.advice) for f in judgement.findings if f.rule == rule]


def messages(text: str, rule: str, live: State | None = EXTERNAL, settings: Settings = ACME) -> list[str]:
    return [message for _, message, _ in of(judged(text, live=live, settings=settings), rule)]


def unknown(text: str, rule: str, live: State | None = NOTHING_LIVE) -> list[str]:
    return [answer.reason for answer in judged(text, live=live).unknown if answer.rule == rule]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("{secrets: {}, secret_refs: {}}", 1),
        ("{secrets: {}}", 0),
        ("{secret_refs: {}}", 0),
        ("{values: {secrets: 1, secret_refs: 2}}", 0),
    ],
)
def test_secrets_are_given_in_one_of_two_ways(inputs: str, expected: int) -> None:
    assert len(messages(definition(inputs), "R76")) == expected


GOOD = "{store: platform, ref: a}"


@pytest.mark.parametrize(
    "leaf",
    [
        GOOD,
        "{store: platform, ref: a, version: '2'}",
        "{store: platform, ref: a, version: null, value: null}",
        "{value: '${resources.x.outputs.y}'}",
        "{deeper: {still: {store: platform, ref: a}}}",
        "[{store: platform, ref: a}]",
        "{value: ''}",
    ],
)
def test_valid_leaves_have_no_finding(leaf: str) -> None:
    judgement = judged(definition(f"{{secret_refs: {{p: {leaf}}}}}"), live=EXTERNAL)
    assert [finding for finding in of(judgement, "R77") if finding[0] is Severity.ERROR] == []


@pytest.mark.parametrize(
    ("leaf", "problem"),
    [
        ("plain", "is a plain value"),
        ("3", "is a plain value"),
        ("{store: platform}", "has no `ref`"),
        ("{ref: a}", "has no `store`"),
        ("{version: '1'}", "has no `store`"),
        ("{value: x, ref: a}", "has `value` as well as a reference"),
        ("{value: x, store: platform}", "has `value` as well as a reference"),
        ("{store: humanitec, ref: a}", "refers to the built-in store"),
        ("{store: platform, ref: a, verson: '1'}", "has unknown field `verson`"),
    ],
)
def test_malformed_leaves_say_what_is_wrong(leaf: str, problem: str) -> None:
    (message,) = messages(definition(f"{{secret_refs: {{p: {leaf}}}}}"), "R77")
    assert message.startswith("Malformed secret reference: `driver_inputs.secret_refs.p` of definition `db` ")
    assert problem in message


def test_for_a_misspelt_member_the_right_one_is_suggested() -> None:
    judgement = judged(
        definition("{secret_refs: {p: {store: platform, ref: a, verson: '1'}}}"), live=EXTERNAL
    )
    assert [advice for _, _, advice in of(judgement, "R77")] == ["Did you mean `version`?"]


@pytest.mark.parametrize("leaf", ["{}", "{store: null, ref: null}", "{store: ''}"])
def test_an_empty_leaf_is_dropped_by_the_server_and_a_warning(leaf: str) -> None:
    judgement = judged(definition(f"{{secret_refs: {{p: {leaf}}}}}"), live=EXTERNAL)
    assert [severity for severity, _, _ in of(judgement, "R77")] == [Severity.WARNING]


def test_an_unknown_store_is_an_error_once_the_live_ones_are_known() -> None:
    text = definition("{secret_refs: {p: {store: plattform, ref: a}}}")
    judgement = judged(text, live=EXTERNAL)
    assert [(s, advice) for s, _, advice in of(judgement, "R77")] == [
        (Severity.ERROR, "Did you mean `platform`?")
    ]


@pytest.mark.parametrize("more", [DECLARED_STORE, ON_CLUSTER])
def test_a_declared_store_may_be_named_before_it_is_registered(more: str) -> None:
    text = definition(f"{{secret_refs: {{p: {GOOD}}}}}") + more
    assert messages(text, "R77", BUILT_IN) == []
    assert unknown(text, "R77") == []


def test_without_live_stores_an_unknown_name_is_unknown_and_a_warning_if_others_are_declared() -> None:
    text = definition("{secret_refs: {p: {store: plattform, ref: a}, q: {store: plattform, ref: b}}}")
    assert len(unknown(text, "R77")) == 1
    assert messages(text, "R77", NOTHING_LIVE) == []
    judgement = judged(text + DECLARED_STORE)
    assert {severity for severity, _, _ in of(judgement, "R77")} == {Severity.WARNING}
    assert len(unknown(text + DECLARED_STORE, "R77")) == 1


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ("{secrets: {password: hunter2}}", 1),
        ("{secrets: {password: 4711}}", 1),
        ("{secrets: {a: x, b: y, deeper: {c: z}}}", 2),
        ("{secrets: {list: [x, y]}}", 1),
        ("{secret_refs: {password: {value: hunter2}}}", 1),
        ("{secrets: {password: '${resources.db.outputs.password}'}}", 0),
        ("{secrets: {password: 'x-${resources.db.outputs.password}'}}", 0),
        ("{secrets: {templates: '{{ .init.password }}'}}", 0),
        ("{secrets: {agent_url: ''}}", 0),
        ("{secrets: {is_open: true, nothing: null}}", 0),
        ("{secret_refs: {password: {store: platform, ref: hunter2}}}", 0),
        ("{values: {password: hunter2}}", 0),
    ],
)
def test_a_plain_secret_is_refused_and_never_shown(inputs: str, expected: int) -> None:
    judgement = judged(definition(inputs), live=EXTERNAL)
    found = of(judgement, "R78")
    assert [severity for severity, _, _ in found] == [Severity.ERROR] * expected
    assert "hunter2" not in repr(judgement)
    assert "4711" not in repr(judgement)


@pytest.mark.parametrize(
    ("auth", "expected"),
    [
        ("{access_key_id: {env: AWS_KEY}, secret_access_key: {file: /run/key}}", 0),
        ("{access_key_id: hunter2, secret_access_key: {env: A}}", 1),
        ("{token: [hunter2]}", 1),
        ("{}", 0),
        ("{env: hunter2}", 1),
    ],
)
def test_credentials_of_a_store_come_from_somewhere_else(auth: str, expected: int) -> None:
    text = DECLARED_STORE.replace("orchestrator: {}", f"orchestrator: {{auth: {auth}}}")
    judgement = judged(text)
    assert len(of(judgement, "R78")) == expected
    assert "hunter2" not in repr(judgement)


@pytest.mark.parametrize("member", ["store", "ref", "version"])
def test_no_part_of_a_reference_may_be_filled_in_later(member: str) -> None:
    leaf = {"store": "platform", "ref": "a", "version": "1", member: "${context.app.id}"}
    shown = ", ".join(f'{name}: "{text}"' for name, text in leaf.items())
    (message,) = messages(definition(f"{{secret_refs: {{p: {{{shown}}}}}}}"), "R79")
    assert f"`{member}` of" in message


def test_references_need_an_operator() -> None:
    text = definition(f"{{secret_refs: {{p: {GOOD}}}}}")
    assert len(messages(text, "R80", BUILT_IN)) == 1
    assert messages(text, "R80", EXTERNAL) == []
    assert len(unknown(text, "R80")) == 1


def test_without_references_the_mode_does_not_matter() -> None:
    text = definition("{secret_refs: {p: {value: '${resources.x.outputs.y}'}}}")
    assert messages(text, "R80", BUILT_IN) == []
    assert unknown(text, "R80") == []


def test_the_primary_store_comes_from_the_settings_if_none_is_live() -> None:
    legacy = settings("version: 1\ntargets: {acme: {organization: acme, primaryStore: humanitec}}")
    text = definition(f"{{secret_refs: {{p: {GOOD}}}}}")
    assert len(messages(text, "R80", None, legacy)) == 1


def kept_inside(kind: str = "postgres") -> State:
    return live_from(f"""
        stores: [{{id: platform, primary: true, awssm: {{region: r}}}}]
        definitions:
          - id: db
            type: {kind}
            driver_type: humanitec/template
            driver_inputs:
              secret_refs:
                p: {{store: humanitec, ref: inside, version: "1"}}
                deeper: [{{q: {{store: platform, ref: outside}}}}]
        """)


def test_a_secret_in_the_built_in_store_cannot_be_read_outside_legacy_mode() -> None:
    (message,) = messages(definition("{values: {a: b}}"), "R81", kept_inside())
    assert message.startswith("`p` of definition `db`")


def test_a_reference_in_the_files_moves_the_secret() -> None:
    assert messages(definition(f"{{secret_refs: {{p: {GOOD}}}}}"), "R81", kept_inside()) == []


def test_a_reference_to_the_built_in_store_moves_nothing() -> None:
    inside = "{store: humanitec, ref: r}"
    assert len(messages(definition(f"{{secret_refs: {{p: {inside}}}}}"), "R81", kept_inside())) == 1


@pytest.mark.parametrize("kind", ["k8s-cluster", "k8s-namespace", "agent", "logging"])
def test_what_the_orchestrator_provisions_may_keep_its_secrets_there(kind: str) -> None:
    assert messages(definition("{values: {a: b}}", kind), "R81", kept_inside(kind)) == []


def test_secrets_of_unmanaged_definitions_are_not_evaluated() -> None:
    text = definition("{values: {a: b}}").replace("{id: db}", "{id: other}")
    assert messages(text, "R81", kept_inside()) == []


def test_unread_definitions_are_unknown_if_it_matters() -> None:
    text = definition("{values: {a: b}}")
    unread = live_from("{stores: [{id: platform, primary: true, awssm: {region: r}}], unread: [Definition]}")
    assert len(unknown(text, "R81", unread)) == 1
    assert unknown(text, "R81", NOTHING_LIVE) == []
