"""A chart as the documents of Flux (Flux documentation: OCIRepository, HelmRelease with `chartRef`)."""

from reconciler.footprint.helm import KEY_VALUE, Release
from reconciler.footprint.metadata import MANAGER_LABEL
from reconciler.footprint.value import Site
from reconciler.model.json import JsonObject
from reconciler.model.kind import FACTS, Kind
from reconciler.model.kubernetes_object import INSTALLATION_ANNOTATION, INSTANCE_LABEL

_INTERVAL = "10m"
_CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
"""The layer of an artifact that contains the chart (Helm, registries)."""


def flux_documents(release: Release, site: Site, wait_s: int) -> tuple[JsonObject, ...] | str:
    """Namespaces, OCIRepository and HelmRelease, or why there are none.

    An Agent's key comes from a Secret next to the HelmRelease (`valuesFrom`), so no file contains it.
    """
    if not release.version:
        return "Flux installs a fixed version of the chart; set `chartVersion`"
    if release.takes_key and release.key is None:
        return (
            "the chart takes the private key as a value; name the Secret with it in `privateKey.secretName`"
        )
    repository: JsonObject = {
        "apiVersion": FACTS[Kind.OCI_REPOSITORY].api_version,
        "kind": str(Kind.OCI_REPOSITORY),
        "metadata": _metadata(release, site),
        "spec": {
            "interval": _INTERVAL,
            "url": release.chart,
            "ref": {"tag": release.version},
            "layerSelector": {"mediaType": _CHART_LAYER, "operation": "copy"},
            **({"secretRef": {"name": release.pull_secret}} if release.pull_secret else {}),
        },
    }
    spec: JsonObject = {
        "interval": _INTERVAL,
        "timeout": f"{wait_s}s",
        "releaseName": release.name,
        "chartRef": {"kind": "OCIRepository", "name": release.name},
        "values": release.values,
    }
    if release.takes_key and release.key is not None:
        spec["valuesFrom"] = [
            {
                "kind": "Secret",
                "name": release.key.name,
                "valuesKey": release.key.entry,
                "targetPath": ".".join(KEY_VALUE),
            }
        ]
    if release.brings_kinds:
        # Helm itself never changes kinds that it has installed (Helm documentation, Custom Resource Definitions).
        spec |= {"install": {"crds": "Create"}, "upgrade": {"crds": "CreateReplace"}}
    helm: JsonObject = {
        "apiVersion": FACTS[Kind.HELM_RELEASE].api_version,
        "kind": str(Kind.HELM_RELEASE),
        "metadata": _metadata(release, site),
        "spec": spec,
    }
    return (*release.namespaces, repository, helm)


def _metadata(release: Release, site: Site) -> JsonObject:
    return {
        "name": release.name,
        "namespace": release.namespace,
        "labels": {MANAGER_LABEL: "reconciler", INSTANCE_LABEL: site.instance},
        "annotations": {INSTALLATION_ANNOTATION: site.installation},
    }
