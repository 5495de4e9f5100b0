"""Where things are: an organization of an orchestrator, or a Kubernetes cluster."""

from enum import StrEnum
from typing import NamedTuple


class Realm(StrEnum):
    """Kind of a place."""

    ORGANIZATION = "organization"
    CLUSTER = "cluster"


class Place(NamedTuple):
    """One organization or one cluster.

    `name` is the organization's id, or the cluster's name in the settings. `target` is set only if two
    targets reach organizations with the same id at different addresses: these are two places.
    """

    realm: Realm
    name: str
    target: str = ""

    def __str__(self) -> str:
        """The name, with the target in front if the name alone is ambiguous.

        >>> str(organization("acme")), str(Place(Realm.ORGANIZATION, "acme", "test"))
        ('acme', 'test: acme')
        """
        return f"{self.target}: {self.name}" if self.target else self.name


def organization(name: str) -> Place:
    """An organization by its id."""
    return Place(Realm.ORGANIZATION, name)


def cluster(name: str) -> Place:
    """A cluster by its name in the settings."""
    return Place(Realm.CLUSTER, name)
