"""Secret stores as custom resources of the Operator (agent and operator 3.4), from the document of both sides.

Credentials are only referred to: who may read a custom resource sees all of it.
"""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.facts.delivery import Delivery
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.placed_store import WITHOUT_CREDENTIALS, PlacedStore, secret_references, values_in
from reconciler.facts.store_block import blocks_of, on_cluster
from reconciler.footprint.metadata import owned
from reconciler.footprint.value import Footprint, SecretEntry, Site
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.settings import Cluster
from reconciler.vendor.kubernetes_name import ENTRY, LABEL, SUBDOMAIN
from reconciler.vendor.operator import DEFAULT_STORE_LABEL

_NO_IDENTITY = "kubernetes"
"""The kind of store that has no `auth`: it is the cluster itself."""


def store_delivery(cluster: Cluster | None) -> Delivery:
    """How the custom resources of a cluster reach it: as everything else that is no chart."""
    if cluster is None:
        return Delivery.NONE
    if cluster.directory is not None:
        return Delivery.DIRECTORY
    return Delivery.KUBERNETES if cluster.kubeconfig is not None or cluster.inCluster else Delivery.NONE


def store_footprint(placed: PlacedStore, site: Site) -> Footprint:
    """The custom resource of a store on one cluster."""
    credentials = tuple(
        SecretEntry(placed.namespace, name, entry) for _, name, entry in secret_references(placed.auth)
    )
    found = Footprint(
        site.installation,
        site.cluster,
        site.delivery,
        placed.origin(),
        credentials=credentials,
        organizations=site.organizations,
    )
    problem = _problem(placed, credentials)
    if problem:
        return found.refused(problem)
    # R82 reports documents with another number of them.
    ((kind, block),) = blocks_of(placed.store.document.spec).items()
    labels = {DEFAULT_STORE_LABEL: "true"} if placed.is_default else {}
    body = owned(Kind.STORE_RESOURCE, placed.id, placed.namespace, labels, site)
    return replace(found, objects=({**body, "spec": {kind: _block(kind, block, placed)}},))


def _block(kind: str, block: Mapping[str, Json], placed: PlacedStore) -> JsonObject:
    fields: JsonObject = {**on_cluster(kind, dict(block)), **(placed.differing or {})}
    if kind == _NO_IDENTITY:
        return fields
    auth = placed.auth
    if auth is None and kind in WITHOUT_CREDENTIALS:
        auth = {}
    return fields if auth is None else {**fields, "auth": auth}


def _problem(placed: PlacedStore, credentials: tuple[SecretEntry, ...]) -> str:
    """Why there is no custom resource, "" if there is one."""
    if len(blocks_of(placed.store.document.spec)) != 1:
        return "it needs exactly one kind of store"
    value = next(values_in(placed.auth), None)
    if value is not None:
        return (
            f"`auth.{'.'.join(value)}` is a value, which everybody would see who may read the custom resource; keep it "
            "in a Secret, and name that in a field that ends with `SecretRef`"
        )
    texts = [("namespace", placed.namespace, LABEL), ("metadata.id", placed.id, SUBDOMAIN)]
    for one in credentials:
        texts += [("auth", one.name, SUBDOMAIN), *((("auth", one.entry, ENTRY),) if one.entry else ())]
    for field, text, limit in texts:
        if is_filled_in(text):
            return f"`{field}` is filled in by another tool"
        if limit.problem(text):
            return f"`{field}` {limit.problem(text)}"
    return ""
