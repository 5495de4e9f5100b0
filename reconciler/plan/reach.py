"""What a change of the primary store concerns, and how its refusal says so (R63)."""

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.stopping import Stopping
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.wording import plural

_NAMED = 3
"""Most names of one sort in the message; details have all of them."""


@dataclass(frozen=True, slots=True)
class Reach:
    """What a change of the primary store concerns: the whole organization at once.

    `primary` is the id of the present one, "" if it is not known. `without` are those of the `targets` cluster
    definitions that are not known to have a running Operator; "" stands for one that no file declares.
    """

    primary: str
    targets: int
    without: tuple[str, ...] = ()
    phase: str = ""
    """The next step of the switch in words, "" if the mode stays or nothing is known to be missing."""
    missing: tuple[str, ...] = ()
    """Everything that is missing before it, the next step first."""
    stopping: tuple[Stopping, ...] = ()
    unread: tuple[str, ...] = ()
    """What was not read, so that more may be missing, or may stop working."""
    unexamined: tuple[str, ...] = ()
    """What is never looked at and may stop working."""

    def switch(self, *, is_promotion: bool) -> str:
        """What of the organization changes its mode, "" if nothing does (R63)."""
        if is_promotion and self.primary not in (BUILT_IN_STORE, ""):
            return ""
        clusters = plural(self.targets, "cluster definition")
        if not is_promotion:
            return f". It switches the whole organization from direct to legacy: {clusters}{self._effects}"
        lacking = len(self.without)
        names = [name for name in self.without if name]
        named = f" ({', '.join(names)})" if names else ""
        operators = (
            f"{lacking} of them not known to have an Operator{named}" if lacking else "all with an Operator"
        )
        switches = "It switches" if self.primary else "It may switch"
        return f". {switches} the whole organization from legacy to direct: {clusters}, {operators}{self._effects}"

    @property
    def _effects(self) -> str:
        """What is missing, stops working and was not read: numbers and the first names."""
        parts = []
        if self.missing:
            parts.append(f"next: {self.phase}; missing: {_first(self.missing, '; ')}")
        sure, unsure = ([one for one in self.stopping if one.is_sure is is_sure] for is_sure in (True, False))
        if sure:
            verb = "stops" if len(sure) == 1 else "stop"
            parts.append(f"{plural(len(sure), 'thing')} {verb} working ({_names(sure)})")
        if unsure:
            parts.append(f"{plural(len(unsure), 'thing')} may stop working ({_names(unsure)})")
        if self.unread:
            parts.append(f"not known: {_first(self.unread, '; ')}")
        return "".join(f". {part[0].upper()}{part[1:]}" for part in parts)

    @property
    def details(self) -> tuple[str, ...]:
        """Everything that the message only counts."""
        return (
            *(f"missing: {one}" for one in self.missing),
            *(f"not known: {one}" for one in self.unread),
            *(f"{'stops' if one.is_sure else 'may stop'} working: {one}" for one in self.stopping),
            *(f"not looked at: {one}" for one in self.unexamined),
        )


def _names(stopping: Iterable[Stopping]) -> str:
    return _first(dict.fromkeys(one.name for one in stopping), ", ")


def _first(names: Iterable[str], separator: str) -> str:
    every = list(names)
    more = f" and {len(every) - _NAMED} more" if len(every) > _NAMED else ""
    return separator.join(every[:_NAMED]) + more
