"""Names, labels and annotations of everything that is rendered."""

import hashlib
from collections.abc import Mapping

from reconciler.footprint.value import Site
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import FACTS, Kind, type_name
from reconciler.model.kubernetes_object import INSTALLATION_ANNOTATION, INSTANCE_LABEL
from reconciler.vendor.kubernetes_name import BUILT_IN_NAMESPACES

NAME_LABEL = "app.kubernetes.io/name"
PART_LABEL = "app.kubernetes.io/instance"
MANAGER_LABEL = "app.kubernetes.io/managed-by"
_MANAGER = "reconciler"
_LONGEST = 48
"""Leaves room for suffixes within the 63 characters of a label."""


def derived_name(base: str, identifier: str) -> str:
    """Name for one of several installations that would otherwise have the same names.

    Ids can contain what names cannot, and can be too long: a digest then keeps the names different.

    >>> derived_name("humanitec-agent", "eu-1"), derived_name("runner", "a_b")
    ('humanitec-agent-eu-1', 'runner-a-b-648fa9b3')
    """
    name = f"{base}-{identifier}"
    usable = name.replace("_", "-").strip("-")
    if usable == name and len(name) <= _LONGEST:
        return name
    digest = hashlib.sha256(identifier.encode()).hexdigest()[:8]
    return f"{usable[: _LONGEST - 9].rstrip('-')}-{digest}"


def selector(product: str, site: Site) -> JsonObject:
    """The labels of pods, which are also those that the vendor's manifests put on every object."""
    return {NAME_LABEL: product, PART_LABEL: site.name}


def owned(kind: Kind, name: str, namespace: str, labels: Mapping[str, Json], site: Site) -> JsonObject:
    """The beginning of an object: type and metadata, as belonging to one installation."""
    return {
        "apiVersion": FACTS[kind].api_version,
        "kind": type_name(kind),
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {**labels, MANAGER_LABEL: _MANAGER, INSTANCE_LABEL: site.instance},
            "annotations": {INSTALLATION_ANNOTATION: site.installation},
        },
    }


def namespaces(names: tuple[str, ...], labels: Mapping[str, str], site: Site) -> list[JsonObject]:
    """Namespaces, each once and without those that every cluster has.

    They name no installation, since several can share them.
    """
    return [
        {
            "apiVersion": FACTS[Kind.NAMESPACE].api_version,
            "kind": str(Kind.NAMESPACE),
            "metadata": {
                "name": name,
                "labels": {**labels, MANAGER_LABEL: _MANAGER, INSTANCE_LABEL: site.instance},
            },
        }
        for name in dict.fromkeys(names)
        if name not in BUILT_IN_NAMESPACES
    ]
