"""A chart as an Application of Argo CD (Argo CD documentation: Helm, Application specification)."""

from reconciler.footprint.helm import KEY_VALUE, Release
from reconciler.footprint.metadata import MANAGER_LABEL
from reconciler.footprint.value import Site
from reconciler.model.json import JsonObject
from reconciler.model.kind import FACTS, Kind
from reconciler.model.kubernetes_object import INSTALLATION_ANNOTATION, INSTANCE_LABEL

NAMESPACE = "argocd"
_SAME_CLUSTER = "https://kubernetes.default.svc"
_SCHEME = "oci://"


def argo_documents(release: Release, site: Site) -> tuple[JsonObject, ...] | str:
    """Namespaces and Application, or why there are none. The Application is for an Argo CD on the same cluster."""
    if not release.version:
        return "Argo CD installs a fixed version of the chart; set `chartVersion`"
    if release.takes_key:
        return (
            f"the chart takes the private key as a value (`{'.'.join(KEY_VALUE)}`), and Argo CD reads values from Git "
            "alone; use `delivery: directory`, or Flux"
        )
    location, _, chart = release.chart.removeprefix(_SCHEME).rpartition("/")
    application: JsonObject = {
        "apiVersion": FACTS[Kind.APPLICATION].api_version,
        "kind": str(Kind.APPLICATION),
        "metadata": {
            "name": release.name,
            "namespace": NAMESPACE,
            "labels": {MANAGER_LABEL: "reconciler", INSTANCE_LABEL: site.instance},
            "annotations": {INSTALLATION_ANNOTATION: site.installation},
            # Without it, Argo CD leaves everything behind when the Application is deleted.
            "finalizers": ["resources-finalizer.argocd.argoproj.io"],
        },
        "spec": {
            "project": "default",
            # Argo CD names registries without a scheme.
            "source": {
                "repoURL": location,
                "chart": chart,
                "targetRevision": release.version,
                "helm": {"releaseName": release.name, "valuesObject": release.values},
            },
            "destination": {"server": _SAME_CLUSTER, "namespace": release.namespace},
            "syncPolicy": {"automated": {"prune": True, "selfHeal": True}},
        },
    }
    return (*release.namespaces, application)
