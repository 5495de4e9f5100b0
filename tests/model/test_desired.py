"""What the documents of one target declare for an organization: one resource per thing."""

from dataclasses import replace

from reconciler.model.desired import desired_state, digested, handed_in
from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.secret import Digester, Handed, Literal, Secret
from reconciler.model.secret_source import EnvironmentVariable, NotAtHand, Source
from reconciler.model.state import State
from tests.building import ESCAPED_PUBLIC_KEY, RUNNER_DOCUMENT
from tests.rules.tree import declare

ACME, BETA = organization("acme"), organization("beta")
AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  description: Frankfurt
  organizations: [acme]
  definition: {id: eu-1-agent, criteria: [{res_id: agent}]}
"""
KEY = f"""\
apiVersion: reconciler/v1alpha1
kind: Key
metadata: {{id: eu-1-key}}
spec: {{for: {{@OWNER@}}, publicKey: "{ESCAPED_PUBLIC_KEY}"}}
"""
OPERATOR = """\
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: eu-1}
spec: {cluster: eu-1, organization: acme}
"""
STORE = """\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: vault}
spec:
  organizations: [acme]
  vault: {url: https://vault.test, path: ""}
  orchestrator: {primary: true, auth: {token: !env VAULT_TOKEN, role_id: {file: role}}}
"""
CREDENTIALS = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: own}
spec:
  runner_configuration:
    type: kubernetes
    job: {namespace: jobs, service_account: job}
    cluster:
      cluster_data: {certificate_authority_data: ca, server: "https://eu-1.test"}
      auth: {service_account_token: !env RUNNER_TOKEN}
  state_storage_configuration: {type: kubernetes, namespace: jobs}
"""
DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: db}
entity:
  name: Database
  type: postgres
  driver_type: humanitec/echo
  driver_inputs: {secret_refs: {password: !env DB_PASSWORD, host: {store: vault, ref: db/host}}}
