"""Driver names, and the driver classes of the matrix (agent and operator 2.10, 5)."""

from enum import StrEnum

GIT_DRIVER = "humanitec/k8s-cluster-git"
TEMPLATE_DRIVER = "humanitec/template"
ECHO_DRIVER = "humanitec/echo"
CONTAINER_DRIVER = "humanitec/container"
TERRAFORM_DRIVER = "humanitec/terraform"
CONTAINER_RUNNERS = frozenset(
    f"humanitec/{name}"
    for name in ("container-runner", "terraform-container-runner", "opentofu-container-runner")
)
CLUSTER_DRIVERS = frozenset(
    (
        "humanitec/k8s-cluster",
        "humanitec/k8s-cluster-aks",
        "humanitec/k8s-cluster-eks",
        "humanitec/k8s-cluster-gke",
    )
)
"""Drivers of ordinary clusters."""


class DriverClass(StrEnum):
    """Rows of table D of the matrix; the values are display names."""

    IN_OPERATOR = "Echo and Template drivers"
    HOSTED = "other drivers hosted by Humanitec"
    CONTAINER = "the container driver"
    CONTAINER_RUNNER = "container runner drivers"
    TERRAFORM = "the Terraform driver, run at Humanitec"
    TERRAFORM_OWN_CLUSTER = "the Terraform driver with your own cluster"
    SELF_HOSTED = "self-hosted drivers"
    VIRTUAL = "virtual drivers"


JOB_CLASSES = frozenset(
    (DriverClass.CONTAINER, DriverClass.CONTAINER_RUNNER, DriverClass.TERRAFORM_OWN_CLUSTER)
)
"""Classes whose drivers start jobs in the user's cluster."""
