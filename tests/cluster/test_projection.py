"""The comparison with live objects, as a real API server stores them and other writers change them."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any
from uuid import uuid4

import pytest

from reconciler.diff.change import ABSENT, FieldChange
from reconciler.diff.cluster import ORDER, projection
from reconciler.diff.fields import document_changes
from reconciler.diff.managed_fields import is_ours, managers_of, owned_paths
from reconciler.model.json import dotted
from reconciler.model.kind import FACTS
from reconciler.model.kubernetes_object import FIELD_MANAGER, kind_of, metadata_of
from tests.cluster.bodies import Body, config_map, deployment, realistic
from tests.control_plane.plane import ControlPlane

pytestmark = pytest.mark.xdist_group("control_plane")
Removal = Callable[[Body], object]
CONTAINERS = "spec.template.spec.containers"


def path_of(body: Body) -> str:
    kind = kind_of(body)
    assert kind is not None
    facts, metadata = FACTS[kind], metadata_of(body)
    base = ("/apis/" if "/" in facts.api_version else "/api/") + facts.api_version
    within = f"/namespaces/{metadata['namespace']}" if facts.is_namespaced else ""
    return f"{base}{within}/{facts.resource}/{metadata['name']}"


class Cluster:
    """What different writers do to one cluster."""

    def __init__(self, plane: ControlPlane) -> None:
        self._plane = plane

    def apply(self, body: Body, manager: str = FIELD_MANAGER, *, force: bool = False) -> Body:
        return self._patch(body, "apply-patch+yaml", fieldManager=manager, force=str(force).lower())

    def edit(self, body: Body, change: Any, manager: str = "kubectl-edit") -> Body:
        """A merge patch, or a JSON patch if it is a list."""
        form = "json-patch+json" if isinstance(change, list) else "strategic-merge-patch+json"
        return self._patch(body, form, change, fieldManager=manager)

    def _patch(self, body: Body, form: str, content: Any = None, **query: str) -> Body:
        answer = self._plane.client.patch(
            path_of(body),
            content=json.dumps(body if content is None else content),
            headers={"Content-Type": f"application/{form}"},
            params=query,
        )
        assert answer.is_success, answer.text
        live: Body = answer.json()
        return live


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Cluster:
    return Cluster(control_plane)


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    name = f"test-{uuid4().hex[:8]}"
    control_plane.namespace(name)
    return name


def changes(desired: Body, live: Body) -> list[FieldChange]:
    wanted, present = projection(desired, live, FIELD_MANAGER)
    return list(document_changes(present, wanted))


def paths(desired: Body, live: Body) -> list[str]:
    return [dotted(change.path) for change in changes(desired, live)]


@pytest.mark.parametrize("kind", list(realistic("x")))
def test_what_was_just_applied_does_not_differ(cluster: Cluster, namespace: str, kind: str) -> None:
    body = realistic(namespace)[kind]
    live = cluster.apply(body)
    assert changes(body, live) == []
    assert is_ours(live, "prod")
    assert not is_ours(live, "other")


@pytest.mark.parametrize("kind", list(realistic("x")))
def test_every_field_that_is_no_longer_desired_is_a_removal(
    cluster: Cluster, namespace: str, kind: str
) -> None:
    """Until the next apply: after it, the field is gone or a default that nobody owns."""
    body = realistic(namespace)[kind]
    live = cluster.apply(body)
    reduced = deepcopy(body)
    del reduced["metadata"]["labels"]["app.kubernetes.io/name"]
    assert changes(reduced, live) == [
        FieldChange(("metadata", "labels", "app.kubernetes.io/name"), "agent", ABSENT)
    ]
    assert changes(reduced, cluster.apply(reduced)) == []


def test_whatever_webhooks_and_other_people_add_is_no_difference(cluster: Cluster, namespace: str) -> None:
    body = deployment(namespace)
    cluster.apply(body)
    added: Body = {
        "metadata": {"annotations": {"team": "blue"}, "labels": {"tier": "one"}},
        "spec": {
            "revisionHistoryLimit": 3,
            "template": {
                "metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "now"}},
                "spec": {
                    "initContainers": [{"name": "istio-init", "image": "proxy"}],
                    "volumes": [{"name": "certificates", "emptyDir": {}}],
                    "containers": [
                        {"name": "istio-proxy", "image": "proxy"},
                        {
                            "name": "agent",
                            "env": [{"name": "INJECTED", "value": "1"}],
                            "volumeMounts": [{"name": "certificates", "mountPath": "/certificates"}],
                        },
                    ],
                },
            },
        },
    }
    live = cluster.edit(body, added, "injector")
    assert [one["name"] for one in live["spec"]["template"]["spec"]["containers"]] == ["istio-proxy", "agent"]
    assert changes(body, live) == []


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ({"spec": {"replicas": 5}}, ("spec.replicas", 5, 2)),
        (
            {"spec": {"template": {"spec": {"containers": [{"name": "agent", "image": "evil"}]}}}},
            (f"{CONTAINERS}.agent.image", "evil", "ghcr.io/acme/agent:1.2.3"),
        ),
        (
            {"spec": {"template": {"spec": {"automountServiceAccountToken": None}}}},
            ("spec.template.spec.automountServiceAccountToken", ABSENT, False),
        ),
        (
            {"spec": {"template": {"spec": {"hostNetwork": True}}}},
            ("spec.template.spec.hostNetwork", True, False),
        ),
        (
            {"spec": {"template": {"spec": {"nodeSelector": {"zone": "a"}}}}},
            ("spec.template.spec.nodeSelector.zone", "a", ABSENT),
        ),
        (
            [{"op": "add", "path": "/spec/template/spec/tolerations/0/effect", "value": "NoSchedule"}],
            ("spec.template.spec.tolerations[0].effect", "NoSchedule", ABSENT),
        ),
        (
            [{"op": "remove", "path": "/spec/template/spec/containers/0/env/3"}],
            (f"{CONTAINERS}.agent.env.PLAIN", ABSENT, {"name": "PLAIN", "value": "x"}),
        ),
        (
            [
                {
                    "op": "replace",
                    "path": "/spec/template/spec/volumes/0/projected/sources/0/secret/items/0/mode",
                    "value": 511,
                }
            ],
            ("spec.template.spec.volumes.key.projected.sources[0].secret.items[0].mode", 511, 384),
        ),
    ],
)
def test_a_change_of_what_we_own_is_a_difference_and_says_who_made_it(
    cluster: Cluster, namespace: str, change: Any, difference: tuple[str, object, object]
) -> None:
    path, before, after = difference
    body = deployment(namespace)
    cluster.apply(body)
    live = cluster.edit(body, change)
    found = {dotted(one.path): one for one in changes(body, live)}
    assert path in found
    assert (found[path].before, found[path].after) == (before, after)
    if before is not ABSENT:
        assert [owner.manager for owner in managers_of(live, found[path].path)] == ["kubectl-edit"]
    assert changes(body, cluster.apply(body, force=True)) == [], "applying by force ends it"


def test_a_difference_of_a_whole_element_is_removed_with_all_that_we_own_of_it(
    cluster: Cluster, namespace: str
) -> None:
    body = deployment(namespace)
    live = cluster.apply(body)
    reduced = deepcopy(body)
    pod = reduced["spec"]["template"]["spec"]
    pod["containers"][0]["env"].pop()
    pod["containers"][0]["ports"].pop()
    del pod["tolerations"]
    found = {dotted(one.path): (one.before, one.after) for one in changes(reduced, live)}
    assert found == {
        f"{CONTAINERS}.agent.env.PLAIN": ({"name": "PLAIN", "value": "x"}, ABSENT),
        f"{CONTAINERS}.agent.ports.8080/UDP": ({"containerPort": 8080, "protocol": "UDP"}, ABSENT),
        "spec.template.spec.tolerations": ([{"key": "dedicated", "operator": "Exists"}], ABSENT),
    }
    assert changes(reduced, cluster.apply(reduced)) == []


def test_what_is_removed_from_a_value_that_is_replaced_as_one_is_a_difference(
    cluster: Cluster, namespace: str
) -> None:
    """`managedFields` does not show what was applied of it: only defaults of the server are known not to be ours."""
    body = realistic(namespace)["NetworkPolicy"]
    live = cluster.apply(body)
    removals: list[tuple[Removal, str]] = [
        (lambda spec: spec["egress"][0].pop("ports"), "spec.egress[0].ports"),
        (lambda spec: spec["egress"][0]["ports"][1].pop("protocol"), "spec.egress[0].ports[1].protocol"),
        (lambda spec: spec["egress"][1]["to"][0].pop("podSelector"), "spec.egress[1].to[0].podSelector"),
        (lambda spec: spec["podSelector"].pop("matchLabels"), "spec.podSelector.matchLabels"),
    ]
    for remove, path in removals:
        reduced = deepcopy(body)
        remove(reduced["spec"])
        [change] = changes(reduced, live)
        assert (dotted(change.path), change.after) == (path, ABSENT)
        assert changes(reduced, cluster.apply(reduced)) == []
        assert paths(body, cluster.apply(reduced)) == [path], "and adding it is one"
        cluster.apply(body)


def test_a_field_that_another_manager_has_applied_too_stays_when_we_let_go_of_it(
    cluster: Cluster, namespace: str
) -> None:
    body = config_map(namespace, ORGS="acme", SHARED="x")
    cluster.apply(body)
    live = cluster.apply(config_map(namespace, SHARED="x"), "helm")
    reduced = config_map(namespace, ORGS="acme")
    assert paths(reduced, live) == ["data.SHARED"]
    left = cluster.apply(reduced)
    assert left["data"] == {"ORGS": "acme", "SHARED": "x"}
    assert changes(reduced, left) == []


def test_another_order_of_what_we_set_is_a_difference_that_applying_ends(
    cluster: Cluster, namespace: str
) -> None:
    """Variables refer to earlier ones, and init containers run one after the other."""
    body = deployment(namespace)
    cluster.apply(body)
    live = cluster.edit(
        body,
        {
            "spec": {
                "template": {
                    "spec": {"containers": [{"name": "agent", "env": [{"name": "Z", "value": "z"}]}]}
                }
            }
        },
    )
    turned = deepcopy(body)
    turned["spec"]["template"]["spec"]["containers"][0]["env"].reverse()
    assert {path.rpartition(".")[2][: len(ORDER)] for path in paths(turned, live)} == {ORDER}
    assert changes(turned, cluster.apply(turned)) == []


def test_an_object_that_somebody_else_made_differs_where_its_values_differ(
    cluster: Cluster, namespace: str
) -> None:
    theirs = config_map(namespace, ORGS="acme", OTHER="kept")
    live = cluster.apply(theirs, "helm")
    ours = config_map(namespace, ORGS="acme", NEW="x")
    assert paths(ours, live) == ["data.NEW"]
    assert not is_ours(live, "prod"), "the label alone says nothing"
    both = cluster.apply(ours)
    assert is_ours(both, "prod")
    assert changes(ours, both) == []
    assert owned_paths(both, "helm") == (
        ("data", "ORGS"),
        ("data", "OTHER"),
        ("metadata", "labels", "app.kubernetes.io/name"),
        ("metadata", "labels", "reconciler/instance"),
    )
    assert {owner.manager for owner in managers_of(both, ("data", "ORGS"))} == {"helm", FIELD_MANAGER}


def test_quantities_are_compared_by_amount_only_where_they_are_quantities(
    cluster: Cluster, namespace: str
) -> None:
    body = deployment(namespace)
    live = cluster.apply(body)
    more = deepcopy(body)
    more["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["cpu"] = 1.5
    assert changes(more, live) == [
        FieldChange(("spec", *CONTAINERS.split(".")[1:], "agent", "resources", "limits", "cpu"), "1", 1.5)
    ]
    text = config_map(namespace, limits="0.250", sizeLimit="1Gi")
    stored = cluster.apply(text)
    assert paths(config_map(namespace, limits="250m", sizeLimit="1024Mi"), stored) == [
        "data.limits",
        "data.sizeLimit",
    ]
