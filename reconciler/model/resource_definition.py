"""Resource definitions, in the file format that `humctl apply` accepts (v1 reference 4 and 9)."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from reconciler.model.document import Frozen, Items, Metadata
from reconciler.model.json import Json, JsonObject
from reconciler.model.limited import Limited, ShownId
from reconciler.vendor import orchestrator_v1 as v1

CRITERION_FIELDS = ("env_type", "app_id", "env_id", "res_id", "class")
DEFAULT_CLASS = "default"


class Criterion(Frozen):
    """One matching rule. Absent and empty fields match anything; `class` defaults to `default`.

    `id` is set by the server and ignored in files (v1 reference 9.3).
    """

    id: str | None = None
    env_type: Annotated[str | None, Field(description="Environment type that must match.")] = None
    app_id: Annotated[str | None, Field(description="Application that must match.")] = None
    env_id: Annotated[str | None, Field(description="Environment that must match.")] = None
    res_id: Annotated[str | None, Field(description="Resource id that must match.")] = None
    class_name: Annotated[
        str | None, Field(alias="class", description="Resource class; defaults to `default`.")
    ] = None

    def selector(self) -> str:
        """Canonical text of the rule, by which criteria are compared.

        >>> Criterion(res_id="agent", env_type="development").selector()
        'env_type=development,res_id=agent'
        """
        return selector_of(self.fields())

    def fields(self) -> dict[str, str]:
        """Fields that are set, in the API's spelling and fixed order; `class` is always included."""
        found: dict[str, str] = {}
        if self.env_type:
            found["env_type"] = self.env_type
        if self.app_id:
            found["app_id"] = self.app_id
        if self.env_id:
            found["env_id"] = self.env_id
        if self.res_id:
            found["res_id"] = self.res_id
        found["class"] = self.class_name or DEFAULT_CLASS
        return found


def selector_of(fields: Mapping[str, str]) -> str:
    """Canonical text of the fields of a criterion; the default class is omitted."""
    return ",".join(
        [f"{name}={value}" for name, value in fields.items() if name != "class" or value != DEFAULT_CLASS]
    )


class DriverInputs(Frozen):
    """Inputs of the driver. `secrets` and `secret_refs` are mutually exclusive (v1 reference 4.6)."""

    values: Annotated[JsonObject | None, Field(description="Plain inputs; read back unchanged.")] = None
    secrets: Annotated[
        JsonObject | None,
        Field(
            description="Secret inputs, write-only: placeholders, or handed in by `!env NAME`, `!file PATH` or "
            "`!secret {…}`; literals are refused."
        ),
    ] = None
    secret_refs: Annotated[
        JsonObject | None,
        Field(
            description="Secret inputs as references: leaves with `store` and `ref`, or with `value`, or handed in by "
            "`!env NAME`, `!file PATH` or `!secret {…}`."
        ),
    ] = None


class Entity(Frozen):
    """The body of a definition, as declared or live."""

    name: Annotated[str, Field(description="Display name.")] = ""
    type: Annotated[str, Field(description="Resource type, such as `k8s-cluster`; it cannot be changed.")]
    driver_type: Annotated[str, Field(description="`humanitec/<driver>` or `<organization>/<driver>`.")]
    driver_account: Annotated[
        str | None, Field(description="Cloud account of the driver, or a placeholder.")
    ] = None
    driver_inputs: DriverInputs | None = None
    provision: Annotated[
        dict[str, dict[str, Json] | None] | None,
        Field(description="Resources provisioned along with this one, by selector `type[.class][#id]`."),
    ] = None
    in_place_driver_change: Annotated[
        bool | None, Field(description="Keep resources when the driver changes; not in legacy mode.")
    ] = None
    criteria: Annotated[
        Items[Criterion] | None,
        Field(description="Matching criteria. Not managed if omitted; `[]`: there must be none."),
    ] = None


class DeclaredEntity(Entity):
    """The body of a definition in a file, within the limits of the API. Live ones are not limited."""

    type: Annotated[
        str,
        Limited(v1.RESOURCE_TYPE),
        Field(description="Resource type, such as `k8s-cluster`; it cannot be changed."),
    ]
    driver_type: Annotated[
        str, Limited(v1.DRIVER_TYPE), Field(description="`humanitec/<driver>` or `<organization>/<driver>`.")
    ]
    driver_account: Annotated[
        Annotated[str, Limited(v1.DRIVER_ACCOUNT)] | None,
        Field(description="Cloud account of the driver, or a placeholder."),
    ] = None


class DefinitionDocument(Frozen):
    """A resource definition as `humctl apply` accepts it."""

    apiVersion: Literal["entity.humanitec.io/v1b1", "core.api.humanitec.io/v1"]  # noqa: N815  the file's spelling
    kind: Literal["Definition"]
    metadata: Annotated[Metadata, ShownId(v1.DEFINITION_ID)]
    entity: DeclaredEntity
