"""What a pass is limited to."""

from dataclasses import dataclass

from reconciler.model.identity import ResourceKey


@dataclass(frozen=True, slots=True)
class Selection:
    """What a pass is limited to; empty sets mean everything. `only` holds patterns `Kind/id`.

    With `rotate` or `revoke` it is limited to the keys of these owners, such as `Agent/eu-1`. Those of `rotate` get a
    new key; of those of `revoke`, the key with the fingerprint is not used any more, whatever is cut off by that.
    """

    targets: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
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

    def describe(self) -> str:
        """The selection in words, "" for everything."""
        parts = []
        if self.targets:
            parts.append("targets " + ", ".join(sorted(self.targets)))
        if self.only:
            parts.append("objects " + ", ".join(sorted(self.only)) + " and what they require")
        if self.owners:
            parts.append("keys of " + ", ".join(sorted(self.owners)))
        return "; ".join(parts)
