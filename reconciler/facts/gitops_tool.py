"""Argo CD and Flux objects in the tree: the repository and path that they apply to a cluster.

Facts from the tools' own references: Argo CD `Application` and `ApplicationSet`, Flux
`Kustomization` and `GitRepository`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.facts.definition import dig
from reconciler.facts.git_target import GitTarget, parse_url, segments
from reconciler.facts.manifest import is_object
from reconciler.facts.pattern import could_be
from reconciler.facts.template import Given
from reconciler.model.declaration import Foreign
from reconciler.model.json import Json, JsonObject, Path
from reconciler.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Sync:
    """One path with which a tool keeps a cluster in sync.

    `repository` is host and path, None if the tree does not say. `namespace` is the one that the
    tool sets, "" if the manifests decide.
    """

    name: str
    repository: str | None
    directory: str
    prunes: bool
    namespace: str
    document: Foreign
    prune_path: Path
    namespace_path: Path

    @property
    def prune_origin(self) -> Origin:
        """Place of the prune switch."""
        return self.document.origin(self.prune_path)

    @property
    def namespace_origin(self) -> Origin:
        """Place of the namespace."""
        return self.document.origin(self.namespace_path)

    def brings(self, target: GitTarget) -> bool | None:
        """Whether the tool applies what a Git target writes; None if that is not known."""
        if (
            target.url.given is Given.COMPUTED
            or target.directory.given is Given.COMPUTED
            or self.repository is None
        ):
            return None
        url = target.git_url
        if url is None or not could_be(url.name, self.repository):
            return False
        pairs = zip(segments(target.directory.text), segments(self.directory), strict=False)
        return all(could_be(written, read) for written, read in pairs)


def syncs(documents: Iterable[Foreign]) -> Iterator[Sync]:
    """What the tools are configured to apply."""
    documents = tuple(documents)
    repositories = {
        _name(document): url
        for document in documents
        if is_object(document, "source.toolkit.fluxcd.io/", "GitRepository")
        and isinstance(url := dig(document.raw, "spec", "url"), str)
    }
    for document in documents:
        if is_object(document, "argoproj.io/", "Application"):
            yield from _application(document, ("spec",))
        elif is_object(document, "argoproj.io/", "ApplicationSet"):
            yield from _application(document, ("spec", "template", "spec"))
        elif is_object(document, "kustomize.toolkit.fluxcd.io/", "Kustomization"):
            yield from _kustomization(document, repositories)


def _name(document: Foreign) -> tuple[str, str]:
    return (
        _text(dig(document.raw, "metadata", "namespace")),
        _text(dig(document.raw, "metadata", "name")),
    )


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _application(document: Foreign, at: tuple[str, ...]) -> Iterator[Sync]:
    spec = dig(document.raw, *at)
    if not isinstance(spec, dict):
        return
    for source in _sources(spec):
        repository = parse_url(_text(source.get("repoURL")))
        yield Sync(
            name=f"{document.raw['kind']} {_name(document)[1]}",
            repository=None if repository is None else repository.name,
            directory=_text(source.get("path")),
            prunes=dig(spec, "syncPolicy", "automated", "prune") is True,
            namespace=_text(dig(spec, "destination", "namespace")),
            document=document,
            prune_path=(*at, "syncPolicy", "automated", "prune"),
            namespace_path=(*at, "destination", "namespace"),
        )


def _sources(spec: JsonObject) -> Iterator[JsonObject]:
    several = spec.get("sources")
    for source in [spec.get("source"), *(several if isinstance(several, list) else ())]:
        if isinstance(source, dict):
            yield source


def _kustomization(document: Foreign, repositories: dict[tuple[str, str], str]) -> Iterator[Sync]:
    spec = document.raw.get("spec")
    reference = dig(spec, "sourceRef")
    if not isinstance(reference, dict) or reference.get("kind") != "GitRepository":
        return
    namespace = _text(reference.get("namespace")) or _name(document)[0]
    url = repositories.get((namespace, _text(reference.get("name"))))
    repository = None if url is None else parse_url(url)
    yield Sync(
        name=f"Kustomization {_name(document)[1]}",
        repository=None if repository is None else repository.name,
        directory=_text(dig(spec, "path")),
        prunes=dig(spec, "prune") is True,
        namespace=_text(dig(spec, "targetNamespace")),
        document=document,
        prune_path=("spec", "prune"),
        namespace_path=("spec", "targetNamespace"),
    )
