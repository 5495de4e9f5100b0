"""Differences between two versions of the settings, one by one, each with what it concerns.

Takes documents, not models: `reconciler.cli` passes what the file says and what is in effect.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.diff.change import ABSENT, Absent
from reconciler.model.json import Json, JsonObject
from reconciler.model.origin import Origin

Path = tuple[str, ...]
_ANY = "*"


class Concern(StrEnum):
    """What a setting concerns. A preview lists all but `OTHER` first."""

    OWNERSHIP = "ownership"
    SAFETY = "safety"
    ADDRESS = "address"
    TOKEN = "token"  # noqa: S105  a word about settings
    MODE = "mode"
    OTHER = "other"


_CONNECTION: Mapping[Path, Concern] = {
    ("url",): Concern.ADDRESS,
    ("token", "env"): Concern.TOKEN,
    ("token", "file"): Concern.TOKEN,
}
CONCERNS: Mapping[Path, Concern] = {
    ("version",): Concern.OTHER,
    ("instance",): Concern.OWNERSHIP,
    ("targets", _ANY, "organization"): Concern.OWNERSHIP,
    ("targets", _ANY, "paths"): Concern.OWNERSHIP,
    **{("targets", _ANY, "orchestrator", *path): concern for path, concern in _CONNECTION.items()},
    **{("targets", _ANY, "runners", *path): concern for path, concern in _CONNECTION.items()},
    ("targets", _ANY, "mode"): Concern.MODE,
    ("targets", _ANY, "primaryStore"): Concern.MODE,
    ("targets", _ANY, "builtIn", "disabled"): Concern.OWNERSHIP,
    ("clusters", _ANY, "kubeconfig", "path"): Concern.ADDRESS,
    ("clusters", _ANY, "kubeconfig", "context"): Concern.ADDRESS,
    ("clusters", _ANY, "inCluster"): Concern.ADDRESS,
    ("clusters", _ANY, "directory"): Concern.ADDRESS,
    ("clusters", _ANY, "operator"): Concern.MODE,
    ("clusters", _ANY, "apiServer", "public"): Concern.OTHER,
    ("clusters", _ANY, "platform"): Concern.OTHER,
    ("clusters", _ANY, "kubernetesVersion"): Concern.OTHER,
    ("clusters", _ANY, "network"): Concern.OTHER,
    ("clusters", _ANY, "definitions"): Concern.OTHER,
    ("policy", "default", "prune"): Concern.OWNERSHIP,
    ("policy", "default", "drift"): Concern.SAFETY,
    ("policy", "kinds", _ANY, "prune"): Concern.OWNERSHIP,
    ("policy", "kinds", _ANY, "drift"): Concern.SAFETY,
    ("safety", "maxDelete"): Concern.SAFETY,
    ("safety", "protect"): Concern.SAFETY,
    ("inventory", "file", "directory"): Concern.OWNERSHIP,
    ("inventory", "git", "remote"): Concern.OWNERSHIP,
    ("inventory", "none"): Concern.OWNERSHIP,
    ("inventory", "digestKey", "env"): Concern.TOKEN,
    ("inventory", "digestKey", "file"): Concern.TOKEN,
    ("profile",): Concern.SAFETY,
    ("rules", _ANY, "severity"): Concern.SAFETY,
    ("rules", _ANY, "reason"): Concern.SAFETY,
    ("rules", _ANY, "until"): Concern.SAFETY,
    ("network", "privateHosts"): Concern.OTHER,
    ("apply", "concurrency"): Concern.OTHER,
    ("watch", "pollSeconds"): Concern.OTHER,
    ("watch", "resyncSeconds"): Concern.OTHER,
    ("watch", "backoffMaxSeconds"): Concern.OTHER,
    ("watch", "listen"): Concern.ADDRESS,
    ("limits", _ANY): Concern.OTHER,
}
"""What each setting concerns; `*` is any name chosen by the user, or every setting of a group."""


@dataclass(frozen=True, slots=True)
class SettingsDocument:
    """Settings as documents: `given` is what the file says, `effective` includes the defaults."""

    given: JsonObject
    effective: JsonObject


NO_SETTINGS = SettingsDocument({}, {})


@dataclass(frozen=True, slots=True)
class SettingChange:
    """One setting that differs. Settings only name tokens, so no value is secret."""

    path: Path
    concern: Concern
    before: Json | Absent
    after: Json | Absent


@dataclass(frozen=True, slots=True)
class SettingsChange:
    """All differences of the settings. `in_force` says in words which settings the preview uses, and why."""

    in_force: str
    settings: tuple[SettingChange, ...]
    places: Mapping[Path, Origin] = field(default_factory=dict)
    """Lines of the change's own file."""

    @property
    def grave(self) -> tuple[SettingChange, ...]:
        """Those that concern ownership, safety, addresses, tokens or modes, in this order."""
        order = list(Concern)
        found = [setting for setting in self.settings if setting.concern is not Concern.OTHER]
        return tuple(sorted(found, key=lambda setting: (order.index(setting.concern), setting.path)))

    @property
    def others(self) -> tuple[SettingChange, ...]:
        """The rest."""
        return tuple(setting for setting in self.settings if setting.concern is Concern.OTHER)


def compare_settings(before: SettingsDocument, after: SettingsDocument) -> tuple[SettingChange, ...]:
    """Settings whose effective values differ, sorted by path.

    Of what is on one side only, such as a new target, defaults that the file does not set are left out.
    """
    old, new = dict(_leaves(before.effective)), dict(_leaves(after.effective))
    given = {path for side in (before, after) for path, _ in _leaves(side.given)}
    return tuple(
        SettingChange(path, concern_of(path), old.get(path, ABSENT), new.get(path, ABSENT))
        for path in sorted(old.keys() | new.keys())
        if old.get(path, ABSENT) != new.get(path, ABSENT) and (path in given or (path in old and path in new))
    )


def concern_of(path: Path) -> Concern:
    """What a setting concerns; one missing in `CONCERNS` counts as safety, so that it is not overlooked."""
    for pattern, concern in CONCERNS.items():
        if len(pattern) == len(path) and all(
            step in (_ANY, name) for step, name in zip(pattern, path, strict=True)
        ):
            return concern
    return Concern.SAFETY


def _leaves(document: Json, path: Path = ()) -> Iterator[tuple[Path, Json]]:
    """Every value that is not a mapping, with its path; null means that the setting is not given."""
    if isinstance(document, dict):
        for name, inner in document.items():
            yield from _leaves(inner, (*path, name))
    elif document is not None:
        yield path, document
