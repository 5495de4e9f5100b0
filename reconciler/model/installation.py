"""Installations on a cluster or another host, as rules and rendering need them (agent and operator 2.3 to 2.6)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from reconciler.model.document import Frozen, Items
from reconciler.model.json import JsonObject
from reconciler.model.limited import Limited, LimitError
from reconciler.vendor import cloud, kubernetes_name, quantity
from reconciler.vendor.limit import TextLimit

DeliveryWord = Literal["kubernetes", "directory", "helm", "flux", "argocd"]
"""How an installation reaches its cluster: the objects themselves, or Helm in the hands of somebody."""
BY_HELM = ("helm", "flux", "argocd")
"""Deliveries that install the vendor's chart."""


def _amount(value: float | str) -> float | str:
    if quantity.canonical(str(value)) is None:
        raise LimitError("is not an amount", f"the form is: {quantity.FORM}")
    return value


Amount = Annotated[
    float | str,
    AfterValidator(_amount),
    WithJsonSchema({"anyOf": [{"type": "string", "pattern": quantity.PATTERN}, {"type": "number"}]}),
]
ClusterName = Annotated[
    str,
    Limited(
        TextLimit(
            "letters, digits and, after the first, hyphens, underscores and dots, at most 100 characters",
            "as the names of targets in the settings: it can be the name of a folder",
            "[A-Za-z0-9][-._A-Za-z0-9]*",
            most=100,
        )
    ),
]
SecretName = Annotated[str, Limited(kubernetes_name.SUBDOMAIN)]
Labels = dict[
    Annotated[str, Limited(kubernetes_name.LABEL_NAME)], Annotated[str, Limited(kubernetes_name.LABEL_VALUE)]
]
WaitSeconds = Annotated[
    int | None,
    Field(ge=1, le=3600, description="Seconds to wait until its pods are ready. Default: 300."),
]
Registry = Annotated[
    Annotated[str, Limited(kubernetes_name.REGISTRY)] | None,
    Field(
        description="Registry that replaces the host of the image and of the chart, such as "
        "`registry.example.com/mirror`."
    ),
]


class Amounts(Frozen):
    """Amounts of resources, as Kubernetes quantities."""

    cpu: Annotated[Amount | None, Field(description="Processors, such as `250m`.")] = None
    memory: Annotated[Amount | None, Field(description="Memory, such as `256Mi`.")] = None
    ephemeral_storage: Annotated[
        Amount | None, Field(alias="ephemeral-storage", description="Local storage, such as `1Gi`.")
    ] = None


class Resources(Frozen):
    """Resources of the container. Each of the two replaces the vendor's amounts if it is set."""

    requests: Annotated[Amounts | None, Field(description="Amounts that are reserved.")] = None
    limits: Annotated[Amounts | None, Field(description="Amounts that are not exceeded.")] = None


class ContainerGroup(Frozen):
    """Container group of Azure Container Instances."""

    name: Annotated[
        Annotated[str, Limited(kubernetes_name.LABEL)] | None,
        Field(description="Name of the group. Default: `humanitec-agent`."),
    ] = None
    resourceGroup: Annotated[  # noqa: N815  as in the file
        str, Field(min_length=1, max_length=90, description="Resource group that contains it.")
    ]
    location: Annotated[
        str, Field(pattern="^[a-z0-9-]+$", description="Azure location, such as `westeurope`.")
    ]


class DockerContainer(Frozen):
    """Container on a machine with Docker."""

    name: Annotated[
        str | None,
        Field(
            pattern="^[a-zA-Z0-9][a-zA-Z0-9_.-]+$",
            description="Name of the container. Default: `humanitec-agent`.",
        ),
    ] = None
    keyDirectory: Annotated[  # noqa: N815  as in the file
        str | None,
        Field(
            pattern="^/[^:]+$",
            description="Folder of the machine with the key file; it is mounted read-only. Default: "
            "`/etc/humanitec-agent`.",
        ),
    ] = None


class Autoscaling(Frozen):
    """Bounds of an autoscaler."""

    minReplicas: Annotated[int | None, Field(description="Minimum number of replicas.")] = None  # noqa: N815  as in the file
    maxReplicas: Annotated[int | None, Field(description="Maximum number of replicas.")] = None  # noqa: N815  as in the file


class PodSecurity(Frozen):
    """User and privileges of the container. Omitted fields are as in the vendor's manifest."""

    runAsUser: Annotated[int | None, Field(description="User id of the container.")] = None  # noqa: N815  as in the file
    runAsGroup: Annotated[int | None, Field(description="Group id of the container.")] = None  # noqa: N815  as in the file
    fsGroup: Annotated[int | None, Field(description="Group id of mounted files.")] = None  # noqa: N815  as in the file
    runAsNonRoot: Annotated[bool | None, Field(description="Refuse to run as root.")] = None  # noqa: N815  as in the file
    privileged: Annotated[bool | None, Field(description="Run with the privileges of the node.")] = None
    allowPrivilegeEscalation: Annotated[  # noqa: N815  as in the file
        bool | None, Field(description="Allow a process to gain more privileges than its parent.")
    ] = None
    readOnlyRootFilesystem: Annotated[  # noqa: N815  as in the file
        bool | None, Field(description="Mount the root file system read-only.")
    ] = None
    dropCapabilities: Annotated[  # noqa: N815  as in the file
        Items[str] | None, Field(description="Capabilities to drop, such as `ALL`.")
    ] = None
    securityContextConstraint: Annotated[  # noqa: N815  as in the file
        str | None, Field(description="OpenShift: security context constraint that admits the pod.")
    ] = None


