"""SARIF, JUnit and GitHub annotations of results; and that no format shows a secret of the files."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.cli.edges.settings import local_settings
from reconciler.cli.edges.trees import new_loader
from reconciler.inventory.none import NoInventory
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.origin import Origin
from reconciler.model.secret import Digester
from reconciler.model.unseen import Side, Unseen
from reconciler.passes.reconcile import Adapters, validate
from reconciler.passes.result import PassResult, Purpose, SourceInfo
from reconciler.plan.selection import Selection
from reconciler.rules.registry import RULES
from reconciler.source.excerpt import excerpts
from reconciler.source.tree import Tree
from reconciler.views import github, junit, markdown, sarif, text, unseen
from reconciler.views import json as json_view
from reconciler.views.detail import Detail
from tests.cli import samples

RENDERERS: dict[str, Callable[[PassResult], str]] = {
    "text": partial(text.render, detail=Detail(unknown=True)),
    "json": json_view.render,
    "markdown": markdown.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
}
NAMES = sorted(name for name, make in samples.ALL.items() if make().purpose is not Purpose.APPLY)
HOSTILE = "::error::x\n##[error]y %0A ]]> <b> & \" ' , : \x1b[31m \u202e \ufffe \ud800"


def findings(*found: Finding) -> PassResult:
    return PassResult(Purpose.VALIDATE, SourceInfo("."), samples.STARTED, findings=found)


def finding(number: int = 1, **changes: Any) -> Finding:
    made = Finding("R01", Severity.ERROR, f"problem {number}", Origin("a.yaml", number, 2), advice="Fix it.")
    return replace(made, **changes)


def run_of(result: PassResult) -> dict[str, Any]:
    document = json.loads(sarif.render(result))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    assert isinstance(run, dict)
    return run


# SARIF


def check_sarif(run: dict[str, Any]) -> None:
    """Check the requirements on the parts in use (SARIF 2.1.0, sections 3.14, 3.19, 3.20, 3.27, 3.58)."""
    driver = run["tool"]["driver"]
    assert driver["name"]
    ids = [rule["id"] for rule in driver["rules"]]
    assert len(ids) == len(set(ids))
    for rule in driver["rules"]:
        assert rule["shortDescription"]["text"]
        assert rule["fullDescription"]["text"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]
        assert rule.get("defaultConfiguration", {"level": "error"})["level"] in ("error", "warning")
    assert run["columnKind"] == "unicodeCodePoints"
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        assert result["level"] in ("none", "note", "warning", "error")
        assert result["message"]["text"]
        assert all(result["partialFingerprints"].values())
        for place in [*result["locations"], *result.get("relatedLocations", [])]:
            check_place(place["physicalLocation"], run)
    (invocation,) = run["invocations"]
    assert isinstance(invocation["executionSuccessful"], bool)
    for kind in ("toolExecutionNotifications", "toolConfigurationNotifications"):
        for notification in invocation[kind]:
            assert notification["level"] in ("none", "note", "warning", "error")
            assert notification["message"]["text"]
            if "associatedRule" in notification:
                assert ids[notification["associatedRule"]["index"]] == notification["associatedRule"]["id"]


def check_place(place: dict[str, Any], run: dict[str, Any]) -> None:
    artifact = place["artifactLocation"]
    assert re.fullmatch(r"[A-Za-z0-9%/:._~-]+", artifact["uri"])
    assert ("uriBaseId" in artifact) != artifact["uri"].startswith("file:")
    assert artifact.get("uriBaseId", sarif.ROOT) in run["originalUriBaseIds"]
    assert place["region"]["startLine"] >= 1
    assert place["region"].get("startColumn", 1) >= 1


@pytest.mark.parametrize("name", NAMES)
def test_sarif_of_every_result_follows_the_standard(name: str) -> None:
    check_sarif(run_of(samples.ALL[name]()))


def test_sarif_names_place_rule_object_next_step_and_further_places() -> None:
    run = run_of(samples.invalid())
    first, second = run["results"]
    assert first["ruleId"] == "R68"
    assert first["level"] == "error"
    assert first["message"]["text"].endswith(
        "exclude each other. use direct mode with the Agent, or GitOps without it"
    )
    assert first["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "orgs/acme/cluster.yaml", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 9, "startColumn": 3},
            },
            "logicalLocations": [{"fullyQualifiedName": "Definition/eu-cluster", "kind": "resource"}],
        }
    ]
    assert first["relatedLocations"][0]["physicalLocation"]["region"] == {"startLine": 2, "startColumn": 1}
    assert second["level"] == "warning"
    assert second["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_sarif_explains_the_rules_it_names_with_their_pages() -> None:
    rules = {rule["id"]: rule for rule in run_of(samples.invalid())["tool"]["driver"]["rules"]}
    assert sorted(rules) == ["F02", "R68", "R70", "R71"]
    assert "## Wrong" in rules["R68"]["help"]["markdown"]
    assert rules["R68"]["defaultConfiguration"] == {"level": "error"}


def fingerprints(result: PassResult) -> list[str]:
    return [found["partialFingerprints"][sarif.FINGERPRINT] for found in run_of(result)["results"]]


def test_a_fingerprint_is_stable_when_lines_move_and_differs_between_findings() -> None:
    here = [finding(1), finding(2), finding(3, message="problem 1")]
    moved = [replace(one, origin=Origin("a.yaml", one.origin.line + 40, 7), advice="Other.") for one in here]
    assert fingerprints(findings(*here)) == fingerprints(findings(*moved))
    assert len(set(fingerprints(findings(*here)))) == 3
    renamed = replace(here[0], origin=Origin("b.yaml", 1, 2))
    assert fingerprints(findings(renamed)) != fingerprints(findings(here[0]))


@pytest.mark.parametrize(
    "path", ["orgs/a b/ä#1?.yaml", "a%20b.yaml", "x:y.yaml", "\\xff.yaml", "/abs/a b.yaml"]
)
def test_paths_are_escaped_as_uris(path: str) -> None:
    run = run_of(findings(finding(origin=Origin(path, 1, 1))))
    check_sarif(run)
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert unquote(uri.removeprefix("file://")) == path


def test_a_finding_without_a_file_is_placed_at_the_settings() -> None:
    place = run_of(findings(finding(origin=Origin(""))))["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "reconciler.yaml"


def test_sarif_has_notifications_of_what_is_unknown_off_silenced_or_only_checked() -> None:
    run = run_of(replace(samples.invalid(), rules_off=(("R01", "not for this repository"),)))
    (invocation,) = run["invocations"]
    assert invocation["executionSuccessful"] is True
    assert invocation["exitCode"] == 3
    seen = [one["message"]["text"] for one in invocation["toolExecutionNotifications"]]
    assert any("the primary secret store" in text and "R70" in text for text in seen)
    assert "Checked, not applied: 1 Operator, 2 SecretStores" in seen
    off, silenced = invocation["toolConfigurationNotifications"]
    assert off["message"]["text"] == "R01 is switched off in the settings: not for this repository"
    assert silenced["locations"][0]["physicalLocation"]["region"]["startLine"] == 4
    down = run_of(samples.unreadable())["invocations"][0]
    assert down["executionSuccessful"] is False
    assert any("503 after 5 attempts" in one["message"]["text"] for one in down["toolExecutionNotifications"])


# JUnit


def suite(result: PassResult) -> ET.Element:
    root = ET.fromstring(junit.render(result))
    (found,) = root.findall("testsuite")
    for element in (root, found):
        assert int(element.attrib["tests"]) == len(found.findall("testcase"))
        for tag in ("failure", "error", "skipped"):
            name = "skipped" if tag == "skipped" else f"{tag}s"
            assert int(element.attrib[name]) == len(found.findall(f"testcase/{tag}"))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_junit_counts_are_right_for_every_result(name: str) -> None:
    suite(samples.ALL[name]())


def test_errors_are_failures_by_rule_and_file_and_warnings_pass_with_output() -> None:
    found = suite(samples.invalid())
    by_name = {case.attrib["name"]: case for case in found.findall("testcase")}
    failed = by_name[f"R68: {RULES['R68'].title}"]
    assert failed.attrib["file"] == failed.attrib["classname"] == "orgs/acme/cluster.yaml"
    failure = failed.find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "R68"
    assert "orgs/acme/cluster.yaml:9:3" in str(failure.text)
    assert "\n      |   ^" in str(failure.text)
    warned = by_name["F02: The YAML cannot be parsed"]
    assert warned.find("failure") is None
    assert "the file is empty" in str(warned.findtext("system-out"))


def test_several_findings_of_a_rule_in_a_file_are_one_test() -> None:
    found = suite(findings(finding(1), finding(2), finding(3, severity=Severity.WARNING)))
    cases = [case for case in found if case.attrib["classname"] == "a.yaml"]
    assert len(cases) == 1
    failure = cases[0].find("failure")
    assert failure is not None
    assert failure.attrib["message"] == "2 errors"
    assert "problem 3" in str(cases[0].findtext("system-out"))


def test_rules_that_are_off_or_not_evaluated_are_skipped_and_the_others_pass() -> None:
    cases = {
        case.attrib["name"][:3]: case
        for case in suite(samples.planned())
        if case.attrib["classname"] == "rules"
    }
    reasons = {name: case.find("skipped") for name, case in cases.items()}
    assert reasons["R01"] is None
    skipped = {name: part.attrib["message"] for name, part in reasons.items() if part is not None}
    assert skipped["R70"].startswith("unknown: the primary secret store")
    assert skipped["R71"] == "switched off in the settings: our Git host is reached through a proxy"


def test_what_could_not_be_read_is_an_error_and_a_guard_a_failure() -> None:
    assert suite(samples.unreadable()).find("testcase/error") is not None
    refused = suite(samples.refused()).find("testcase/failure")
    assert refused is not None
    assert "--accept deletes=16:1c4e9e3ae71e" in str(refused.text)


def test_hostile_values_produce_valid_xml() -> None:
    found = suite(findings(finding(message=HOSTILE, origin=Origin(HOSTILE, 1, 1), advice=HOSTILE)))
    failure = found.find("testcase/failure")
    assert failure is not None
    assert "]]> <b> &" in failure.attrib["message"]
    assert "\\x1b[31m" in failure.attrib["message"]


# GitHub


def commands(shown: str) -> list[str]:
    """Lines that the runner treats as a command, in either of its forms."""
    return [line for line in shown.split("\n") if line.lstrip().startswith("::") or "##[" in line]


def test_annotations_carry_file_line_column_rule_and_next_step() -> None:
    shown = github.render(samples.invalid())
    assert commands(shown)[:2] == [
        (
            "::error file=orgs/acme/cluster.yaml,line=9,col=3,title=R68::Definition/eu-cluster asks for GitOps "
            "mode and for agent eu-1; they exclude each other%0Ause direct mode with the Agent, or GitOps "
            "without it%0Areconciler explain R68"
        ),
        "::warning file=orgs/acme/empty.yaml,line=1,title=F02::the file is empty%0Areconciler explain F02",
    ]
    assert shown.rstrip("\n").split("\n")[-1].startswith("Validate: invalid: 1 error, 1 warning.")


def test_hostile_values_produce_no_command() -> None:
    shown = github.render(findings(finding(message=HOSTILE, origin=Origin(HOSTILE, 1, 1), advice=HOSTILE)))
    (command,) = commands(shown)
    name, _, rest = command.removeprefix("::").partition("::")
    assert name.startswith("error file=%3A%3Aerror%3A%3Ax\\n##[error]y %250A ]]> <b> & \" ' %2C %3A")
    assert "\x1b" not in rest


@pytest.mark.parametrize("number", [1, 10, 11, 500])
def test_github_gets_ten_annotations_of_a_level_and_the_number_of_the_others(number: int) -> None:
    many = [finding(n) for n in range(1, number + 1)]
    many += [finding(n, severity=Severity.WARNING) for n in range(1, number + 1)]
    shown = github.render(findings(*many))
    for level in ("error", "warning"):
        annotations = [line for line in commands(shown) if line.startswith(f"::{level} ")]
        assert len(annotations) == min(number, 10)
        left = re.search(rf"title=reconciler%3A (\d+) more {level}s::", annotations[-1])
        assert len(annotations) - bool(left) + int(left[1] if left else 0) == number
    assert len(re.findall(r"^a\.yaml:\d+:2: ", shown, re.MULTILINE)) == 2 * number


def test_guards_and_targets_that_could_not_be_read_are_annotations() -> None:
    assert commands(github.render(samples.refused()))[0].startswith(
        "::error title=guard deletes (target acme)::16 of 20 owned"
    )
    assert "503 after 5 attempts" in commands(github.render(samples.unreadable()))[0]


# All of them


@pytest.mark.parametrize("form", RENDERERS)
@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_identical_for_the_same_result(name: str, form: str) -> None:
    shown = RENDERERS[form](samples.ALL[name]())
    assert shown == RENDERERS[form](samples.ALL[name]())
    assert shown.endswith("\n")


@pytest.mark.parametrize("form", RENDERERS)
def test_every_format_shows_what_is_off_silenced_unknown_or_only_checked(form: str) -> None:
    shown = " ".join(
        RENDERERS[form](replace(samples.invalid(), rules_off=(("R01", "not for this repository"),))).split()
    )
    for reason in (
        "not for this repository",
        "its GitOps tool has one",
        "the primary secret store of target acme is not known",
    ):
        assert reason in shown
    assert re.search(r"1 Operator, 2 SecretStores|\"what\": \"Operator\", \"count\": 1", shown)


@pytest.mark.parametrize("form", ["text", "markdown", "github"])
def test_thirty_unknown_rules_do_not_bury_a_finding(form: str) -> None:
    result = replace(samples.invalid(), unknown=samples.many_unknown())
    shown = " ".join(RENDERERS[form](result).split())
    assert "31 rules could not be evaluated (45 checks)" in shown
    assert "cluster `eu-1` was not read: R30, R31" in shown
    assert "and 18 more" in shown
    assert "6 more reasons (6 checks); -o json has all" in shown
    assert len(RENDERERS[form](result).split("\n")) < 60


def test_json_has_every_unknown_check() -> None:
    result = replace(samples.invalid(), unknown=samples.many_unknown())
    document = json.loads(json_view.render(result))
    assert len(document["unknownRules"]) == 45
    assert "R59" in str(document["notExamined"])
    assert unseen.blind_title(replace(result, unknown=())) == ""


@pytest.mark.parametrize("form", ["text", "markdown", "junit", "github"])
@pytest.mark.parametrize(("caret", "seen"), [(0, "start"), (1_500, "middle"), (2_990, "end")])
def test_a_long_line_is_cut_around_the_caret(form: str, caret: int, seen: str) -> None:
    line = "start" + "漢" * 1_495 + "middle" + "x" * 1_484 + "end of it"
    origin = Origin("a.yaml", 12, caret + 1)
    result = replace(findings(finding(origin=origin)), excerpts={origin: Excerpt(line, caret)})
    shown = RENDERERS[form](result)
    assert seen in shown
    assert max(map(len, shown.split("\n"))) < 160


def test_the_caret_is_below_its_column() -> None:
    origin = Origin("a.yaml", 3, 9)
    result = replace(findings(finding(origin=origin)), excerpts={origin: Excerpt("漢: {id: shop}", 4)})
    above, below = text.render(result).split("\n")[1:3]
    assert above == "    3 | 漢: {id: shop}"
    assert below == "      |      ^"


# No secret

DOCUMENTS = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: a}
entity:
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-git
  driver_inputs:
    values: {url: 'git@h:a/b.git'}
    secrets: {credentials: {@}}
=====
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: a}
entity:
  type: postgres
  driver_type: humanitec/static
  driver_inputs: {secrets: {@}, secret_refs: {@}}
=====
apiVersion: reconciler/v1alpha1
kind: Key
metadata: {id: k}
spec: {for: {agent: a}, publicKey: x, privateKey: {@}}
=====
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: r}
spec:
  runner_configuration:
    type: kubernetes
    job: {namespace: n, service_account: s}
    cluster: {cluster_data: {server: s, certificate_authority_data: c}, auth: {@}}
  state_storage_configuration: {type: kubernetes, namespace: n}
=====
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: r}
spec:
  runner_configuration: {type: kubernetes-agent, key: x, job: {namespace: n, service_account: s}}
  install: {cluster: c, env: {@}, helmValues: {env: {@}}}
  state_storage_configuration: {type: kubernetes, namespace: n}
=====
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: s}
spec: {vault: {url: 'https://v'}, orchestrator: {auth: {@}}, clusters: [{cluster: c, auth: {@}}]}
=====
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: o}
spec: {cluster: c, helmValues: {env: {@}}}
=====
apiVersion: v1
kind: Secret
metadata: {name: s}
stringData: {@}
data: {@}
"""
PLACES = DOCUMENTS.split("=====\n")
MEMBERS = ("password: {0}", "token: {0}", "ssh_key: {0}", "password: [{0}]", "value: {0}")


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(PLACES),
    st.sampled_from(MEMBERS),
    st.text("qxzjQXZJ7", min_size=8, max_size=36),
    st.sampled_from(["", "x: [\n", "---\nkind: {\n"]),
)
def test_no_format_shows_a_secret_of_the_files(place: str, member: str, secret: str, end: str) -> None:
    """Includes the findings of every rule and reader, and one more for every line."""
    content = (place.replace("@", member.format(f'"{secret}"')) + end).encode()
    chosen = local_settings()
    adapters = Adapters(
        read_tree=lambda: Tree("memory", "", is_dirty=False, files={"a.yaml": content}),
        load=new_loader(chosen).load,
        connect=lambda *_: pytest.fail("validate connects to nothing"),
        inventory=NoInventory("x"),
        digester=Digester(None),
        now=lambda: datetime(2026, 6, 1, tzinfo=UTC),
    )
    result = validate(chosen, adapters, Selection(frozenset(), frozenset()))
    more = [finding(number, rule="R02") for number in range(1, content.count(b"\n") + 2)]
    places = [one.origin for one in (*result.findings, *more)]
    shown = replace(
        result, findings=(*result.findings, *more), excerpts=excerpts({"a.yaml": content}, places)
    )
    for form, render in RENDERERS.items():
        assert secret not in render(shown), form


