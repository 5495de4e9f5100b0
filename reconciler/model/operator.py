"""Humanitec Operators: one on each cluster that runs in mode `direct` or `gitops` (agent and operator 3)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from reconciler.model.document import Frozen, Items, OwnDocument
from reconciler.model.installation import ClusterName, Labels, Registry, Resources, WaitSeconds
from reconciler.model.json import JsonObject
from reconciler.vendor import operator

DRIVER_KEY_SECRET = operator.KEY_SECRET
OPERATOR_NAMESPACE = operator.NAMESPACE


class DriverKey(Frozen):
    """The key with which the Operator authenticates to Humanitec's drivers (agent and operator 3.2)."""

    fingerprint: Annotated[
        str | None, Field(description="SHA-256 of the public key in hexadecimal, as registered.")
    ] = None
    secretName: Annotated[str, Field(description="Secret with the private half.")] = DRIVER_KEY_SECRET  # noqa: N815  as in the file
    namespace: Annotated[str | None, Field(description="Its namespace; defaults to the Operator's.")] = None
    entries: Annotated[Items[str] | None, Field(description="Names of the Secret's entries, if known.")] = (
        None
    )


class OperatorPodSecurity(Frozen):
    """User of the pod. Omitted fields are as in the chart."""

    runAsUser: Annotated[int | None, Field(ge=0, description="User id of the containers.")] = None  # noqa: N815  as in the file
    runAsGroup: Annotated[int | None, Field(ge=0, description="Group id of the containers.")] = None  # noqa: N815  as in the file
    fsGroup: Annotated[int | None, Field(ge=0, description="Group id of mounted files.")] = None  # noqa: N815  as in the file


class OperatorSpec(Frozen):
    """One installation of the Operator."""

    cluster: Annotated[ClusterName, Field(description="Cluster it runs on, by its name in the settings.")]
    namespace: Annotated[str, Field(description="Its namespace.")] = OPERATOR_NAMESPACE
    organization: Annotated[
        str | None, Field(description="Organization it serves; defaults to that of the file's target.")
    ] = None
    chartVersion: Annotated[str | None, Field(description="Version of the chart.")] = None  # noqa: N815  as in the file
    appVersion: Annotated[str | None, Field(description="Version of the manager's image.")] = None  # noqa: N815  as in the file
    memoryLimit: Annotated[  # noqa: N815  as in the file
        str | None, Field(description="Memory limit of the manager, such as `256Mi`.")
    ] = None
    driverKey: Annotated[  # noqa: N815  as in the file
        DriverKey | None, Field(description="Key for hosted drivers; none if omitted.")
    ] = None
    secretStores: Annotated[  # noqa: N815  as in the file
        Items[str] | None, Field(description="SecretStores it uses, by id.")
    ] = None
    helmValues: Annotated[JsonObject | None, Field(description="Helm values of the chart.")] = None  # noqa: N815  as in the file
    delivery: Annotated[
        Literal["helm", "flux", "argocd"],
        Field(
            description="How its chart reaches the cluster: `helm` prints values and command, `flux` and `argocd` "
            "write their documents. Its kinds come with the chart, so there is no other way."
        ),
    ] = "helm"
    image: Annotated[
        str | None,
        Field(
            description="Image of the manager with tag. Default: that of the chart, or `appVersion` of it."
        ),
    ] = None
    proxyImage: Annotated[  # noqa: N815  as in the file
        str | None, Field(description="Image of the second container, kube-rbac-proxy, with tag.")
    ] = None
    registry: Registry = None
    serviceAccountAnnotations: Annotated[  # noqa: N815  as in the file
        dict[str, str] | None,
        Field(description="Annotations of its ServiceAccount, such as those of a cloud's workload identity."),
    ] = None
    podLabels: Annotated[Labels | None, Field(description="Further labels of its pod.")] = None  # noqa: N815  as in the file
    podSecurity: Annotated[OperatorPodSecurity | None, Field(description="User of its pod.")] = None  # noqa: N815  as in the file
    resources: Annotated[
        Resources | None, Field(description="Resources of the manager; `memoryLimit` is part of its limits.")
    ] = None
    namespaceLabels: Annotated[  # noqa: N815  as in the file
        Labels | None,
        Field(
            description="Labels of the namespace, such as `pod-security.kubernetes.io/enforce: restricted`."
        ),
    ] = None
    waitSeconds: WaitSeconds = None  # noqa: N815  as in the file

    @model_validator(mode="after")
    def _one_limit(self) -> "OperatorSpec":
        limits = None if self.resources is None else self.resources.limits
        if self.memoryLimit is not None and limits is not None and limits.memory is not None:
            raise ValueError("set `memoryLimit` or `resources.limits.memory`, not both")
        return self


class OperatorDocument(OwnDocument):
    """A Humanitec Operator on a cluster."""

    kind: Literal["Operator"]
    spec: OperatorSpec
