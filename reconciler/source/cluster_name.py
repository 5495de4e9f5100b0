"""Clusters that documents name and the settings do not have: a misspelt one would silently get nothing."""

from collections.abc import Collection, Iterator

from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding, sort_findings
from reconciler.model.identifier import intended_cluster
from reconciler.model.origin import Origin
from reconciler.model.reading_rule import concern
from reconciler.source.quoted import quoted


def misspelt_clusters(declarations: Declarations, clusters: Collection[str]) -> tuple[Finding, ...]:
    """Findings for names of clusters that are almost one of the settings (F16).

    Others are left alone: documents may name clusters that somebody else applies to.
    """
    if not clusters:
        return ()
    findings = []
    for name, place in _named(declarations):
        meant = "" if name in clusters else intended_cluster(name, clusters)
        if meant:
            findings.append(
                concern(
                    "F16",
                    f"the cluster {quoted(name)} is not in the settings",
                    place,
                    advice=f"did you mean `{meant}`? If not, add `clusters.{name}` to the settings",
                )
            )
    return sort_findings(findings)


def _named(declarations: Declarations) -> Iterator[tuple[str, Origin]]:
    """Every name of a cluster in a document, with its place."""
    for agent in declarations.agents:
        spec = agent.document.spec
        if spec.install is not None and spec.install.cluster is not None:
            yield spec.install.cluster, agent.origin(("spec", "install", "cluster"))
        for index, install in enumerate(spec.moreInstalls or ()):
            if install.cluster is not None:
                yield install.cluster, agent.origin(("spec", "moreInstalls", index, "cluster"))
    for runner in declarations.runners:
        placed = runner.document.spec.install
        if placed is not None and placed.cluster is not None:
            yield placed.cluster, runner.origin(("spec", "install", "cluster"))
    for key in declarations.keys:
        source = key.document.spec.privateKey
        if source is not None and source.cluster is not None:
            yield source.cluster, key.origin(("spec", "privateKey", "cluster"))
    for operator in declarations.operators:
        yield operator.document.spec.cluster, operator.origin(("spec", "cluster"))
    for store in declarations.secret_stores:
        for index, entry in enumerate(store.document.spec.clusters or ()):
            yield entry.cluster, store.origin(("spec", "clusters", index, "cluster"))