"""


def names(state: State, kind: Kind) -> list[str]:
    return [key.id for key in state.resources if key.kind is kind]


def test_an_agent_is_registered_with_its_definition_in_the_organizations_that_it_lists() -> None:
    declared = declare(AGENT)
    here = desired_state(declared, ACME).resources
    assert here[ResourceKey(ACME, Kind.AGENT, "eu-1")].document == {"description": "Frankfurt"}
    definition = here[ResourceKey(ACME, Kind.DEFINITION, "eu-1-agent")]
    assert definition.document["values"] == {"id": "eu-1"}
    assert definition.document["type"] == "agent"
    assert definition.criteria is not None
    assert [fields["res_id"] for fields in definition.criteria.values()] == ["agent"]
    assert desired_state(declared, BETA).resources == {}


def test_a_key_goes_where_its_agent_is_registered() -> None:
    declared = declare(AGENT, KEY.replace("@OWNER@", "agent: eu-1"))
    (key,) = names(desired_state(declared, ACME), Kind.KEY)
    assert key.startswith("eu-1/")
    assert names(desired_state(declared, BETA), Kind.KEY) == []


def test_a_key_of_an_agent_that_no_document_declares_goes_everywhere() -> None:
    declared = declare(KEY.replace("@OWNER@", "agent: elsewhere"))
    assert len(names(desired_state(declared, ACME), Kind.KEY)) == 1
    assert len(names(desired_state(declared, BETA), Kind.KEY)) == 1


def test_a_key_that_cannot_be_parsed_is_left_out() -> None:
    declared = replace(declare(AGENT, KEY.replace("@OWNER@", "agent: eu-1")), public_keys={})
    assert names(desired_state(declared, ACME), Kind.KEY) == []


def test_a_key_of_an_operator_goes_to_the_organization_that_it_serves() -> None:
    key = KEY.replace("@OWNER@", "operator: eu-1")
    assert len(names(desired_state(declare(OPERATOR, key), ACME), Kind.OPERATOR_KEY)) == 1
    assert names(desired_state(declare(OPERATOR, key), BETA), Kind.OPERATOR_KEY) == []
    assert len(names(desired_state(declare(key), BETA), Kind.OPERATOR_KEY)) == 1


def test_a_store_is_registered_without_its_credentials_in_sight() -> None:
    resource = desired_state(declare(STORE), ACME).resources[ResourceKey(ACME, Kind.SECRET_STORE, "vault")]
    assert resource.document == {"type": "vault", "primary": True, "vault": {"url": "https://vault.test"}}
    assert set(resource.secrets) == {"/token", "/role_id"}
    assert resource.secrets["/token"] == Handed(EnvironmentVariable("VAULT_TOKEN"))
    assert resource.payload is not None
    assert resource.payload.reveal() == {"token": {"!env": "VAULT_TOKEN"}, "role_id": {"!file": "role"}}


def test_a_store_that_asks_for_no_registration_or_lists_another_organization_is_not_registered() -> None:
    assert desired_state(declare(STORE), BETA).resources == {}
    unregistered = STORE.partition("  orchestrator:")[0]
    assert desired_state(declare(unregistered), ACME).resources == {}


def test_a_runner_whose_document_lists_no_rules_leaves_them_to_others() -> None:
    key = ResourceKey(ACME, Kind.RUNNER, "eu-1")
    without = desired_state(declare(RUNNER_DOCUMENT), ACME)
    assert set(without.resources) == {key} == set(without.open)
    rules = "  rules: [{project_id: shop}, {project_id: shop, env_type_id: development}]\n"
    ruled = desired_state(declare(RUNNER_DOCUMENT + rules), ACME)
    assert ruled.open == frozenset()
    assert [r.document for k, r in ruled.resources.items() if k.kind is Kind.RUNNER_RULE] == [
        {"runner_id": "eu-1"},
        {"runner_id": "eu-1"},
    ]


def test_a_runner_has_no_credentials_in_its_document() -> None:
    resource = desired_state(declare(CREDENTIALS), ACME).resources[ResourceKey(ACME, Kind.RUNNER, "own")]
    assert "service_account_token" not in repr(resource.document)
    assert resource.secrets == {
        "/cluster/auth/service_account_token": Handed(EnvironmentVariable("RUNNER_TOKEN"))
    }


def values_of(**known: Json) -> "dict[Source, Secret]":
    return {EnvironmentVariable(name): Secret(value) for name, value in known.items()}


def test_values_are_handed_in_at_their_positions_and_in_what_is_sent() -> None:
    values = values_of(DB_PASSWORD="hunter2")
    state = handed_in(desired_state(declare(DEFINITION), ACME), lambda source: values[source])
    (resource,) = state.resources.values()
    assert resource.secrets["/password"] == Literal(
        Secret("hunter2"), source=EnvironmentVariable("DB_PASSWORD")
    )
    assert resource.payload is not None
    assert resource.payload.reveal() == {
        "secret_refs": {"password": {"value": "hunter2"}, "host": {"store": "vault", "ref": "db/host"}}
    }


def test_a_resource_with_a_missing_value_cannot_be_sent_and_says_why() -> None:
    state = handed_in(desired_state(declare(DEFINITION), ACME), lambda _: NotAtHand("it is not set"))
    (resource,) = state.resources.values()
    assert resource.secrets["/password"] == Handed(EnvironmentVariable("DB_PASSWORD"), "it is not set")
    assert resource.payload is None


def test_where_nothing_is_handed_in_the_state_stays_as_it_is() -> None:
    state = desired_state(declare(AGENT), ACME)
    assert handed_in(state, lambda _: NotAtHand("unused")) is state


def test_equal_values_have_equal_digests_and_another_value_has_another() -> None:
    digester = Digester(b"k" * 32)

    def digest(value: str) -> object:
        state = handed_in(desired_state(declare(DEFINITION), ACME), lambda _: Secret(value))
        (resource,) = digested(state, digester).resources.values()
        leaf = resource.secrets["/password"]
        assert isinstance(leaf, Literal)
        assert leaf.digest is not None
        return leaf.digest

    assert digest("hunter2") == digest("hunter2") != digest("hunter3")
