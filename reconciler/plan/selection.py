"""What a pass is limited to."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reconciler.model.identity import ResourceKey
from reconciler.model.state import State


@dataclass(frozen=True, slots=True)
class Selection:
    """What a pass is limited to; empty sets mean everything. `only` holds patterns `Kind/id`.

    `files` are files and folders below the root of the tree, separated by `/`; "" is the root itself.
    """

    targets: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()

    def includes(self, key: ResourceKey) -> bool:
        """True if no pattern was given or one matches."""
        return not self.only or any(key.matches(pattern) for pattern in self.only)

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
        return "; ".join(parts)
