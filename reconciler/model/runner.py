"""Runners and their rules: exactly the bodies that `hctl create runner` accepts (v2 reference 5 to 8)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field, JsonValue, WithJsonSchema

from reconciler.model.document import Frozen, Items, Metadata, OwnDocument
from reconciler.model.handed import is_tagged
from reconciler.model.installation import RunnerInstall
from reconciler.model.json import JsonObject
from reconciler.model.limited import Limited, Shown, ShownId
from reconciler.vendor import kubernetes_name
from reconciler.vendor import orchestrator_v2 as v2

WRITE_ONLY_AUTH = ("client_certificate_data", "client_key_data", "service_account_token")
"""Fields of `cluster.auth` of type `kubernetes` that read back as the string `SECRET` (v2 5.6)."""


Namespace = Annotated[str, Limited(kubernetes_name.LABEL)]
RoleArn = Annotated[str, Limited(v2.ROLE_ARN)]
Bucket = Annotated[str, Limited(v2.BUCKET)]
PathPrefix = Annotated[str, Limited(v2.PATH_PREFIX)]


class Job(Frozen):
    """Namespace and identity of the Kubernetes job of a deployment."""

    namespace: Namespace
    service_account: Annotated[str, Limited(kubernetes_name.SUBDOMAIN)]
    pod_template: Annotated[
        JsonObject | None, Field(description="Kubernetes PodTemplateSpec merged over the runner's own.")
    ] = None


class AgentRunner(Frozen):
    """A runner inside the cluster that polls for work."""

    type: Literal["kubernetes-agent"]
    key: (
        Annotated[
            str,
            Shown(v2.AGENT_KEY),
            Field(
                description="Ed25519 public key, PEM with one body line, at most 200 characters. Left out, it is "
                "that of the runner's `Key` document."
            ),
        ]
        | None
    ) = None
    job: Job


class ClusterData(Frozen):
    """A cluster as in a kubeconfig."""

    certificate_authority_data: str
    server: str
    proxy_url: str | None = None


def _credential(value: JsonValue) -> JsonValue:
    if value is None or isinstance(value, str) or is_tagged(value):
        return value
    raise ValueError("it is neither a string nor one of `!env`, `!file` and `!secret`")


Credential = Annotated[
    JsonValue,
    AfterValidator(_credential),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "maxProperties": 1}, {"type": "null"}]}),
    Field(description="Handed in by `!env NAME`, `!file PATH` or `!secret {…}`; never written in the file."),
]


class ClusterAuth(Frozen):
    """Credentials of a cluster; every field is write-only."""

    client_certificate_data: Credential = None
    client_key_data: Credential = None
    service_account_token: Credential = None


class KubernetesCluster(Frozen):
    """A cluster reached with its own credentials."""

    cluster_data: ClusterData
    auth: ClusterAuth


class KubernetesRunner(Frozen):
    """A runner that starts jobs through a cluster's API server."""

    type: Literal["kubernetes"]
    job: Job
    cluster: KubernetesCluster


class GkeAuth(Frozen):
    """Google workload identity federation."""

    gcp_audience: str
    gcp_service_account: str


class GkeCluster(Frozen):
    """A GKE cluster. `internal_ip` defaults to false, which the server returns."""

    name: str
    project_id: str
    location: str
    proxy_url: str | None = None
    internal_ip: bool | None = None
    auth: GkeAuth


class GkeRunner(Frozen):
    """A runner that starts jobs on GKE."""

    type: Literal["kubernetes-gke"]
    job: Job
    cluster: GkeCluster


class AwsAuth(Frozen):
    """Temporary AWS credentials."""

    role_arn: RoleArn
    session_name: Annotated[str, Limited(v2.SESSION_NAME)] | None = None
    sts_region: Annotated[str, Limited(v2.STS_REGION)] | None = None


class EksCluster(Frozen):
    """An EKS cluster."""

    name: str
    region: str
    auth: AwsAuth


class EksRunner(Frozen):
    """A runner that starts jobs on EKS."""

    type: Literal["kubernetes-eks"]
    job: Job
    cluster: EksCluster


