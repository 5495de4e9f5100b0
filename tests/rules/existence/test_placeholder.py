"""R119: the contents of placeholders in definitions."""

import json

import pytest

from reconciler.model.finding import Finding, Severity
from tests.rules.tree import judged

ERROR, WARNING = Severity.ERROR, Severity.WARNING


def found(text: str, *, member: str = "values") -> tuple[Finding, ...]:
    entity = {
        "name": "a",
        "type": "s3",
        "driver_type": "humanitec/echo",
        "driver_inputs": {member: {"x": [text]}},
    }
    document = {
        "apiVersion": "entity.humanitec.io/v1b1",
        "kind": "Definition",
        "metadata": {"id": "orders"},
        "entity": entity,
    }
    return judged(json.dumps(document), only=["R119"]).findings


@pytest.mark.parametrize(
    "text",
    [
        "${context.app.id}-${context.env.id}",
        "${context.env.type} ${context.org.id} ${context.res.class}",
        "${ context.res.guresid }${context.res.id}${context.res.type}",
        "${context['app'].id}",
        "${resources.dns.outputs.host}",
        "${resources['agent.default#agent'].outputs.url}",
        '${resources["base-env.default#network-policies"].guresid}',
        "${resources.config#tf-backend.account} ${resources.s3.values}",
        "${resources.dns<route.outputs.service}",
        r"echo $\{HOME} $\{var.region}",
        "${resources['config.{{ .id }}'].outputs.x}",
        "${{ .resource.id }}",
        "no placeholder, $HOME and {context.ap.id}",
        "not closed ${context.ap.id",
    ],
)
def test_what_can_be_filled_in_is_escaped_or_computed_is_accepted(text: str) -> None:
    assert found(text) == ()


@pytest.mark.parametrize(
    ("text", "severity", "message", "advice"),
    [
        ("a-${context.ap.id}", ERROR, "`${context.ap.id}`: the context has no", "Did you mean `app.id`?"),
        ("${context.env.typ}", ERROR, "`${context.env.typ}`", "Did you mean `env.type`?"),
        ("${context}", WARNING, "`${context}`", "It has `app.id`"),
        ("${context.deployment.started_at}", WARNING, "no such member", "It has `app.id`"),
        ("${contxt.app.id}", WARNING, "only `context`, `resources` are", "Did you mean `context`?"),
        ("${resource.dns.outputs.host}", WARNING, "only `context`", "Did you mean `resources`?"),
        ("${var.region}", WARNING, "only `context`", r"Write `$\{`"),
        ("${HOME}", WARNING, "`${HOME}`", r"Write `$\{`"),
        ("${shared.dns.host}", WARNING, "only `context`", r"Write `$\{`"),
        ("${resources}", WARNING, "it names no resource", "Write `${resources.<type>"),
        ("${resources.dns}", WARNING, "it uses none of `outputs`", "Write `.outputs.<name>`"),
        ("${resources.dns.host}", WARNING, "it uses none of `outputs`", "Write `.outputs.<name>`"),
        ("${resources.dns.output.host}", WARNING, "it uses none of", "Did you mean `outputs`?"),
    ],
)
def test_what_cannot_be_filled_in_is_found(text: str, severity: Severity, message: str, advice: str) -> None:
    (finding,) = found(text)
    assert finding.severity is severity
    assert message in finding.message
    assert finding.advice.startswith(advice)


@pytest.mark.parametrize(
    "text", ["p4ss${word}-x", "${context.pass}", "${resources.s3cr3t}", "${resources.a.s3cr3t}"]
)
def test_no_part_of_a_secret_is_printed(text: str) -> None:
    (finding,) = found(text, member="secrets")
    assert "contains a placeholder: " in finding.message
    for part in ("word", "pass", "s3cr3t"):
        assert part not in finding.message + finding.advice


def test_one_mistake_in_many_places_of_a_definition_is_one_finding() -> None:
    assert len(found("${context.ap.id} ${context.ap.id}")) == 1


def test_accounts_and_provisioned_parameters_are_checked_too() -> None:
    text = """
    apiVersion: entity.humanitec.io/v1b1
    kind: Definition
    metadata: {id: orders}
    entity:
      name: orders
      type: s3
      driver_type: humanitec/echo
      driver_account: ${resources.config.acount}
      provision: {dns: {params: {host: "${context.ap.id}"}}}
    """
    lines = [finding.origin.line for finding in judged(text, only=["R119"]).findings]
    assert sorted(lines) == [9, 10]