class MountedKey(Frozen):
    """How the private key is mounted into the container. Omitted fields are as in the vendor's manifest."""

    secretName: Annotated[str | None, Field(description="Secret that contains the key.")] = None  # noqa: N815  as in the file
    secretKey: Annotated[str | None, Field(description="Name of the entry in the Secret.")] = None  # noqa: N815  as in the file
    path: Annotated[str | None, Field(description="Absolute path of the mounted file.")] = None
    mode: Annotated[
        int | str | None, Field(description='Mode of the file: `384` (decimal) or `"0600"` (octal, quoted).')
    ] = None
    ownerUid: Annotated[int | None, Field(description="User id that owns the file.")] = None  # noqa: N815  as in the file


class AgentInstall(Frozen):
    """One installation of an Agent."""

    cluster: Annotated[
        ClusterName | None, Field(description="Cluster it runs on, by its name in the settings.")
    ] = None
    host: Annotated[
        str,
        Field(
            description="Kind of host: `kubernetes`, `docker`, `azure-container-instances`, or the name of another."
        ),
    ] = "kubernetes"
    method: Annotated[Literal["manifests", "helm"] | None, Field(description="How it is installed.")] = None
    namespace: Annotated[
        str | None, Field(description="Its namespace, preferably shared with nothing else.")
    ] = None
    orgs: Annotated[
        Items[str] | None,
        Field(description="Organizations it serves (`ORGS`); defaults to those of the Agent."),
    ] = None
    image: Annotated[str | None, Field(description="Image with tag or digest.")] = None
    chartVersion: Annotated[  # noqa: N815  as in the file
        str | None, Field(description="Version of the chart, numbered independently of the image.")
    ] = None
    helmVersion: Annotated[str | None, Field(description="Version of Helm that installs it.")] = None  # noqa: N815  as in the file
    replicas: Annotated[int | None, Field(description="Fixed number of replicas.")] = None
    autoscaling: Annotated[Autoscaling | None, Field(description="Autoscaler; preferably none.")] = None
    env: Annotated[
        dict[str, str] | None,
        Field(description="Environment variables in addition to those set from other fields."),
    ] = None
    podSecurity: Annotated[PodSecurity | None, Field(description="Security context of the container.")] = None  # noqa: N815  as in the file
    privateKey: Annotated[MountedKey | None, Field(description="How the private key is mounted.")] = (  # noqa: N815  as in the file
        None
    )
    helmValues: Annotated[JsonObject | None, Field(description="Helm values of the chart.")] = None  # noqa: N815  as in the file
    networks: Annotated[
        Items[str] | None, Field(description="Networks whose endpoints it can reach, by name.")
    ] = None
    connectivityCheck: Annotated[  # noqa: N815  as in the file
        Items[str] | None, Field(description="Command run inside the container to check its connection.")
    ] = None
    delivery: Annotated[
        DeliveryWord | None,
        Field(
            description="How it reaches the cluster: `kubernetes` applies its objects, `directory` writes them as "
            "files, `helm` prints values and command, `flux` and `argocd` write their documents. Default: `helm` "
            "with Helm fields, else what the cluster's settings allow."
        ),
    ] = None
    registry: Registry = None
    imagePullSecrets: Annotated[  # noqa: N815  as in the file
        Items[SecretName] | None,
        Field(description="Secrets of its namespace with the registry's credentials."),
    ] = None
    resources: Annotated[Resources | None, Field(description="Resources of the container.")] = None
    namespaceLabels: Annotated[  # noqa: N815  as in the file
        Labels | None,
        Field(
            description="Labels of the namespace, such as `pod-security.kubernetes.io/enforce: restricted`."
        ),
    ] = None
    connectionIdFromPod: Annotated[  # noqa: N815  as in the file
        bool | None,
        Field(
            description="Whether `CONNECTION_ID` is the name of the pod. Default: true, unless `env` sets it."
        ),
    ] = None
    networkPolicy: Annotated[  # noqa: N815  as in the file
        bool, Field(description="Allow its pods only DNS and port 443 out, and nothing in.")
    ] = False
    containerGroup: Annotated[  # noqa: N815  as in the file
        ContainerGroup | None, Field(description="Host `azure-container-instances`: where the container is.")
    ] = None
    docker: Annotated[DockerContainer | None, Field(description="Host `docker`: the container.")] = None
    waitSeconds: WaitSeconds = None  # noqa: N815  as in the file

    @model_validator(mode="after")
    def _one_method(self) -> "AgentInstall":
        if self.method is not None and self.delivery is not None:
            implied = "helm" if self.delivery in BY_HELM else "manifests"
            if implied != self.method:
                raise ValueError(
                    f"`delivery: {self.delivery}` installs with `{implied}`, but `method` is `{self.method}`"
                )
        return self


