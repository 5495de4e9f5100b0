"""Numbers that lose their spelling are found wherever the API accepts a string or any value."""

from textwrap import dedent
from time import process_time

import pytest

from reconciler.emulator.wire import decode, encode
from reconciler.model.finding import Finding, Severity
from reconciler.source.spelling import arriving
from tests.rules.tree import declare_files

DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: store}
entity:
  type: s3
  driver_type: humanitec/echo
  driver_inputs:
    values:
      given: @VALUE@
"""


def findings(text: str, name: str = "0.yaml") -> list[Finding]:
    return list(declare_files({name: dedent(text).encode()}).findings)


@pytest.mark.parametrize(
    ("written", "arrives", "severity"),
    [
        ("012345678901", "12345678901", Severity.ERROR),
        ("007", "7", Severity.ERROR),
        ("-01", "-1", Severity.ERROR),
        ("12345678901234567890", "12345678901234567000", Severity.ERROR),
        ("9007199254740993", "9007199254740992", Severity.ERROR),
        ("0.12345678901234567890", "0.12345678901234568", Severity.ERROR),
        ("1.10", "1.1", Severity.WARNING),
        ("1.0", "1", Severity.WARNING),
        ("1.", "1", Severity.WARNING),
        (".5", "0.5", Severity.WARNING),
        ("1e3", "1000", Severity.WARNING),
        ("12E4", "120000", Severity.WARNING),
        ("1e30", "1e+30", Severity.WARNING),
        ("+49", "49", Severity.WARNING),
        ("0x1F", "31", Severity.WARNING),
        ("0o17", "15", Severity.WARNING),
        ("-0", "0", Severity.WARNING),
    ],
)
@pytest.mark.parametrize("form", ["{}", "&a {}", "[1, {}, x]", "{{inner: {}}}", "{} # a comment"])
def test_a_number_that_loses_its_spelling_is_found_with_the_value_that_arrives(
    written: str, arrives: str, severity: Severity, form: str
) -> None:
    text = DEFINITION.replace("@VALUE@", form.format(written))
    (found,) = findings(text)
    assert (found.rule, found.severity) == ("F15", severity)
    assert found.message.endswith(f"is written `{written}` and arrives as `{arrives}`")
    assert found.advice.startswith("quote it")
    line = text.splitlines()[found.origin.line - 1]
    assert written in line[found.origin.column - 1 :]


@pytest.mark.parametrize(
    "written",
    [
        "12",
        "0",
        "-5",
        "0.5",
        "1.25",
        "9007199254740992",
        "10000000000000000",
        '"0123"',
        "'1.10'",
        "1.2.0",
        "10.0.0.0/8",
        "0123x",
        "2024-01-01",
        "12:00",
        "true",
        "!!str 0123",
        "a 0123 inside",
    ],
)
def test_what_arrives_as_it_is_written_is_fine(written: str) -> None:
    assert findings(DEFINITION.replace("@VALUE@", written)) == []


def test_an_octal_number_gets_its_decimal_value() -> None:
    (found,) = findings(DEFINITION.replace("@VALUE@", "0400"))
    assert found.advice == "quote it if a string is meant; if an octal number is meant, write `256`"


def test_where_a_string_is_required_the_finding_says_how_the_number_would_arrive() -> None:
    text = DEFINITION.replace("@VALUE@", "x").replace("id: store", "id: 0123").replace("type: s3", "type: 12")
    assert [(found.rule, found.advice) for found in findings(text)] == [
        ("F06", "put it in quotes; it is written `0123` and arrives as `123`"),
        ("F06", "put it in quotes"),
    ]


def test_a_number_beyond_every_double_is_an_error() -> None:
    (found,) = findings(DEFINITION.replace("@VALUE@", "9" * 350))
    assert found.severity is Severity.ERROR
    assert found.message.endswith("is too large to be stored")


@pytest.mark.parametrize("name", ["password", "api_key", "pin"])
def test_a_number_that_may_be_a_secret_is_not_shown(name: str) -> None:
    (found,) = findings(DEFINITION.replace("given: @VALUE@", f"{name}: 0420042"))
    assert found.rule == "F15"
    assert "420042" not in f"{found}"


def test_numbers_in_aliases_and_merged_values_keep_their_place() -> None:
    text = DEFINITION.replace("given: @VALUE@", "a: &base {v: 1.10}\n      b: {<<: *base}\n      c: *base")
    assert {(found.origin.line, found.origin.column) for found in findings(text)} == {(9, 20)}


@pytest.mark.parametrize("place", ["pod_template", "install"])
def test_every_free_part_of_a_runner_is_looked_at(place: str) -> None:
    template = "pod_template: {spec: {containers: [{name: main, resources: {limits: {cpu: 1.10}}}]}}"
    values = "install: {helmValues: {tag: 1.10}}"
    text = f"""\
        apiVersion: reconciler/v1alpha1
        kind: Runner
        metadata: {{id: run-a}}
        spec:
          runner_configuration:
            type: kubernetes-gke
            job: {{namespace: jobs, service_account: job, {template if place == "pod_template" else ""}}}
            cluster: {{name: c, project_id: p, location: l, auth: {{gcp_audience: a, gcp_service_account: s}}}}
          state_storage_configuration: {{type: gcs, bucket: ab}}
          {values if place == "install" else "description: x"}
        """
    assert [found.rule for found in findings(text)] == ["F15"]


def test_foreign_documents_are_left_alone() -> None:
    assert findings("apiVersion: v1\nkind: ConfigMap\ndata: {a: 0123}\n") == []


@pytest.mark.parametrize(
    "value", [0, 1, -7, 1.5, 1e3, 1e20, 1e21, 1e22, 1e-6, 1e-7, 2**53 + 1, 12345678901234567890, 0.1 + 0.2]
)
def test_what_arrives_is_the_nearest_double(value: float) -> None:
    assert float(arriving(value)) == float(decode(encode(value)))


def test_the_cost_of_many_numbers_is_linear() -> None:
    text = DEFINITION.replace("@VALUE@", "[" + "1.10, " * 20_000 + "007]")
    started = process_time()
    found = findings(text)
    assert process_time() - started < 10
    assert len(found) == 51
    assert [finding.severity for finding in found].count(Severity.ERROR) == 1
    assert any(finding.message.startswith("19,951 more numbers") for finding in found)
