"""What stands on a cluster or another host, as far as rules and rendering need it (agent and operator 2.3 to 2.6)."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items
from reconciler.model.json import JsonObject


class Autoscaling(Frozen):
    """Bounds of an autoscaler."""

    minReplicas: Annotated[int | None, Field(description="Fewest replicas.")] = None  # noqa: N815  as in the file
    maxReplicas: Annotated[int | None, Field(description="Most replicas.")] = None  # noqa: N815  as in the file


class PodSecurity(Frozen):
    """Who the container runs as and what it may do. Left out: as in the vendor's manifest."""

    runAsUser: Annotated[int | None, Field(description="User id of the container.")] = None  # noqa: N815  as in the file
    runAsGroup: Annotated[int | None, Field(description="Group id of the container.")] = None  # noqa: N815  as in the file
    fsGroup: Annotated[int | None, Field(description="Group id of mounted files.")] = None  # noqa: N815  as in the file
    runAsNonRoot: Annotated[bool | None, Field(description="Refuse to run as root.")] = None  # noqa: N815  as in the file
    privileged: Annotated[bool | None, Field(description="Run with the node's rights.")] = None
    allowPrivilegeEscalation: Annotated[  # noqa: N815  as in the file
        bool | None, Field(description="Let a process gain more rights than its parent.")
    ] = None
    readOnlyRootFilesystem: Annotated[  # noqa: N815  as in the file
        bool | None, Field(description="Keep the image's files unchanged.")
    ] = None
    dropCapabilities: Annotated[  # noqa: N815  as in the file
        Items[str] | None, Field(description="Capabilities taken away, such as `ALL`.")
    ] = None
    securityContextConstraint: Annotated[  # noqa: N815  as in the file
        str | None, Field(description="OpenShift: the constraint that admits the pod.")
    ] = None


class MountedKey(Frozen):
    """How the private key reaches the container. Left out: as in the vendor's manifest."""

    secretName: Annotated[str | None, Field(description="Secret that holds the key.")] = None  # noqa: N815  as in the file
    secretKey: Annotated[str | None, Field(description="Name of the entry in the Secret.")] = None  # noqa: N815  as in the file
    path: Annotated[str | None, Field(description="Absolute path of the mounted file.")] = None
    mode: Annotated[
        int | str | None, Field(description='Mode of the file: `384` (decimal) or `"0600"` (octal, quoted).')
    ] = None
    ownerUid: Annotated[int | None, Field(description="User id that owns the file.")] = None  # noqa: N815  as in the file


class AgentInstall(Frozen):
    """One running Agent."""

    cluster: Annotated[str | None, Field(description="Cluster it runs on, by its name in the settings.")] = (
        None
    )
    host: Annotated[
        str,
        Field(
            description="Kind of host: `kubernetes`, `docker`, `azure-container-instances` or another, by name."
        ),
    ] = "kubernetes"
    method: Annotated[Literal["manifests", "helm"] | None, Field(description="How it is installed.")] = None
    namespace: Annotated[str | None, Field(description="Its namespace, better shared with nothing.")] = None
    orgs: Annotated[
        Items[str] | None,
        Field(description="Organizations it serves (`ORGS`); those of the Agent if left out."),
    ] = None
    image: Annotated[str | None, Field(description="Image with tag or digest.")] = None
    chartVersion: Annotated[  # noqa: N815  as in the file
        str | None, Field(description="Version of the chart; numbered apart from the image.")
    ] = None
    helmVersion: Annotated[str | None, Field(description="Version of Helm that installs it.")] = None  # noqa: N815  as in the file
    replicas: Annotated[int | None, Field(description="Fixed number of replicas.")] = None
    autoscaling: Annotated[Autoscaling | None, Field(description="Autoscaler; better none.")] = None
    env: Annotated[
        dict[str, str] | None, Field(description="Environment variables beside those made from other fields.")
    ] = None
    podSecurity: Annotated[PodSecurity | None, Field(description="Confinement of the container.")] = None  # noqa: N815  as in the file
    privateKey: Annotated[MountedKey | None, Field(description="Where the key is mounted from and to.")] = (  # noqa: N815  as in the file
        None
    )
    helmValues: Annotated[JsonObject | None, Field(description="Values of the chart.")] = None  # noqa: N815  as in the file
    networks: Annotated[
        Items[str] | None, Field(description="Networks whose endpoints it reaches, by name.")
    ] = None
    connectivityCheck: Annotated[  # noqa: N815  as in the file
        Items[str] | None, Field(description="Command run inside the container to check its connection.")
    ] = None


class RunnerKeySecret(Frozen):
    """Secret that holds a runner's private key."""

    secretName: Annotated[str, Field(description="Name of the Secret.")]  # noqa: N815  as in the file
    secretKey: Annotated[str, Field(description="Name of the entry.")] = "private_key"  # noqa: N815  as in the file
    namespace: Annotated[str | None, Field(description="The runner's namespace if left out.")] = None


class JobIdentity(Frozen):
    """A ServiceAccount that a cloud trusts."""

    namespace: str
    serviceAccount: str  # noqa: N815  as in the file


class RunnerInstall(Frozen):
    """One installed kubernetes-agent runner (v2 reference 11 and 12)."""

    cluster: Annotated[str | None, Field(description="Cluster it runs on, by its name in the settings.")] = (
        None
    )
    namespace: Annotated[str | None, Field(description="Namespace of the release.")] = None
    chart: Annotated[str | None, Field(description="Location of the chart, such as a mirrored one.")] = None
    chartVersion: Annotated[str | None, Field(description="Version of the chart.")] = None  # noqa: N815  as in the file
    selfHosted: Annotated[bool, Field(description="The orchestrator is self-hosted.")] = False  # noqa: N815  as in the file
    env: Annotated[dict[str, str] | None, Field(description="Environment variables of the runner.")] = None
    privateKey: Annotated[RunnerKeySecret | None, Field(description="Secret with the private key.")] = None  # noqa: N815  as in the file
    trusts: Annotated[
        Items[JobIdentity] | None,
        Field(description="ServiceAccounts that the cloud's policy lets act for the jobs."),
    ] = None
    helmValues: Annotated[JsonObject | None, Field(description="Values of the chart.")] = None  # noqa: N815  as in the file
