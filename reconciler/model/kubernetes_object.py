"""Objects of a Kubernetes cluster in the form of its API."""

from reconciler.model.identity import ResourceKey
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import CLUSTER_KINDS, FACTS, Kind, type_name
from reconciler.model.place import Place
from reconciler.vendor import operator

FIELD_MANAGER = "reconciler"
"""The manager of every field that is applied."""
INSTANCE_LABEL = "reconciler/instance"
"""Label of everything that an instance owns, with the name of the instance (`Settings.instance`)."""
INSTALLATION_ANNOTATION = "reconciler/installation"
"""Annotation with the document that an object belongs to, such as `Agent/eu-1`."""
OPERATOR_INSTALLATIONS = "Operator/"
"""How that annotation begins on objects of Operators."""
FINGERPRINT_ANNOTATION = "reconciler/key-fingerprint"
"""Annotation of a pod template: the fingerprint of the mounted key, so that another key restarts the pods (R42)."""
CREATED_ANNOTATION = "reconciler/key-created-at"
"""Annotation of a Secret: a JSON object with the time at which the key in each entry was made here."""
CONFIGURATION_ANNOTATION = "reconciler/configuration"
"""Annotation of a pod template: a digest of the variables in its ConfigMap, which pods read only when they start."""
DEFAULT_STORE_LABEL = operator.DEFAULT_STORE_LABEL
"""Label of the custom resource of the store that an Operator writes to, with the text `true`."""
PROBE_LABEL = "reconciler/probe"
"""Label of pods that `doctor --probe` creates next to those of an Agent, whose other labels they share."""
PROBE_PREFIX = "reconciler-probe-"
"""How the names of these pods begin."""
PROBE_IMAGE = "busybox:1.37"
"""Image of these pods: it has a shell and `nc`."""

_BY_TYPE = {(FACTS[kind].api_version, type_name(kind)): kind for kind in CLUSTER_KINDS}


def kind_of(body: JsonObject) -> Kind | None:
    """The kind of an object; None if nothing is known about it."""
    return _BY_TYPE.get((str(body.get("apiVersion")), str(body.get("kind"))))


def metadata_of(body: JsonObject) -> JsonObject:
    """`metadata` of an object, {} if it has none."""
    found = body.get("metadata")
    return found if isinstance(found, dict) else {}


def key_of(body: JsonObject, place: Place) -> ResourceKey:
    """Key of an object on a cluster. Raises ValueError for a kind about which nothing is known."""
    kind = kind_of(body)
    if kind is None:
        raise ValueError(f"unknown kind {body.get('apiVersion')} {body.get('kind')}")
    metadata = metadata_of(body)
    name = str(metadata.get("name", ""))
    return ResourceKey(
        place, kind, f"{metadata.get('namespace', '')}/{name}" if FACTS[kind].is_namespaced else name
    )


def namespace_and_name(key: ResourceKey) -> tuple[str, str]:
    """Namespace, "" if the kind has none, and name of an object on a cluster."""
    if key.kind is Kind.PRIVATE_KEY:  # an entry of a Secret
        namespace, name, _ = key.id.split("/")
        return namespace, name
    namespace, _, name = key.id.rpartition("/")
    return namespace, name


def text_of(body: JsonObject, member: str, name: str) -> str:
    """A label (`member` is `labels`) or annotation (`annotations`) of an object, "" if it has none."""
    found: Json = metadata_of(body).get(member)
    value = found.get(name) if isinstance(found, dict) else None
    return value if isinstance(value, str) else ""
