"""Secrets supplied through tags satisfy the rules about secrets; literal ones never do."""

from textwrap import indent

import pytest

from reconciler.model.finding import Finding
from reconciler.model.state import State
from tests.rules.observed import live_from
from tests.rules.tree import judged, settings

TAGS = ("!env DB_PASSWORD", "!file ../password", "!secret {cluster: eu-1, namespace: db, name: a, key: b}")
LEGACY = live_from("stores: [{id: humanitec, primary: true, humanitec: {}}]")
EXTERNAL = live_from("stores: [{id: platform, primary: true, awssm: {region: r}}]")
DIRECT = settings("version: 1\ntargets: {acme: {organization: acme, mode: direct}}\n")
CANARY = "canary-of-a-secret"


def definition(inputs: str, kind: str = "postgres", driver: str = "humanitec/template") -> str:
    return f"""\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: orders}}
entity: {{name: orders, type: {kind}, driver_type: {driver}, driver_inputs: {inputs}}}
"""


def runner(auth: str) -> str:
    return f"""\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: jobs}}
spec:
  runner_configuration:
    type: kubernetes
    job: {{namespace: jobs, service_account: job}}
    cluster:
      cluster_data: {{certificate_authority_data: Y2E=, server: https://cluster.test}}
      auth: {auth}
  state_storage_configuration: {{type: kubernetes, namespace: jobs}}
"""


def about_secrets(text: str, live: State) -> list[Finding]:
    judgement = judged(text, live=live, settings=DIRECT)
    assert CANARY not in repr(judgement)
    return [f for f in judgement.findings if f.rule in ("R77", "R78", "R80", "R91")]


@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("live", [LEGACY, EXTERNAL], ids=["legacy", "direct"])
def test_a_tag_satisfies_the_rules_in_every_mode(tag: str, live: State) -> None:
    """A cluster definition cannot use a reference in direct mode, nor can any definition in legacy mode."""
    for inputs in (
        f"{{secrets: {{a: {tag}, b: {{c: [{tag}]}}}}}}",
        f"{{secret_refs: {{a: {tag}, b: {{value: {tag}}}}}}}",
    ):
        for kind in ("postgres", "k8s-cluster"):
            assert about_secrets(definition(inputs, kind), live) == []
    assert about_secrets(runner(f"{{service_account_token: {tag}}}"), live) == []


@pytest.mark.parametrize(
    "auth", ["{token: !env TOKEN}", "{token: {env: TOKEN}}", "{a: {b: !file /run/token}}"]
)
def test_credentials_of_stores_may_be_supplied_as_well(auth: str) -> None:
    text = f"""\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {{id: vault}}
spec: {{vault: {{url: https://vault.test}}, orchestrator: {{auth: {auth}}}}}
"""
    assert about_secrets(text, EXTERNAL) == []


@pytest.mark.parametrize("name", ["client_certificate_data", "client_key_data", "service_account_token"])
def test_literal_credentials_of_a_runner_are_refused(name: str) -> None:
    (found,) = about_secrets(runner(f"{{{name}: {CANARY}}}"), EXTERNAL)
    assert found.rule == "R78"
    assert f"cluster.auth.{name}" in found.message
    assert "!env NAME" in found.advice
    assert (found.origin.line, found.key and found.key.id) == (10, "jobs")


def test_the_placeholder_that_v2_shows_for_a_credential_is_not_accepted() -> None:
    """A dumped runner contains `SECRET`, which the server would store."""
    assert len(about_secrets(runner("{client_key_data: SECRET}"), EXTERNAL)) == 1


@pytest.mark.parametrize(
    ("member", "text", "names"),
    [
        pytest.param("secrets", f"user: {CANARY}", ["user"], id="anything in secrets"),
        pytest.param("secrets", f'{{\n  "user": "{CANARY}",\n  "b": "{{{{ .x }}}}"\n}}', ["user"], id="JSON"),
        pytest.param("outputs", f"host: h\npassword: {CANARY}", ["password"], id="by name"),
        pytest.param("init", f"db_password: '{CANARY}'", ["db_password"], id="by a part of the name"),
        pytest.param(
            "manifests",
            f"apiVersion: v1\nkind: Secret\nstringData:\n  user: {CANARY}\ntype: Opaque",
            ["user"],
            id="Secret",
        ),
        pytest.param("secrets", "password: {{ .driver.secrets.password }}", [], id="template"),
        pytest.param("secrets", "password: ${resources.db.outputs.password}", [], id="placeholder"),
        pytest.param("secrets", 'password: ""\nother: null\nmore:\n  a: {{ .x }}', [], id="empty"),
        pytest.param("secrets", "# password: hunter2", [], id="comment"),
        pytest.param(
            "outputs", "host: example.com\nsecretName: login\ntoken_url: https://x", [], id="harmless"
        ),
        pytest.param("manifests", "kind: ConfigMap\ndata:\n  user: somebody", [], id="ConfigMap"),
    ],
)
def test_a_plain_secret_in_the_text_of_a_template_is_refused(
    member: str, text: str, names: list[str]
) -> None:
    inputs = "\n".join(
        ["", "    values:", "      templates:", f"        {member}: |", indent(text, " " * 10)]
    )
    body = (
        "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {id: orders}\nentity:\n"
        f"  name: orders\n  type: postgres\n  driver_type: humanitec/template\n  driver_inputs:{inputs}\n"
    )
    found = about_secrets(body, EXTERNAL)
    assert [f"`{name}`" in one.message for one in found for name in names] == [True] * len(names)
    assert len(found) == bool(names)
    for one in found:
        assert "driver_inputs.secrets" in one.advice
        assert one.origin.line == 11


def test_supplied_values_need_a_store_that_can_be_written() -> None:
    """They are sent as plain text, like literals."""
    store = """---
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: platform}
spec: {awssm: {region: eu-central-1}, orchestrator: {primary: true}}
"""
    for inputs in (
        "{secrets: {a: !env X}}",
        "{secret_refs: {a: !env X}}",
        "{secret_refs: {a: {value: !env X}}}",
    ):
        judgement = judged(definition(inputs) + store, live=EXTERNAL, settings=DIRECT)
        assert [f.rule for f in judgement.findings if f.rule == "R86"] == ["R86"], inputs


def test_credentials_of_a_git_target_may_be_supplied() -> None:
    inputs = "{values: {url: git@git.test:a/b.git}, secrets: {credentials: {ssh_key: !file ../key}}}"
    text = definition(inputs, "k8s-cluster", "humanitec/k8s-cluster-git")
    judgement = judged(text, live=EXTERNAL, settings=DIRECT)
    assert [f.message for f in judgement.findings if f.rule in ("R69", "R78", "R91")] == []
    text = definition(
        inputs.replace("secrets: {credentials: {ssh_key: !file ../key}}", "secrets: {}"),
        "k8s-cluster",
        "humanitec/k8s-cluster-git",
    )
    (found,) = [f for f in judged(text, live=EXTERNAL, settings=DIRECT).findings if f.rule == "R69"]
    assert "!file PATH" in found.advice
