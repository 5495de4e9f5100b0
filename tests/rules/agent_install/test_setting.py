"""Settings of an Agent, and which manifests are its own: R34 to R36."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.agent_install.installing import (
    LABELS,
    agent,
    config_map,
    deployment,
    found,
    messages,
    on_eu,
    unknown,
)
from tests.rules.tree import ACME, declare_files, judge_all, scope


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("", 0),
        ("orgs: [acme]", 0),
        ("orgs: []", 1),
        ("orgs: ['']", 1),
        ("env: {ORGS: acme}", 0),
        ("env: {ORGS: ''}", 1),
        ("env: {ORGS: ' , '}, orgs: [acme]", 1),
        ("env: {ORGS: '${ORG}'}", 0),
        ("method: helm, helmValues: {humanitec: {org: ''}}", 1),
        ("method: helm, helmValues: {humanitec: {org: acme}}", 0),
    ],
)
def test_an_agent_serves_an_organization(members: str, expected: int) -> None:
    assert [s for s, _ in found(on_eu(members), rule="R34")] == [Severity.ERROR] * expected


@pytest.mark.parametrize(
    ("texts", "expected", "hidden"),
    [
        ((deployment(), config_map()), 0, 0),
        ((deployment(), config_map("{ORGS: ''}")), 1, 0),
        ((deployment(), config_map("{ORGS:}")), 1, 0),
        ((deployment(), config_map("{LOG_LEVEL: DEBUG}")), 1, 0),
        ((deployment(env="{name: ORGS, value: acme}"), config_map("{LOG_LEVEL: DEBUG}")), 0, 0),
        ((deployment(env="{name: ORGS, value: ''}"), config_map()), 1, 0),
        ((deployment(env_from="[]"),), 1, 0),
        ((deployment(),), 0, 1),
        ((deployment(env_from="[{secretRef: {name: settings}}]"),), 0, 1),
        ((config_map(),), 0, 0),
        ((config_map("{ORGS: ''}"),), 1, 0),
        ((config_map("{LOG_LEVEL: DEBUG}"),), 1, 0),
        ((config_map("{LOG_LEVEL: DEBUG}", labels="{}"),), 0, 0),
        ((config_map("{LOG_LEVEL: DEBUG}"), config_map()), 0, 0),
    ],
)
def test_manifests_set_the_organizations(texts: tuple[str, ...], expected: int, hidden: int) -> None:
    """A ConfigMap without labels, or in addition to one with `ORGS`, is a patch."""
    assert [s for s, _ in found(*texts, rule="R34")] == [Severity.ERROR] * expected
    assert len(unknown(*texts, rule="R34")) == hidden


@pytest.mark.parametrize(
    ("level", "expected"), [("INFO", 0), ("DEBUG", 0), ("info", 1), ("TRACE", 1), ("''", 1), ("'a b'", 1)]
)
def test_a_log_level_is_one_of_the_four(level: str, expected: int) -> None:
    assert len(messages(on_eu(f"env: {{LOG_LEVEL: {level}}}"), rule="R35")) == expected
    assert len(messages(config_map(f"{{ORGS: acme, LOG_LEVEL: {level}}}"), rule="R35")) == expected
    text = deployment(env=f"{{name: LOG_LEVEL, value: {level}}}")
    assert len(messages(text, config_map(), rule="R35")) == expected


def test_a_log_level_that_is_filled_in_later_is_unknown() -> None:
    assert len(unknown(on_eu("env: {LOG_LEVEL: '${LEVEL}'}"), rule="R35")) == 1
    text = deployment(env="{name: LOG_LEVEL, valueFrom: {configMapKeyRef: {name: a, key: b}}}")
    assert messages(text, config_map(), rule="R35") == []


def test_a_level_that_is_not_a_word_is_not_printed() -> None:
    assert "hunter two" not in messages(on_eu("env: {LOG_LEVEL: 'hunter two'}"), rule="R35")[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ORGS", 0),
        ("PRIVATE_KEY_FILE", 0),
        ("CONNECTION_ID", 0),
        ("LOG_LEVEL", 0),
        ("REMOTE_PORT", 0),
        ("HTTPS_PROXY", 1),
        ("ORG", 1),
        ("log_level", 1),
    ],
)
def test_only_known_settings_are_allowed(name: str, expected: int) -> None:
    """`REMOTE_PORT` indicates the old agent, the subject of another rule."""
    said = found(on_eu(f"env: {{{name}: /keys/private_key.pem}}"), rule="R36")
    assert [severity for severity, _ in said] == [Severity.WARNING] * expected
    assert len(messages(config_map(f"{{ORGS: acme, {name}: x}}"), rule="R36")) == expected


def test_values_of_unknown_settings_are_not_printed() -> None:
    assert "hunter2" not in repr(found(on_eu("env: {API_TOKEN: hunter2}"), rule="R36"))


def test_a_variable_that_another_one_uses_is_allowed() -> None:
    env = "{name: POD, valueFrom: {fieldRef: {fieldPath: metadata.name}}}, {name: CONNECTION_ID, value: eu-$(POD)}"
    assert messages(deployment(env=env), config_map(), rule="R36") == []


@pytest.mark.parametrize(
    "text",
    [
        deployment(env_from="[]", labels="{app: shop}"),
        deployment(env_from="[]").replace("  selector:", "  ignored:"),
        deployment(env_from="[]").replace("image:", "ignored:"),
        deployment(env_from="[]").replace("apps/v1", "example.com/v1"),
        f"{{apiVersion: apps/v1, kind: Deployment, metadata: {{labels: {LABELS}}}, spec: text}}",
        config_map("{LOG_LEVEL: DEBUG}").replace("humanitec-agent-configmap-env", "another"),
    ],
)
def test_incomplete_objects_of_an_agent_are_left_alone(text: str) -> None:
    """Patches lack the selector or the image."""
    assert messages(text, rule="R34") == []
    assert unknown(text, rule="R34") == []


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("{name: proxy, image: 'envoy:1'}", "{name: humanitec-agent, image: 'a:1'}", 1),
        ("{name: proxy, image: 'envoy:1'}", "{name: main, image: 'ghcr.io/humanitec/agent:1'}", 1),
        ("{name: proxy, image: 'envoy:1'}", "{name: main, image: 'example.com/agent:1'}", 0),
    ],
)
def test_the_agents_container_is_recognized_by_name_or_image(first: str, second: str, expected: int) -> None:
    text = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: humanitec-agent, labels: {LABELS}}}
spec:
  selector: {{matchLabels: {LABELS}}}
  template: {{spec: {{containers: [{first}, {second}]}}}}
"""
    assert len(messages(text, rule="R34")) == expected


def judged_files(files: dict[str, str], rule: str) -> list[str]:
    loaded = declare_files({name: text.encode() for name, text in files.items()})
    judgement = judge_all([scope(loaded)], ACME)
    return [f.message for f in judgement.findings if f.rule == rule] + [
        u.reason for u in judgement.unknown if u.rule == rule
    ]


def test_a_manifest_refers_to_the_nearest_objects() -> None:
    """The same names occur once for each cluster."""
    wrong, right = config_map("{ORGS: ''}"), config_map()
    here = {"eu/agent.yaml": deployment(), "eu/settings.yaml": right, "us/settings.yaml": wrong}
    assert judged_files(here, "R34") == []
    same_folder = {"agent.yaml": f"{deployment()}---\n{right}", "more.yaml": wrong}
    assert judged_files(same_folder, "R34") == []
    unclear = {"agent.yaml": deployment(), "eu/settings.yaml": right, "us/settings.yaml": wrong}
    assert "not in the tree" in judged_files(unclear, "R34")[0]


def test_an_agent_for_another_organization_is_not_evaluated() -> None:
    elsewhere = agent("{cluster: eu-1, orgs: []}", spec="organizations: [other]")
    assert messages(elsewhere, rule="R34") == []
