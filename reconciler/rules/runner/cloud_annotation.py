"""Cloud identity annotations on the ServiceAccounts of runners and Operators, a part of R107."""

from collections.abc import Iterator

from reconciler.facts.definition import dig
from reconciler.facts.installed import InstalledRunner
from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.runner_installation import identity_annotation
from reconciler.model.finding import Severity
from reconciler.model.json import Json, JsonObject
from reconciler.model.origin import Origin
from reconciler.rules.rule import Answer
from reconciler.rules.subject import Subject
from reconciler.vendor.cloud import CLOUDS

_ANNOTATIONS = ("serviceAccount", "annotations")


def runner_is_annotated_for_its_cloud(subject: Subject[InstalledRunner]) -> Iterator[Answer]:
    """Findings for the chart values of a runner, and for its identity."""
    install, path = subject.fact.install, ("helmValues", *_ANNOTATIONS)
    found = dig(install.helmValues, *_ANNOTATIONS)
    yield from _of_its_cloud(subject, install.cluster, found, subject.fact.origin(path))
    identity = identity_annotation(install)
    if identity is not None:
        _, annotation, value = identity
        yield from _of_its_cloud(
            subject, install.cluster, {annotation: value}, subject.fact.origin(("identity",))
        )


def operator_is_annotated_for_its_cloud(subject: Subject[DeclaredOperator]) -> Iterator[Answer]:
    """Findings for the chart values of an Operator, and for its annotations."""
    spec, path = subject.fact.document.spec, ("controllerManager", *_ANNOTATIONS)
    place = subject.fact.origin(("spec", "helmValues", *path))
    yield from _of_its_cloud(subject, spec.cluster, dig(spec.helmValues, *path), place)
    own: JsonObject = {**(spec.serviceAccountAnnotations or {})}
    at = subject.fact.origin(("spec", "serviceAccountAnnotations"))
    yield from _of_its_cloud(subject, spec.cluster, own, at)


def _of_its_cloud(
    subject: Subject[InstalledRunner] | Subject[DeclaredOperator],
    cluster: str | None,
    annotations: Json,
    place: Origin,
) -> Iterator[Answer]:
    given = annotations if isinstance(annotations, dict) else {}
    clouds = {
        name: platform
        for name in given
        for platform, cloud in CLOUDS.items()
        if name.startswith(cloud.prefix)
    }
    if not clouds:
        return
    platform = subject.seen.platform(cluster)
    for name, meant in clouds.items():
        if platform in CLOUDS and platform != meant:
            yield subject.says(
                f"Annotation `{name}` of {subject.name} is for `{meant}`, but cluster `{cluster}` runs on "
                f"`{platform}`, which does not act on it",
                at=place,
                advice=f"Use the annotation of `{platform}`, or correct `clusters.{cluster}.platform`.",
                severity=Severity.WARNING,
            )