class RunnerKeySecret(Frozen):
    """Secret that contains a runner's private key."""

    secretName: Annotated[str, Field(description="Name of the Secret.")]  # noqa: N815  as in the file
    secretKey: Annotated[str, Field(description="Name of the entry.")] = "private_key"  # noqa: N815  as in the file
    namespace: Annotated[str | None, Field(description="Its namespace; defaults to the runner's.")] = None


class JobIdentity(Frozen):
    """A ServiceAccount that a cloud provider trusts."""

    namespace: str
    serviceAccount: str  # noqa: N815  as in the file


class CloudIdentity(Frozen):
    """Identity of a cloud that the jobs act as: exactly one of the three, the one of the cluster's platform."""

    roleArn: Annotated[  # noqa: N815  as in the file
        Annotated[str, Limited(cloud.ROLE_ARN)] | None, Field(description="EKS: ARN of the IAM role.")
    ] = None
    serviceAccount: Annotated[  # noqa: N815  as in the file
        Annotated[str, Limited(cloud.SERVICE_ACCOUNT)] | None,
        Field(description="GKE: address of the service account."),
    ] = None
    clientId: Annotated[  # noqa: N815  as in the file
        Annotated[str, Limited(cloud.CLIENT_ID)] | None,
        Field(description="AKS: client id of the managed identity."),
    ] = None

    @model_validator(mode="after")
    def _one_identity(self) -> "CloudIdentity":
        if sum(one is not None for one in (self.roleArn, self.serviceAccount, self.clientId)) != 1:
            raise ValueError("set exactly one of `roleArn`, `serviceAccount` and `clientId`")
        return self


class RunnerInstall(Frozen):
    """One installed kubernetes-agent runner (v2 reference 11 and 12)."""

    cluster: Annotated[
        ClusterName | None, Field(description="Cluster it runs on, by its name in the settings.")
    ] = None
    namespace: Annotated[str | None, Field(description="Namespace of the release.")] = None
    chart: Annotated[str | None, Field(description="Location of the chart, such as a mirror.")] = None
    chartVersion: Annotated[str | None, Field(description="Version of the chart.")] = None  # noqa: N815  as in the file
    selfHosted: Annotated[bool, Field(description="The orchestrator is self-hosted.")] = False  # noqa: N815  as in the file
    env: Annotated[dict[str, str] | None, Field(description="Environment variables of the runner.")] = None
    privateKey: Annotated[RunnerKeySecret | None, Field(description="Secret with the private key.")] = None  # noqa: N815  as in the file
    trusts: Annotated[
        Items[JobIdentity] | None,
        Field(description="ServiceAccounts that the cloud provider's policy allows to act for the jobs."),
    ] = None
    helmValues: Annotated[JsonObject | None, Field(description="Helm values of the chart.")] = None  # noqa: N815  as in the file
    delivery: Annotated[
        DeliveryWord | None,
        Field(
            description="How it reaches the cluster: `kubernetes` applies its objects, `directory` writes them as "
            "files, `helm` prints values and command, `flux` and `argocd` write their documents. Default: `helm` "
            "with a chart or Helm values, else what the cluster's settings allow."
        ),
    ] = None
    serviceAccount: Annotated[  # noqa: N815  as in the file
        Annotated[str, Limited(kubernetes_name.SUBDOMAIN)] | None,
        Field(
            description="Account of the runner itself, not of its jobs. Default: `humanitec-kubernetes-agent-runner`."
        ),
    ] = None
    identity: Annotated[
        CloudIdentity | None, Field(description="Identity of a cloud that the account of the jobs acts as.")
    ] = None
    image: Annotated[str | None, Field(description="Image of the runner, with tag or digest.")] = None
    registry: Registry = None
    imagePullSecrets: Annotated[  # noqa: N815  as in the file
        Items[SecretName] | None,
        Field(description="Secrets of its namespace with the registry's credentials."),
    ] = None
    orchestratorUrl: Annotated[  # noqa: N815  as in the file
        str | None,
        Field(
            pattern=r"^https?://[^@\s]+$",
            description="Base URL of a self-hosted orchestrator's API (`REMOTE_URL`), without credentials.",
        ),
    ] = None
    replicas: Annotated[int | None, Field(ge=0, le=100, description="Number of replicas. Default: 1.")] = None
    resources: Annotated[Resources | None, Field(description="Resources of the runner's container.")] = None
    logLevel: Annotated[  # noqa: N815  as in the file
        Literal["debug", "info", "warn", "error"] | None,
        Field(description="Level of its log. Default: `info`."),
    ] = None
    namespaceLabels: Annotated[  # noqa: N815  as in the file
        Labels | None, Field(description="Labels of its namespace and of the namespace of its jobs.")
    ] = None
    waitSeconds: WaitSeconds = None  # noqa: N815  as in the file
