"""How a cloud provider's identities are given to the ServiceAccounts of a cluster (v2 reference 12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from reconciler.vendor.limit import TextLimit

ROLE_ARN = TextLimit(
    "`arn:aws:iam::123456789012:role/name`",
    "AWS IAM user guide, IAM identifiers",
    r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[a-zA-Z_0-9+=,.@/-]+",
    most=2048,
)
SERVICE_ACCOUNT = TextLimit(
    "`name@project.iam.gserviceaccount.com`",
    "Google Cloud IAM, service accounts",
    r"[a-z](?:[-a-z0-9]*[a-z0-9])?@[a-z0-9](?:[-.a-z0-9]*[a-z0-9])?\.iam\.gserviceaccount\.com",
)
CLIENT_ID = TextLimit(
    "`00000000-0000-0000-0000-000000000000`",
    "Microsoft Entra, application (client) id",
    "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
)


@dataclass(frozen=True, slots=True)
class Cloud:
    """What a platform acts on.

    `field` is the member of `identity` in a `Runner` document, `annotation` that of the ServiceAccount, `prefix` the
    beginning of all annotations of this cloud. `pod_label` is required on pods as well, with the text `true`; "" if
    there is none.
    """

    field: str
    annotation: str
    prefix: str
    pod_label: str = ""


CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "eks": Cloud("roleArn", "eks.amazonaws.com/role-arn", "eks.amazonaws.com/"),
        "gke": Cloud("serviceAccount", "iam.gke.io/gcp-service-account", "iam.gke.io/"),
        "aks": Cloud(
            "clientId",
            "azure.workload.identity/client-id",
            "azure.workload.identity/",
            "azure.workload.identity/use",
        ),
    }
)
"""By platform, as the settings spell it; workloads on other platforms get no identity from annotations."""
