"""The order between objects on clusters, registrations, and what uses them."""

from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from reconciler.diff.change import Change, Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import DEFAULT_STORE_LABEL, INSTALLATION_ANNOTATION
from reconciler.model.place import Place, cluster
from reconciler.model.state import Resource
from reconciler.plan.action import Action, Verb
from reconciler.plan.graph import connect
from tests.building import ORGANIZATION, agent, agent_key, definition, operator_key, rule, runner, store

if TYPE_CHECKING:
    from reconciler.model.json import JsonObject

EU, US = cluster("eu"), cluster("us")


def thing(kind: Kind, identifier: str, installation: str = "Agent/a", place: Place = EU) -> Resource:
    annotations: JsonObject = {INSTALLATION_ANNOTATION: installation} if installation else {}
    return Resource(ResourceKey(place, kind, identifier), {"metadata": {"annotations": annotations}})


def create(resource: Resource) -> Action:
    return Action(Verb.CREATE, resource.key, Change(resource.key, Group.CREATION, desired=resource))


def delete(resource: Resource) -> Action:
    return Action(Verb.DELETE, resource.key, Change(resource.key, Group.PRUNE, live=resource))


NAMESPACE = thing(Kind.NAMESPACE, "ns", "")
CONFIG = thing(Kind.CONFIG_MAP, "ns/env")
POLICY = thing(Kind.NETWORK_POLICY, "ns/policy")
DEPLOYMENT = thing(Kind.DEPLOYMENT, "ns/agent")


def requires(actions: list[Action]) -> set[tuple[str, str]]:
    graph = connect(actions)
    return {
        (f"{before[0]} {before[1]}", f"{action.verb} {action.key}")
        for action in graph.actions.values()
        for before in action.required
    }


def order(actions: list[Action]) -> list[str]:
    return [f"{action.verb} {action.key}" for action in connect(actions).actions.values()]


def test_an_installation_is_built_from_the_namespace_up_to_the_workload() -> None:
    found = requires([create(one) for one in (DEPLOYMENT, CONFIG, POLICY, NAMESPACE)])
    assert found == {
        ("create Namespace/ns", "create ConfigMap/ns/env"),
        ("create Namespace/ns", "create NetworkPolicy/ns/policy"),
        ("create Namespace/ns", "create Deployment/ns/agent"),
        ("create ConfigMap/ns/env", "create Deployment/ns/agent"),
        ("create NetworkPolicy/ns/policy", "create Deployment/ns/agent"),
    }


def test_an_installation_is_removed_from_the_workload_down_to_the_namespace() -> None:
    lines = order([delete(one) for one in (NAMESPACE, CONFIG, POLICY, DEPLOYMENT)])
    assert lines[0] == "delete Deployment/ns/agent"
    assert lines[-1] == "delete Namespace/ns"


def test_a_changed_configuration_comes_before_the_workload_that_reads_it() -> None:
    changed = Action(Verb.UPDATE, CONFIG.key, Change(CONFIG.key, Group.UPDATE, desired=CONFIG, live=CONFIG))
    restarted = Action(
        Verb.UPDATE, DEPLOYMENT.key, Change(DEPLOYMENT.key, Group.UPDATE, desired=DEPLOYMENT, live=DEPLOYMENT)
    )
    assert requires([restarted, changed]) == {("update ConfigMap/ns/env", "update Deployment/ns/agent")}


def test_installations_of_other_documents_and_clusters_do_not_wait_for_each_other() -> None:
    other = thing(Kind.CONFIG_MAP, "ns/other", "Agent/b")
    far = thing(Kind.CONFIG_MAP, "ns/env", place=US)
    assert requires([create(one) for one in (DEPLOYMENT, other, far)]) == set()


def test_a_workload_starts_once_its_registration_is_there() -> None:
    registered = [create(agent("a")), create(agent_key("a", "f" * 64)), create(agent("b"))]
    found = requires([*registered, create(DEPLOYMENT)])
    assert ("create Agent/a", "create Deployment/ns/agent") in found
    assert (f"create {registered[1].key}", "create Deployment/ns/agent") in found
    assert ("create Agent/b", "create Deployment/ns/agent") not in found


def test_a_registration_ends_once_the_workload_is_gone() -> None:
    found = requires([delete(agent("a")), delete(DEPLOYMENT)])
    assert found == {("delete Deployment/ns/agent", "delete Agent/a")}


