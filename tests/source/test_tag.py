"""Tags for values that are supplied later: read as mappings, allowed only in secret positions."""

import pytest

from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.finding import Finding
from reconciler.model.json import Json
from reconciler.settings import Limits
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree
from reconciler.source.yaml_text import YamlDocument, parse_yaml

SECRET = "!secret {cluster: eu-1, namespace: db, name: login, key: password}"


def only(text: str) -> YamlDocument:
    (document,) = parse_yaml(text.encode(), "a.yaml", Limits()).documents
    return document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: !env X", {"a": {"!env": "X"}}),
        ("a: !env 012", {"a": {"!env": "012"}}),
        ("a: !env yes", {"a": {"!env": "yes"}}),
        ('a: !file "../x y"', {"a": {"!file": "../x y"}}),
        ("a: !file\n  ../x", {"a": {"!file": "../x"}}),
        ("a: !secret {key: k}", {"a": {"!secret": {"key": "k"}}}),
        ("a: !secret\n  key: k\nb: 1", {"a": {"!secret": {"key": "k"}}, "b": 1}),
        (
            "- !env X\n- !secret [1, {a: !env Y}]\n- 2",
            [{"!env": "X"}, {"!secret": [1, {"a": {"!env": "Y"}}]}, 2],
        ),
        ("a: &k !env X\nb: *k", {"a": {"!env": "X"}, "b": {"!env": "X"}}),
        ("a: &k !secret {key: k}\nb: *k", {"a": {"!secret": {"key": "k"}}, "b": {"!secret": {"key": "k"}}}),
        ("!env X", {"!env": "X"}),
    ],
)
def test_a_tag_is_a_mapping_of_one_member(text: str, value: Json) -> None:
    document = only(text)
    assert document.findings == ()
    assert document.value == value


def test_places_after_a_tag_are_right() -> None:
    document = only("a: !env X\nb: !secret\n  key: [1, k]\nc: &x !file p\nd: *x\ne: end\n")
    places = {
        path: str(document.positions.origin(document.value, path))
        for path in (("a",), ("b",), ("b", "!secret", "key", 1), ("c",), ("d",), ("e",))
    }
    assert places == {
        ("a",): "a.yaml:1:4",
        ("b",): "a.yaml:2:4",
        ("b", "!secret", "key", 1): "a.yaml:3:12",
        ("c",): "a.yaml:4:4",
        ("d",): "a.yaml:4:4",
        ("e",): "a.yaml:6:4",
    }


@pytest.mark.parametrize("text", ["a: !ENV X", "a: !vault x", "a: !env2 x", "a: !secrets {b: 1}"])
def test_other_tags_are_findings_that_name_the_known_ones(text: str) -> None:
    (finding,) = only(text).findings
    assert "!env, !file and !secret" in finding.message
    assert "vault x" not in finding.message


def test_tags_count_towards_the_limits() -> None:
    assert parse_yaml(b"a: [!env A, !env B, !env C]", "a.yaml", Limits(max_nodes=6)).failure is not None
    assert parse_yaml(b"a: {b: !secret {key: k}}", "a.yaml", Limits(max_depth=3)).failure is not None


def findings(text: str) -> list[Finding]:
    loader = Loader(Limits(), inspect_public_key)
    tree = Tree("memory", "", is_dirty=False, files={"a.yaml": text.encode()})
    return list(loader.load(tree).findings)


def definition(body: str) -> str:
    return (
        "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: orders}\nentity:\n"
        f"  name: orders\n  type: s3\n  driver_type: humanitec/echo\n{body}\n"
    )


def runner(configuration: str) -> str:
    return (
        "apiVersion: reconciler/v1alpha1\nkind: Runner\nmetadata: {id: jobs}\nspec:\n"
        f"  runner_configuration: {configuration}\n"
        "  state_storage_configuration: {type: kubernetes, namespace: jobs}\n"
    )


JOB = "job: {namespace: jobs, service_account: job}"
DATA = "cluster_data: {certificate_authority_data: Y2E=, server: https://c.test}"
STORE = """\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: vault}
spec: {vault: {url: https://vault.test}, orchestrator: {auth: {token: TAG}}}
"""