def live(target: str, what: str) -> Unseen:
    return Unseen(Side.LIVE, target, what)


def test_what_is_missing_from_a_side_is_one_reason_for_people_and_a_list_of_checks_for_programs() -> None:
    unknown = (
        Unknown("R08", "criteria are not known", live("acme", "definitions")),
        Unknown("R15", "whether another Agent holds a key", live("acme", "keys")),
        Unknown("R77", "whether `eu` exists", live("acme", "secret stores")),
        Unknown("R81", "its definitions", live("beta", "definitions")),
        Unknown("R11", "whether it has a passphrase", Unseen(Side.CLUSTER, "eu-1", "Secret")),
        Unknown("R18", "which key it has", Unseen(Side.CLUSTER, "eu-1", "Deployment")),
        Unknown("R25", "which image it has", Unseen(Side.CLUSTER, "us-1", "Deployment")),
        Unknown("R30", "whether it is scaled", Unseen(Side.CLUSTER, "us-1", "")),
    )
    result = replace(samples.planned(), unknown=unknown)
    assert unseen.blind_lines(result) == [
        "the live definitions, keys and secret stores of target `acme` were not read: R08, R15, R77",
        "Deployment and Secret objects of cluster `eu-1` were not read: R11, R18",
        "cluster `us-1` was not read: R25, R30",
        "the live definitions of target `beta` were not read: R81",
    ]
    assert len(unseen.blind(result)) == len(unknown)
