"""Workloads in one form, wherever they are written, and facts that must have been read."""

from collections.abc import Callable

import pytest

from reconciler.facts.scope import Scope
from reconciler.facts.seen import Seen
from reconciler.facts.workload import Product, declared_workloads, live_workloads
from reconciler.model.kind import Kind
from reconciler.model.state import State
from reconciler.model.surroundings import Beside, Surroundings
from reconciler.model.unseen import Side, UnseenError
from reconciler.settings import FILE_NAME
from tests.rules.observed import clusters_from, live_from
from tests.rules.tree import NOTHING_LIVE, declare, scope

AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec: {install: {cluster: eu-1, podSecurity: {privileged: true}}}
---
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: op}
spec: {cluster: eu-1}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: humanitec-agent, namespace: a, labels: {app.kubernetes.io/name: humanitec-agent}}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: humanitec-agent}}
  template: {spec: {securityContext: {runAsUser: 7}, containers: [{name: humanitec-agent, image: humanitec/agent:1}]}}
"""
CLUSTERS = """\
eu-1:
  objects:
    - apiVersion: apps/v1
      kind: Deployment
      metadata: {name: humanitec-agent, namespace: a, labels: {app.kubernetes.io/name: humanitec-agent}}
      spec: {template: {spec: {containers: [{name: humanitec-agent, image: x}]}}}
    - {apiVersion: apps/v1, kind: Deployment, metadata: {name: other, namespace: a}}
"""


def test_a_document_is_read_as_it_will_be_rendered() -> None:
    seen = scope(declare(AGENT))
    agent, operator = declared_workloads(seen)
    assert agent.container["securityContext"] == {
        "privileged": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 1000,
    }
    assert (agent.product, agent.id, agent.cluster, agent.namespace) == (
        Product.AGENT,
        "eu-1",
        "eu-1",
        "humanitec-agent",
    )
    assert str(agent.key(seen)) == "Agent/eu-1"
    assert agent.origin("securityContext").column > agent.origin().column
    assert (operator.product, operator.namespace, operator.key(seen)) == (
        Product.OPERATOR,
        "humanitec-operator-system",
        None,
    )


def test_nothing_is_known_of_a_manifest_that_is_not_written_in_it() -> None:
    (workload,) = declared_workloads(scope(declare(DEPLOYMENT)))
    assert workload.container.get("securityContext") is None
    assert workload.of_container("runAsUser") == 7
    assert (workload.is_document, workload.cluster, workload.namespace) == (False, None, "a")


def test_a_live_object_has_the_same_form_and_points_to_the_settings() -> None:
    (workload,) = live_workloads(scope(declare(AGENT), clusters=clusters_from(CLUSTERS)), "eu-1")
    assert workload.container["image"] == "x"
    assert workload.name == "Deployment `a/humanitec-agent` of cluster `eu-1`"
    assert str(workload.origin()) == FILE_NAME


ASKED: dict[str, tuple[Callable[[Scope], object], Side]] = {
    "agents": (lambda seen: Seen(seen).live(Kind.AGENT), Side.LIVE),
    "one agent": (lambda seen: Seen(seen).live_resource(Kind.AGENT, "eu-1"), Side.LIVE),
    "stores": (lambda seen: Seen(seen).stores, Side.LIVE),
    "accounts": (lambda seen: Seen(seen).accounts, Side.LIVE),
    "drivers": (lambda seen: Seen(seen).drivers, Side.LIVE),
    "Operator keys": (lambda seen: Seen(seen).operator_keys, Side.LIVE),
    "primary store": (lambda seen: Seen(seen).primary_store, Side.FILE),
    "platform": (lambda seen: Seen(seen).platform("eu-1"), Side.FILE),
    "platform of no cluster": (lambda seen: Seen(seen).platform(None), Side.FILE),
    "cluster": (lambda seen: Seen(seen).cluster("eu-1"), Side.CLUSTER),
    "no cluster": (lambda seen: Seen(seen).cluster(None), Side.FILE),
    "Secret": (lambda seen: Seen(seen).secret("eu-1", "a", "b"), Side.CLUSTER),
}


@pytest.mark.parametrize("name", ASKED)
def test_a_fact_that_was_not_read_is_neither_true_nor_false(name: str) -> None:
    asked, side = ASKED[name]
    with pytest.raises(UnseenError) as caught:
        asked(scope(declare(AGENT)))
    assert caught.value.unseen.side is side
    assert str(caught.value) == str(caught.value.unseen)


def test_a_kind_of_a_cluster_that_was_not_read_to_the_end_is_unseen() -> None:
    partly = scope(declare(AGENT), clusters=clusters_from("eu-1: {complete: []}"))
    with pytest.raises(UnseenError, match="Deployment objects of cluster `eu-1` were not read"):
        Seen(partly).objects("eu-1", "apps/v1", "Deployment")
    with pytest.raises(UnseenError):
        Seen(partly).secret("eu-1", "a", "b")


def test_what_was_read_and_is_missing_is_known() -> None:
    seen = Seen(scope(declare(AGENT), live=NOTHING_LIVE, clusters=clusters_from("eu-1: {}")))
    assert seen.live(Kind.AGENT) == ()
    assert seen.live_resource(Kind.AGENT, "eu-1") is None
    assert seen.secret("eu-1", "a", "b") is None
    assert seen.objects("eu-1", "apps/v1", "Deployment") == ()


def test_the_primary_store_is_the_live_one() -> None:
    read = live_from("stores: [{id: humanitec, primary: true, humanitec: {}}]")
    assert Seen(scope(declare(AGENT), live=read)).primary_store == "humanitec"


def test_why_a_list_could_not_be_read_is_part_of_the_reason() -> None:
    surroundings = Surroundings(failures={Beside.STORES: "403 Forbidden"})
    seen = Seen(scope(declare(AGENT), live=State({}, frozenset(Kind), surroundings)))
    with pytest.raises(UnseenError, match=r"secret stores of target `acme` were not read \(403 Forbidden\)"):
        _ = seen.stores