class EcsJob(Frozen):
    """Where and with which roles an ECS task runs."""

    region: Annotated[str, Limited(v2.ECS_REGION)]
    cluster: Annotated[str, Limited(v2.ECS_CLUSTER)]
    subnets: Annotated[Items[Annotated[str, Limited(v2.ECS_SUBNET)]], Limited(v2.ECS_SUBNETS)]
    security_groups: (
        Annotated[Items[Annotated[str, Limited(v2.ECS_SECURITY_GROUP)]], Limited(v2.ECS_SECURITY_GROUPS)]
        | None
    ) = None
    is_public_ip_enabled: bool | None = None
    execution_role_arn: RoleArn
    task_role_arn: RoleArn | None = None
    image: Annotated[str, Limited(v2.ECS_IMAGE)] | None = None
    environment: dict[str, Annotated[str, Limited(v2.ECS_VARIABLE)]] | None = None
    secrets: Annotated[
        dict[str, Annotated[str, Limited(v2.ECS_SECRET)]] | None,
        Field(description="ARNs of secrets by variable name; no values."),
    ] = None


class EcsRunner(Frozen):
    """A runner that starts jobs as ECS tasks."""

    type: Literal["serverless-ecs"]
    auth: AwsAuth
    job: EcsJob


RunnerConfiguration = Annotated[
    AgentRunner | KubernetesRunner | GkeRunner | EksRunner | EcsRunner, Field(discriminator="type")
]


class KubernetesStorage(Frozen):
    """State in Secrets of a namespace."""

    type: Literal["kubernetes"]
    namespace: Namespace


class S3Storage(Frozen):
    """State in an S3 bucket."""

    type: Literal["s3"]
    bucket: Bucket
    path_prefix: PathPrefix | None = None


class GcsStorage(Frozen):
    """State in a Google Cloud Storage bucket."""

    type: Literal["gcs"]
    bucket: Bucket
    path_prefix: PathPrefix | None = None


class AzureStorage(Frozen):
    """State in an Azure storage container."""

    type: Literal["azurerm"]
    storage_account_name: str
    container_name: str
    resource_group_name: str | None = None
    path_prefix: PathPrefix | None = None


StateStorage = Annotated[
    KubernetesStorage | S3Storage | GcsStorage | AzureStorage, Field(discriminator="type")
]


class RunnerRule(Frozen):
    """Assigns environments to the runner. The pair is unique in an organization (v2 reference 8.2)."""

    project_id: Annotated[str | None, Field(description="Project; any if omitted.")] = None
    env_type_id: Annotated[str | None, Field(description="Environment type; any if omitted.")] = None

    def pair(self) -> str:
        """Natural key of the rule.

        >>> RunnerRule(env_type_id="development").pair()
        '*/development'
        """
        return f"{self.project_id or '*'}/{self.env_type_id or '*'}"


class RunnerSpec(Frozen):
    """Desired state of a runner."""

    description: Annotated[str, Field(description="Description for people.")] = ""
    runner_configuration: RunnerConfiguration
    state_storage_configuration: StateStorage
    rules: Annotated[
        Items[RunnerRule] | None,
        Field(description="Environments it serves. Not managed if omitted; `[]`: no managed rules."),
    ] = None
    install: Annotated[
        RunnerInstall | None, Field(description="Where it runs; kubernetes-agent runners only.")
    ] = None


class RunnerDocument(OwnDocument):
    """A runner of the v2 orchestrator and the rules that select it."""

    kind: Literal["Runner"]
    metadata: Annotated[Metadata, ShownId(v2.RUNNER_ID)]
    spec: RunnerSpec


class LiveRunner(Frozen):
    """A runner as the API returns it; unknown fields are tolerated and kept for comparison."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    description: str = ""
    runner_configuration: JsonObject
    state_storage_configuration: JsonObject
    updated_at: str = ""


class LiveRule(Frozen):
    """A runner rule as the API returns it; unset fields are returned as empty strings."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    runner_id: str
    project_id: str = ""
    env_type_id: str = ""
