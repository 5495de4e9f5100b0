"""What a pass is limited to."""

from dataclasses import dataclass

from reconciler.model.identity import ResourceKey


@dataclass(frozen=True, slots=True)
class Selection:
    """What a pass is limited to; empty sets mean everything. `only` holds patterns `Kind/id`."""

    targets: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()

    def includes(self, key: ResourceKey) -> bool:
        """True if no pattern was given or one matches."""
        return not self.only or any(key.matches(pattern) for pattern in self.only)

    def describe(self) -> str:
        """The selection in words, "" for everything."""
        parts = []
        if self.targets:
            parts.append("targets " + ", ".join(sorted(self.targets)))
        if self.only:
            parts.append("objects " + ", ".join(sorted(self.only)) + " and what they require")
        return "; ".join(parts)
