"""The work for a cluster grows with its installations, not with their square."""

from collections.abc import Callable, Sequence

import pytest

from reconciler.diff.change import Change, Group
from reconciler.footprint.installation import installations
from reconciler.footprint.value import Footprint
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.cluster_state import ClusterObject, ClusterState, SecretObject
from reconciler.model.declaration import Declarations
from reconciler.model.identity import ResourceKey
from reconciler.model.json import JsonObject
from reconciler.model.kind import CLUSTER_KINDS, Kind
from reconciler.model.kubernetes_object import FIELD_MANAGER, INSTALLATION_ANNOTATION, key_of, metadata_of
from reconciler.model.mark import with_digest
from reconciler.model.place import cluster
from reconciler.model.record import NO_SAFEGUARDS
from reconciler.model.state import Resource
from reconciler.passes.cluster_basis import Absences, cluster_basis
from reconciler.passes.cluster_sight import ClusterReading, cluster_sight, cluster_state
from reconciler.plan.action import Action, TargetPlan, Verb
from reconciler.plan.build import build
from reconciler.plan.edges.installation import installation_edges
from reconciler.settings import Limits, Settings
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree
from tests.counting import assert_linear

PLACE = cluster("eu-1")
SETTINGS = Settings.model_validate(
    {
        "version": 1,
        "instance": "prod",
        "targets": {"acme": {"organization": "acme"}},
        "clusters": {"eu-1": {"inCluster": True}},
    }
)
AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {{id: a-{number:03}}}
spec:
  description: an agent
  install:
    cluster: eu-1
    namespace: {namespace}
    networkPolicy: true
    privateKey: {{secretName: key-{number}}}
"""
APART = "agents-{number:03}"
TOGETHER = "agents"


def declared(count: int, namespace: str) -> Declarations:
    texts = (
        AGENT.format(number=number, namespace=namespace.format(number=number)) for number in range(count)
    )
    files = {f"{number:03}.yaml": text.encode() for number, text in enumerate(texts)}
    return Loader(Limits(), inspect_public_key).load(Tree("memory", "", is_dirty=False, files=files))


def footprints(count: int, namespace: str) -> tuple[Footprint, ...]:
    return installations({"acme": declared(count, namespace)}, SETTINGS)


def live(body: JsonObject) -> JsonObject:
    """The object as it reads back, a Deployment after its rollout."""
    fields: JsonObject = {f"f:{name}": {} for name in body if name not in ("apiVersion", "kind", "metadata")}
    owner: JsonObject = {"manager": FIELD_MANAGER, "operation": "Apply", "fieldsV1": fields}
    status: JsonObject = {"updatedReplicas": 1, "replicas": 1, "availableReplicas": 1}
    return {
        **body,
        "metadata": {**metadata_of(body), "uid": "1", "managedFields": [owner]},
        **({"status": status} if body["kind"] == Kind.DEPLOYMENT else {}),
    }


def reading(footprints: Sequence[Footprint], *, is_applied: bool) -> ClusterReading:
    bodies = {key_of(body, PLACE): body for one in footprints for body in one.applied} if is_applied else {}
    secrets = {
        (entry.namespace, entry.name): SecretObject(entry.namespace, entry.name, frozenset((entry.entry,)))
        for one in footprints
        for entry in one.secrets
    }
    return ClusterReading(
        PLACE,
        "prod",
        "https://eu-1",
        {key: live(with_digest(body)) for key, body in bodies.items()},
        frozenset(CLUSTER_KINDS),
        secrets=secrets,
    )


def plan_of(found: ClusterReading, footprints: Sequence[Footprint]) -> TargetPlan:
    sight = cluster_sight(found, footprints)
    (plan,) = build([cluster_basis(SETTINGS, sight, NO_SAFEGUARDS, Absences())])
    cluster_state(sight, plan)
    return plan


@pytest.mark.parametrize("namespace", [APART, TOGETHER])
def test_footprints(namespace: str) -> None:
    def made(count: int) -> Callable[[], object]:
        files = {"acme": declared(count, namespace)}
        return lambda: installations(files, SETTINGS)

    assert_linear(made)


@pytest.mark.parametrize("namespace", [APART, TOGETHER])
@pytest.mark.parametrize("is_applied", [True, False])
def test_the_plan_of_a_cluster(namespace: str, *, is_applied: bool) -> None:
    def made(count: int) -> Callable[[], object]:
        found = footprints(count, namespace)
        seen = reading(found, is_applied=is_applied)
        assert bool(plan_of(seen, found).actions) is not is_applied
        return lambda: plan_of(seen, found)

    assert_linear(made)


@pytest.mark.parametrize("namespace", [APART, TOGETHER])
@pytest.mark.parametrize("verb", [Verb.CREATE, Verb.DELETE])
def test_the_order_of_objects_on_a_cluster(namespace: str, verb: Verb) -> None:
    def action(kind: Kind, identifier: str, installation: str) -> Action:
        document: JsonObject = {"metadata": {"annotations": {INSTALLATION_ANNOTATION: installation}}}
        resource = Resource(ResourceKey(PLACE, kind, identifier), document)
        if verb is Verb.DELETE:
            return Action(verb, resource.key, Change(resource.key, Group.PRUNE, live=resource))
        return Action(verb, resource.key, Change(resource.key, Group.CREATION, desired=resource))

    def made(count: int) -> Callable[[], object]:
        actions = {}
        for number in range(count):
            space = namespace.format(number=number)
            actions[space] = action(Kind.NAMESPACE, space, "")
            for kind in (Kind.CONFIG_MAP, Kind.DEPLOYMENT):
                actions[f"{kind} {number}"] = action(kind, f"{space}/a-{number}", f"Agent/a-{number}")
            if namespace == APART:  # every binding of a namespace follows every role there
                for kind in (Kind.ROLE, Kind.ROLE_BINDING):
                    actions[f"{kind} {number}"] = action(kind, f"{space}/a-{number}", f"Agent/a-{number}")
        return lambda: list(installation_edges(tuple(actions.values())))

    assert_linear(made)


def test_what_rules_ask_of_a_cluster() -> None:
    def made(count: int) -> Callable[[], object]:
        spaces = [f"agents-{number}" for number in range(count)]
        state = ClusterState(
            tuple(ClusterObject("apps/v1", "Deployment", space, "agent", {}) for space in spaces),
            tuple(SecretObject(space, "key", frozenset()) for space in spaces),
            frozenset(("apps/v1 Deployment",)),
        )

        def ask() -> None:
            for space in spaces:
                state.of("apps/v1", "Deployment")
                state.secret(space, "key")
                state.has_read_secret(space, "key")

        return ask

    assert_linear(made)
