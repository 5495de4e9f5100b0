"""Resources that deployments provisioned with a definition, and what a delete does to them (v1 reference 4.7, 4.13)."""

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.model.resource_definition import DEFAULT_CLASS


@dataclass(frozen=True, slots=True)
class ActiveResource:
    """A resource that a deployment provisioned with a definition.

    `criterion` is the server's id of the criterion that selected the definition, "" if the server does not report it.
    `status` is `pending`, `active` or `deleting`.
    """

    definition: str
    criterion: str
    application: str
    environment: str
    environment_type: str
    resource_id: str
    resource_class: str
    type: str
    status: str

    def fits(self, criterion: Mapping[str, str]) -> bool:
        """True if a criterion with these fields selects the definition for this resource (v1 reference 12).

        >>> db = ActiveResource("pg", "", "shop", "dev", "development", "db", "default", "postgres", "active")
        >>> db.fits({"env_type": "development", "class": "default"}), db.fits({"app_id": "till"}), db.fits({})
        (True, False, True)
        """
        own = {
            "app_id": self.application,
            "env_id": self.environment,
            "env_type": self.environment_type,
            "res_id": self.resource_id,
        }
        return criterion.get("class", DEFAULT_CLASS) == self.resource_class and all(
            not criterion.get(name) or criterion[name] == value for name, value in own.items()
        )

    def __str__(self) -> str:
        """`application/environment/resource`, as refusals by the server name it."""
        return f"{self.application}/{self.environment}/{self.resource_id}"


@dataclass(frozen=True, slots=True)
class Rematch:
    """An active resource that a refused delete would move to another definition; `after` is "" if none matches."""

    application: str
    environment: str
    resource_id: str
    before: str
    after: str
