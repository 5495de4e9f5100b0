"""What several installations of one cluster have in common: namespaces, accounts of jobs; and what they must not."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.footprint.metadata import NAME_LABEL, PART_LABEL
from reconciler.footprint.value import Footprint, SecretEntry
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import INSTALLATION_ANNOTATION, metadata_of

_SHARED = (Kind.SERVICE_ACCOUNT, Kind.ROLE, Kind.ROLE_BINDING)
"""Kinds of objects that several runners may declare alike, for jobs that run under one account."""
_OF_ONE = (NAME_LABEL, PART_LABEL)
"""Labels that say which product a namespace is for; one that is for several has none of them."""
_Name = tuple[str, str, str]


def apart(footprints: Sequence[Footprint]) -> tuple[Footprint, ...]:
    """The footprints of one cluster with every object in exactly one of them, except namespaces, which are equal.

    An object that two declare alike stays with the first; one that they declare differently refuses the second.
    """
    labels, found = _labels_of_namespaces(footprints)
    owners: dict[_Name, tuple[str, JsonObject]] = {}
    mounted: dict[SecretEntry, str] = {}
    result = []
    for one in found:
        problem = _second_of_secret(one, mounted) or _second_of_object(one, owners)
        if problem:
            result.append(one.refused(problem))
            continue
        mounted.update((entry, one.installation) for entry in one.secrets)
        kept = tuple(
            _with_labels(body, labels)
            for body in one.objects
            if body["kind"] == Kind.NAMESPACE or _name_of(body) not in owners
        )
        documents = tuple(_with_labels(body, labels) for body in one.documents)
        owners.update((_name_of(body), (one.installation, body)) for body in (*kept, *documents))
        result.append(replace(one, objects=kept, documents=documents))
    return tuple(result)


def _second_of_secret(one: Footprint, mounted: dict[SecretEntry, str]) -> str:
    """Why an installation cannot have its Secret: each product has its own key; replicas of one are `replicas`."""
    for entry in one.secrets:
        other = mounted.get(entry)
        if other is not None and other != one.installation:
            return (
                f"{other} reads its private key from Secret `{entry.namespace}/{entry.name}` as well; name another one "
                "in `privateKey.secretName`"
            )
    return ""


def _second_of_object(one: Footprint, owners: dict[_Name, tuple[str, JsonObject]]) -> str:
    for body in (*one.objects, *one.documents):
        kind, namespace, name = _name_of(body)
        owner, other = owners.get((kind, namespace, name), ("", body))
        if not owner or kind == Kind.NAMESPACE:
            continue
        if owner == one.installation and one.workload is None:
            return f"another document declares it in namespace `{namespace}`; give one of them another id"
        if owner == one.installation:
            return f"it is declared twice in namespace `{namespace}`; set `replicas` instead"
        if kind not in _SHARED or _content(other) != _content(body):
            return (
                f"{owner} declares another {kind} `{namespace}/{name}`; use another name or another namespace"
            )
    return ""


def _content(body: JsonObject) -> JsonObject:
    """An object without what tells the installations apart."""
    metadata = dict(metadata_of(body))
    for member, names in (("labels", _OF_ONE), ("annotations", (INSTALLATION_ANNOTATION,))):
        given = metadata.get(member)
        if isinstance(given, dict):
            metadata[member] = {name: text for name, text in given.items() if name not in names}
    return {**body, "metadata": metadata}


def _labels_of_namespaces(
    footprints: Iterable[Footprint],
) -> tuple[dict[str, JsonObject], list[Footprint]]:
    """Labels of each namespace from all that declare it, and the footprints, refused if they contradict others."""
    labels: dict[str, JsonObject] = {}
    found = []
    for one in footprints:
        spaces = [body for body in (*one.objects, *one.documents) if body["kind"] == Kind.NAMESPACE]
        problem = next(filter(None, (_contradiction(body, labels) for body in spaces)), "")
        found.append(one.refused(problem) if problem else one)
        for body in () if problem else spaces:
            name, given = _name_of(body)[2], _labels(body)
            known = labels.setdefault(name, given)
            is_for_one = all(known.get(label) == given.get(label) for label in _OF_ONE)
            merged = {**known, **given}
            labels[name] = merged if is_for_one else {n: v for n, v in merged.items() if n not in _OF_ONE}
    return labels, found


def _contradiction(body: JsonObject, labels: dict[str, JsonObject]) -> str:
    name = _name_of(body)[2]
    known = labels.get(name, {})
    for label, value in _labels(body).items():
        if label not in _OF_ONE and known.get(label, value) != value:
            return (
                f"another installation sets label `{label}` of namespace `{name}` to `{known[label]}`, and this one to "
                f"`{value}`; use the same in `namespaceLabels`"
            )
    return ""


def _with_labels(body: JsonObject, labels: dict[str, JsonObject]) -> JsonObject:
    if body["kind"] != Kind.NAMESPACE:
        return body
    return {**body, "metadata": {**metadata_of(body), "labels": labels[_name_of(body)[2]]}}


def _labels(body: JsonObject) -> JsonObject:
    found = metadata_of(body).get("labels")
    return found if isinstance(found, dict) else {}


def _name_of(body: JsonObject) -> _Name:
    metadata = metadata_of(body)
    return str(body["kind"]), str(metadata.get("namespace", "")), str(metadata["name"])
