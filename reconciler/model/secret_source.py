"""Where the value of a secret comes from when a plan is applied. Contains names, never values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EnvironmentVariable:
    """The value of an environment variable of the process that applies."""

    name: str

    def __str__(self) -> str:
        return f"environment variable {self.name}"


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The text of a file outside the tree. A relative path is relative to the folder of the settings file."""

    path: str

    def __str__(self) -> str:
        return f"file {self.path}"


@dataclass(frozen=True, slots=True)
class ClusterSecret:
    """One entry of a Secret on a cluster; `cluster` is its name in the settings."""

    cluster: str
    namespace: str
    name: str
    key: str

    def __str__(self) -> str:
        return f"entry {self.key} of Secret {self.namespace}/{self.name} on cluster {self.cluster}"


@dataclass(frozen=True, slots=True)
class NotAtHand:
    """Why a value is not available, worded to follow "not compared" and "not sent"."""

    reason: str


Source = EnvironmentVariable | SecretFile | ClusterSecret
