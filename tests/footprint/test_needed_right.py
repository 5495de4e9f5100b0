"""Rights that planning and applying an installation needs."""

from dataclasses import replace

from reconciler.facts.delivery import Delivery
from reconciler.footprint.needed_right import (
    Right,
    rights_to_apply,
    rights_to_plan,
    rights_to_see_more,
)
from reconciler.footprint.value import Footprint, SecretEntry, WorkloadKey
from reconciler.model.cluster_state import ObservedKind
from reconciler.model.json import JsonObject
from reconciler.model.origin import Origin

NAMESPACE: JsonObject = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}}
DEPLOYMENT: JsonObject = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "a"},
}
RELEASE: JsonObject = {
    "apiVersion": "helm.toolkit.fluxcd.io/v2",
    "kind": "HelmRelease",
    "metadata": {"name": "r", "namespace": "a"},
}
FOOTPRINT = Footprint(
    "Agent/x",
    "eu",
    Delivery.KUBERNETES,
    Origin("a.yaml", 1, 1),
    objects=(NAMESPACE, DEPLOYMENT),
    secrets=(SecretEntry("a", "key", "private_key"),),
    workload=WorkloadKey("a", "d", {}, "c"),
)


def test_a_plan_lists_declared_kinds_and_reads_what_is_declared() -> None:
    found = rights_to_plan([FOOTPRINT])
    assert {right for right in found if right.verb == "get"} == {
        Right("get", "", "namespaces", "", "a"),
        Right("get", "apps", "deployments", "a", "d"),
        Right("get", "", "secrets", "a", "key"),
    }
    assert {right for right in found if right.verb != "get"} == {
        Right("list", "", "namespaces"),
        Right("list", "apps", "deployments"),
    }


def test_kinds_of_other_products_are_listed_only_where_one_is_declared() -> None:
    assert not [right for right in rights_to_see_more([FOOTPRINT], ()) if "fluxcd" in right.group]
    flux = replace(FOOTPRINT, objects=(), documents=(RELEASE,))
    assert Right("list", "helm.toolkit.fluxcd.io", "helmreleases") in rights_to_plan([flux])


def test_what_is_no_longer_declared_and_what_rules_read_takes_more_lists() -> None:
    kind = ObservedKind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")
    found = rights_to_see_more([FOOTPRINT], (kind,))
    assert Right("list", "autoscaling", "horizontalpodautoscalers") in found
    assert Right("list", "", "configmaps") in found
    assert Right("list", "apps", "deployments") not in found


def test_an_apply_writes_each_declared_object_and_watches_over_its_pods() -> None:
    assert set(rights_to_apply([FOOTPRINT])) == {
        Right("create", "", "namespaces"),
        Right("patch", "", "namespaces", "", "a"),
        Right("create", "apps", "deployments", "a"),
        Right("patch", "apps", "deployments", "a", "d"),
        Right("delete", "apps", "deployments", "a", "d"),
        Right("list", "", "pods", "a"),
        Right("get", "", "pods/log", "a"),
    }
