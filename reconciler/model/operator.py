"""Humanitec Operators: one on each cluster that runs in mode `direct` or `gitops` (agent and operator 3)."""

from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items, OwnDocument
from reconciler.model.json import JsonObject

DRIVER_KEY_SECRET = "humanitec-operator-private-key"  # noqa: S105  a name
OPERATOR_NAMESPACE = "humanitec-operator-system"


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


class OperatorSpec(Frozen):
    """One installation of the Operator."""

    cluster: Annotated[str, Field(description="Cluster it runs on, by its name in the settings.")]
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


class OperatorDocument(OwnDocument):
    """A Humanitec Operator on a cluster."""

    kind: Literal["Operator"]
    spec: OperatorSpec