@pytest.mark.parametrize("tag", ["!env DB_PASSWORD", "!file ../password", SECRET])
def test_tags_are_allowed_in_every_secret_position(tag: str) -> None:
    for text in (
        definition(f"  driver_inputs: {{secrets: {{a: {tag}, b: {{c: [{tag}]}}}}}}"),
        definition(f"  driver_inputs: {{secret_refs: {{a: {tag}, b: {{value: {tag}}}, version: {tag}}}}}"),
        *(
            runner(f"{{type: kubernetes, {JOB}, cluster: {{{DATA}, auth: {{{name}: {tag}}}}}}}")
            for name in ("client_certificate_data", "client_key_data", "service_account_token")
        ),
        STORE.replace("TAG", tag),
    ):
        assert findings(text) == [], text


@pytest.mark.parametrize(
    ("text", "place", "advice"),
    [
        pytest.param(
            definition("  driver_inputs: {values: {a: !env X}}"),
            "a.yaml:8:31",
            "move it to `driver_inputs.secrets`",
            id="values",
        ),
        pytest.param(
            definition("  provision: {dns: {params: {a: !env X}}}"),
            "a.yaml:8:33",
            "write the value itself",
            id="provision",
        ),
        pytest.param(
            definition("  driver_account: !env X"), "a.yaml:8:19", "write the value itself", id="account"
        ),
        pytest.param(
            definition("  driver_inputs: {secret_refs: {a: {store: !env X, ref: r}}}"),
            "a.yaml:8:44",
            "`driver_inputs.secrets`",
            id="store",
        ),
        pytest.param(
            definition("  driver_inputs: {secrets: !env X}"),
            "a.yaml:8:28",
            "`driver_inputs.secrets`",
            id="all secrets",
        ),
        pytest.param(
            runner(
                "{type: kubernetes-eks, job: {namespace: a, service_account: b},"
                " cluster: {name: c, region: r, auth: {role_arn: !env X}}}"
            ),
            "a.yaml:5:136",
            "runners of type `kubernetes`",
            id="auth that is not secret",
        ),
        pytest.param(
            "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu}\nspec: {description: !env X}\n",
            "a.yaml:4:21",
            "definitions, runners and secret stores",
            id="agent",
        ),
        pytest.param(
            definition("").replace("{id: orders}", "{id: !env X}"),
            "a.yaml:3:16",
            "write the value itself",
            id="id",
        ),
        pytest.param(
            STORE.replace("TAG", "!env X").replace("https://vault.test", "!env X"),
            "a.yaml:4:21",
            "`orchestrator.auth`",
            id="address",
        ),
        pytest.param(
            runner(
                "{type: kubernetes-gke, job: {namespace: a, service_account: b, pod_template: {metadata: {labels: "
                "{a: !env X}}}}, cluster: {name: c, project_id: p, location: l, auth: {gcp_audience: a, "
                "gcp_service_account: s}}}"
            ),
            "a.yaml:5:126",
            "runners of type `kubernetes`",
            id="pod template",
        ),
    ],
)
def test_a_tag_outside_a_secret_position_is_one_finding_with_advice(
    text: str, place: str, advice: str
) -> None:
    (finding,) = findings(text)
    assert "hands in a secret where no secret is allowed" in finding.message
    assert str(finding.origin) == place
    assert advice in finding.advice


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("!env not-a-name", "takes the name of an environment variable"),
        ("!env {a: b}", "takes the name of an environment variable"),
        ('!file ""', "takes a path"),
        ("!secret login", "takes a mapping"),
        ("!secret {cluster: eu-1, namespace: db}", "lacks `name`, `key`"),
    ],
)
def test_a_malformed_tag_is_a_finding_that_shows_the_form(tag: str, said: str) -> None:
    (finding,) = findings(definition(f"  driver_inputs: {{secrets: {{a: {tag}}}}}"))
    assert said in finding.message
    assert "!env NAME" in finding.advice
    assert "not-a-name" not in finding.message


def test_other_problems_of_a_document_are_found_as_well_as_a_misplaced_tag() -> None:
    text = definition("  driver_account: !env X\n  unknown: 1")
    assert [finding.rule for finding in findings(text)] == ["F06", "F05"]


def test_a_credential_of_another_type_is_reported_in_plain_words() -> None:
    text = runner(f"{{type: kubernetes, {JOB}, cluster: {{{DATA}, auth: {{client_key_data: {{a: b}}}}}}}}")
    (finding,) = findings(text)
    assert "neither a string nor one of `!env`, `!file` and `!secret`" in finding.message


def test_foreign_documents_may_use_any_tag() -> None:
    assert findings("kind: Template\nvalue: !env X\nother: !Ref Y\n") == []
