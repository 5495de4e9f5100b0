"""The objects of a cluster as files of a folder that `kubectl apply -k`, Flux and Argo CD read.

One file for each object, in the order in which the objects are created, and a `kustomization.yaml` that lists them.
"""

from collections.abc import Iterable, Mapping

from reconciler.footprint.value import Footprint
from reconciler.footprint.yaml_text import to_yaml
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import CLUSTER_KINDS, Kind, type_name
from reconciler.model.kubernetes_object import metadata_of

INDEX = "kustomization.yaml"
_STEP = 10
"""Numbers of files leave gaps, so that a further kind moves none of them."""
_NUMBERS = {type_name(kind): index * _STEP for index, kind in enumerate(CLUSTER_KINDS)} | {
    type_name(Kind.STORE_RESOURCE): 95
}
_LAST = 99


def folder(footprints: Iterable[Footprint]) -> Mapping[str, str]:
    """Text of each file by its name, sorted; {} if there is no object.

    A namespace that several installations share is one file. Nothing here depends on anything but the objects, so that
    equal documents make equal files.
    """
    bodies = [body for one in footprints for body in (*one.objects, *one.documents)]
    files = {file_name(body): to_yaml(body) for body in bodies}
    if not files:
        return {}
    return {**dict(sorted(files.items())), INDEX: index_text(files)}


def index_text(names: Iterable[str]) -> str:
    """Text of the file that lists the others."""
    document: JsonObject = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "resources": list[Json](sorted(names)),
    }
    return to_yaml(document)


def file_name(body: JsonObject) -> str:
    """Name of an object's file. A namespace contains no dot, so the first one ends it and names cannot collide.

    >>> file_name({"kind": "Namespace", "metadata": {"name": "humanitec-agent"}})
    '00-namespace-humanitec-agent.yaml'
    """
    kind, metadata = str(body.get("kind")), metadata_of(body)
    number = _NUMBERS.get(kind, _LAST)
    namespace, name = metadata.get("namespace"), metadata.get("name")
    return f"{number:02}-{kind.lower()}-{f'{namespace}.' if namespace else ''}{name}.yaml"
