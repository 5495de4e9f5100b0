"""Live states and cluster states from YAML, in the form of the rules' examples.

Live: answers of the API by collection, `keys` by agent:

    definitions: [{id: …, type: …, driver_type: …, criteria: […]}]
    agents: [{id: eu-1}]
    keys: {eu-1: [{fingerprint: …, expired_at: …, is_authorized: true}]}
    runners, rules: […]                                     # v2
    stores, operator_keys, accounts, drivers: […]           # not read where left out
    resource_types, environment_types, applications: [s3]   # names; not read where left out
    projects, runner_environment_types: [shop]              # the same, of v2
    unread: [Agent]                                         # kinds that could not be read

Clusters: by name, manifests as an API server returns them; a `Secret` contains facts, never data:

    eu-1:
      objects: [{apiVersion: apps/v1, kind: Deployment, metadata: {…}}]
      secrets:
        - {namespace: a, name: b, entries: [private_key],
           private_keys: {private_key: {fingerprint: …, algorithm: RSA, bits: 4096, is_encrypted: false}}}
      complete: [apps/v1 Deployment, v1 Secret]             # kinds read to the end; all kinds if left out
"""

from collections.abc import Callable, Iterable, Mapping
from textwrap import dedent
from typing import Any, TypeVar

from reconciler.model.cluster_state import ClusterObject, ClusterState, PrivateKey, SecretObject
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.state import State
from reconciler.model.surroundings import Surroundings
from reconciler.orchestrator import operator_key, secret_store, surroundings, wire_v1, wire_v2
from reconciler.settings import Limits
from reconciler.source.yaml_text import parse_yaml

T = TypeVar("T")
PLACE = organization("acme")
_EVERY_KIND = frozenset(
    {
        "v1 Secret",
        "v1 Namespace",
        "v1 Pod",
        "v1 ConfigMap",
        "apps/v1 Deployment",
        "autoscaling/v2 HorizontalPodAutoscaler",
        "networking.k8s.io/v1 NetworkPolicy",
        "apiextensions.k8s.io/v1 CustomResourceDefinition",
        "argoproj.io/v1alpha1 Application",
        "kustomize.toolkit.fluxcd.io/v1 Kustomization",
        *(
            f"humanitec.io/v1alpha1 {kind}"
            for kind in ("SecretStore", "SecretMapping", "Resource", "Workload", "WorkloadPatch")
        ),
    }
)


def _parsed(text: str) -> dict[str, Any]:
    parsed = parse_yaml(dedent(text).encode(), "observed.yaml", Limits())
    assert parsed.failure is None, parsed.failure
    value = parsed.documents[0].value
    assert isinstance(value, dict)
    return value


def live_from(text: str) -> State:
    """The live state that the YAML describes; kinds it does not mention are empty and complete."""
    given = _parsed(text)
    resources = [
        *(wire_v1.definition(body, PLACE) for body in given.get("definitions", ())),
        *(wire_v1.agent(body, PLACE) for body in given.get("agents", ())),
        *(
            wire_v1.key({"public_key": "PEM", **body}, PLACE, agent)
            for agent, bodies in given.get("keys", {}).items()
            for body in bodies
        ),
        *(wire_v2.runner(body, PLACE) for body in given.get("runners", ())),
        *(wire_v2.rule(body, PLACE) for body in given.get("rules", ())),
    ]
    unmanaged = Surroundings(
        stores=_all(given, "stores", secret_store.parsed),
        operator_keys=_all(given, "operator_keys", operator_key.parsed),
        accounts=_mapped(_all(given, "accounts", surroundings.account)),
        drivers=_mapped((driver.name, driver) for driver in found)
        if (found := _all(given, "drivers", surroundings.driver)) is not None
        else None,
        resource_types=_names(given, "resource_types"),
        environment_types=_names(given, "environment_types"),
        applications=_names(given, "applications"),
        projects=_names(given, "projects"),
        runner_environment_types=_names(given, "runner_environment_types"),
    )
    unread = {Kind(kind) for kind in given.get("unread", ())}
    return State({resource.key: resource for resource in resources}, frozenset(Kind) - unread, unmanaged)


def _all(given: dict[str, Any], name: str, parse: Callable[[Any], T]) -> tuple[T, ...] | None:
    return tuple(parse(body) for body in given[name]) if name in given else None


def _names(given: dict[str, Any], name: str) -> frozenset[str] | None:
    return frozenset(given[name]) if name in given else None


def _mapped(pairs: Iterable[tuple[str, T]] | None) -> Mapping[str, T] | None:
    return None if pairs is None else dict(pairs)


def clusters_from(text: str) -> dict[str, ClusterState]:
    """The states of the clusters that the YAML describes."""
    return {name: _cluster(given or {}) for name, given in _parsed(text).items()}


def _cluster(given: dict[str, Any]) -> ClusterState:
    return ClusterState(
        objects=tuple(_object(body) for body in given.get("objects", ())),
        secrets=tuple(
            SecretObject(
                namespace=body["namespace"],
                name=body["name"],
                entries=frozenset(body.get("entries", ())),
                private_keys={
                    entry: PrivateKey(**facts) for entry, facts in body.get("private_keys", {}).items()
                },
            )
            for body in given.get("secrets", ())
        ),
        complete=frozenset(given["complete"]) if "complete" in given else _EVERY_KIND,
    )


def _object(body: dict[str, Any]) -> ClusterObject:
    metadata = body["metadata"]
    return ClusterObject(
        body["apiVersion"], body["kind"], metadata.get("namespace", ""), metadata["name"], body
    )
