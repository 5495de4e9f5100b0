"""Installations on a cluster or another host, as rules and rendering need them (agent and operator 2.3 to 2.6)."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items
from reconciler.model.json import JsonObject


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

    cluster: Annotated[str | None, Field(description="Cluster it runs on, by its name in the settings.")] = (
        None
    )
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


class RunnerKeySecret(Frozen):
    """Secret that contains a runner's private key."""

    secretName: Annotated[str, Field(description="Name of the Secret.")]  # noqa: N815  as in the file
    secretKey: Annotated[str, Field(description="Name of the entry.")] = "private_key"  # noqa: N815  as in the file
    namespace: Annotated[str | None, Field(description="Its namespace; defaults to the runner's.")] = None


class JobIdentity(Frozen):
    """A ServiceAccount that a cloud provider trusts."""

    namespace: str
    serviceAccount: str  # noqa: N815  as in the file


class RunnerInstall(Frozen):
    """One installed kubernetes-agent runner (v2 reference 11 and 12)."""

    cluster: Annotated[str | None, Field(description="Cluster it runs on, by its name in the settings.")] = (
        None
    )
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