def test_a_runner_is_removed_after_its_rules_and_before_its_registration() -> None:
    workload = thing(Kind.DEPLOYMENT, "ns/runner", "Runner/r")
    lines = order([delete(runner("r")), delete(workload), delete(rule("*/dev", "r"))])
    assert lines == ["delete RunnerRule/*/dev", "delete Deployment/ns/runner", "delete Runner/r"]


def test_what_uses_an_agent_ends_before_its_workload() -> None:
    link = definition("link", type="agent", values={"id": "a"})
    lines = order([delete(DEPLOYMENT), delete(agent("a")), delete(link)])
    assert lines == ["delete Definition/link", "delete Deployment/ns/agent", "delete Agent/a"]


@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.DELETE])
def test_a_role_and_its_binding_have_an_order(verb: Verb) -> None:
    role = thing(Kind.ROLE, "ns/jobs", "Runner/r")
    binding = thing(Kind.ROLE_BINDING, "ns/jobs", "Runner/r")
    build = create if verb is Verb.CREATE else delete
    lines = order([build(binding), build(role)])
    expected = [f"{verb} Role/ns/jobs", f"{verb} RoleBinding/ns/jobs"]
    assert lines == (expected if verb is Verb.CREATE else expected[::-1])
    assert all(one != other for one, other in pairwise(lines))


def test_a_binding_does_not_wait_for_the_roles_of_others() -> None:
    role, binding = thing(Kind.ROLE, "ns/jobs", "Runner/r"), thing(Kind.ROLE_BINDING, "ns/runner", "Runner/r")
    assert requires([create(role), create(binding)]) == set()


def test_organizations_without_clusters_have_no_such_edges() -> None:
    assert ORGANIZATION != EU
    assert requires([create(agent("a"))]) == set()


def custom(name: str, *, is_default: bool = False) -> Resource:
    """The custom resource of a store."""
    labels: JsonObject = {DEFAULT_STORE_LABEL: "true"} if is_default else {}
    resource = ResourceKey(EU, Kind.STORE_RESOURCE, f"ns/{name}")
    return Resource(resource, {"metadata": {"labels": labels}})


def change(live: Resource, desired: Resource) -> Action:
    return Action(Verb.UPDATE, live.key, Change(live.key, Group.UPDATE, desired=desired, live=live))


CHART = thing(Kind.HELM_RELEASE, "ns/operator", "Operator/eu")


def test_a_custom_resource_follows_the_chart_that_brings_its_kind() -> None:
    assert requires([create(custom("vault")), create(CHART)]) == {
        ("create HelmRelease/ns/operator", "create SecretStore.humanitec.io/ns/vault")
    }
    assert requires([delete(custom("vault")), delete(CHART)]) == {
        ("delete SecretStore.humanitec.io/ns/vault", "delete HelmRelease/ns/operator")
    }


def test_a_store_becomes_primary_after_its_custom_resource_is_there() -> None:
    primary = store("vault", is_primary=True)
    assert requires([create(custom("vault")), create(primary)]) == {
        ("create SecretStore.humanitec.io/ns/vault", "create SecretStore/vault")
    }
    assert requires([delete(custom("vault")), delete(primary)]) == {
        ("delete SecretStore/vault", "delete SecretStore.humanitec.io/ns/vault")
    }


def test_the_former_default_store_ceases_to_be_it_first() -> None:
    former = change(custom("old", is_default=True), custom("old"))
    new = change(custom("new"), custom("new", is_default=True))
    assert requires([new, former]) == {
        ("update SecretStore.humanitec.io/ns/old", "update SecretStore.humanitec.io/ns/new")
    }


def test_a_key_is_withdrawn_after_it_left_its_secret() -> None:
    fingerprint = "ab" * 32
    entry = ResourceKey(EU, Kind.PRIVATE_KEY, "ns/key/private_key")
    there = Resource(entry, {"for": "Agent/a", "key": fingerprint[:12]})
    replaced = change(there, Resource(entry, {"for": "Agent/a", "key": "new RSA key"}))
    found = requires([replaced, delete(agent_key("a", fingerprint)), delete(operator_key(fingerprint))])
    assert found == {
        ("update PrivateKey/ns/key/private_key", f"delete Key/a/{fingerprint[:12]}"),
        ("update PrivateKey/ns/key/private_key", f"delete OperatorKey/{fingerprint[:12]}"),
    }


def test_keys_of_operators_are_withdrawn_after_the_operators() -> None:
    assert requires([delete(CHART), delete(operator_key("ab" * 32))]) == {
        ("delete HelmRelease/ns/operator", f"delete OperatorKey/{('ab' * 32)[:12]}")
    }
