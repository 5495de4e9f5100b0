"""What a pass is limited to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.identity import ResourceKey
from reconciler.model.state import State


@dataclass(frozen=True, slots=True)
class Selection:
    """What a pass is limited to; empty sets mean everything. `only` holds patterns `Kind/id`.

    With `rotate` or `revoke` it is limited to the keys of these owners, such as `Agent/eu-1`. Those of `rotate` get a
    new key; of those of `revoke`, the key with the fingerprint is not used any more, whatever is cut off by that.

    `files` are files and folders below the root of the tree, separated by `/`; "" is the root itself.
    """

    targets: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    rotate: frozenset[str] = frozenset()
    revoke: tuple[tuple[str, str], ...] = ()

    def includes(self, key: ResourceKey) -> bool:
        """True if no pattern was given or one matches."""
        return not self.only or any(key.matches(pattern) for pattern in self.only)

    @property
    def owners(self) -> frozenset[str]:
        """Owners of the only keys that the pass is about; empty if it is about everything."""
        return self.rotate | {owner for owner, _ in self.revoke}

    def revoked(self, owner: str) -> frozenset[str]:
        """Fingerprints of keys that an owner must not use any more."""
        return frozenset(fingerprint for name, fingerprint in self.revoke if name == owner)

    @property
    def revoked_ids(self) -> frozenset[str]:
        """Ids of the registrations of revoked keys, as `ResourceKey` has them."""
        agents = {
            f"{owner.removeprefix('Agent/')}/{key}"
            for owner, key in self.revoke
            if owner.startswith("Agent/")
        }
        return frozenset(agents | {key for owner, key in self.revoke if owner.startswith("Operator/")})

    def has_file(self, path: str) -> bool:
        """True if no file was given, or this one, or a folder that contains it."""
        return not self.files or any(
            not given or path == given or path.startswith(f"{given}/") for given in self.files
        )

    def among(self, desired: Iterable[State]) -> Callable[[ResourceKey], bool]:
        """Function that is true for selected keys; of files, for what they declare, so that they delete nothing."""
        if not self.files:
            return self.includes
        declared = {
            key
            for state in desired
            for key, resource in state.resources.items()
            if resource.origin is not None and self.has_file(resource.origin.file)
        }
        return lambda key: key in declared and self.includes(key)

    def describe(self) -> str:
        """The selection in words, "" for everything."""
        parts = []
        if self.targets:
            parts.append("targets " + ", ".join(sorted(self.targets)))
        if self.only:
            parts.append("objects " + ", ".join(sorted(self.only)) + " and what they require")
        if self.files:
            parts.append(
                "files " + ", ".join(name or "." for name in sorted(self.files)) + " and what they require"
            )
        if self.owners:
            parts.append("keys of " + ", ".join(sorted(self.owners)))
        return "; ".join(parts)
