"""Configurations of every runner type and storage, minimal and complete."""

from typing import Any

Body = dict[str, Any]

ROLE = "arn:aws:iam::123456789012:role/path/runner"
JOB: Body = {"namespace": "jobs", "service_account": "job"}

KUBERNETES: Body = {
    "type": "kubernetes",
    "job": JOB,
    "cluster": {
        "cluster_data": {"certificate_authority_data": "Y2E=", "server": "https://cluster"},
        "auth": {"service_account_token": "the-token", "client_key_data": "the-key"},
    },
}
GKE: Body = {
    "type": "kubernetes-gke",
    "job": JOB,
    "cluster": {
        "name": "c",
        "project_id": "p",
        "location": "europe-west1",
        "auth": {"gcp_audience": "a", "gcp_service_account": "s"},
    },
}
EKS: Body = {
    "type": "kubernetes-eks",
    "job": JOB,
    "cluster": {"name": "c", "region": "eu-west-1", "auth": {"role_arn": ROLE}},
}
ECS: Body = {
    "type": "serverless-ecs",
    "auth": {"role_arn": ROLE},
    "job": {"region": "eu-west-1", "cluster": "c", "subnets": ["subnet-1"], "execution_role_arn": ROLE},
}

K8S_STORAGE: Body = {"type": "kubernetes", "namespace": "jobs"}
S3: Body = {"type": "s3", "bucket": "state-bucket"}
GCS: Body = {"type": "gcs", "bucket": "state-bucket"}
AZURE: Body = {"type": "azurerm", "storage_account_name": "account", "container_name": "container"}
STORAGES = (K8S_STORAGE, S3, GCS, AZURE)


def changed(document: Body, path: str, value: Any) -> Body:
    """A copy in which the member at `path` (parts joined by `/`) has `value`; None removes it."""
    name, _, rest = path.partition("/")
    if rest:
        return {**document, name: changed(document.get(name, {}), rest, value)}
    return {key: item for key, item in {**document, name: value}.items() if key != name or value is not None}


def member(document: Body, path: str) -> Any:
    """The member at `path`, parts joined by `/`."""
    name, _, rest = path.partition("/")
    return member(document[name], rest) if rest else document[name]
