"""The switch of an organization to another primary store, and with it to another mode (agent and operator 4).

Nothing is stored: what is missing next follows from what is seen. An organization leaves legacy mode in this order:

    store registered -> key for drivers in its Secret and registered -> chart installed and working -> custom resource
    of the store on every cluster -> the store becomes primary

Going back takes one step, because no Operator is needed. Every step is a change of the files with the approval that
its guard asks for; this procedure allows the last one where everything before it was seen.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from reconciler.errors import ExitCode
from reconciler.model.stopping import Stopping
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.unread import Unread

LEGACY = "legacy"
SHARED_VALUES = (
    "secret shared values of applications, which are not read: those in the built-in store stop working"
)
"""What this product never looks at; `secret_store_id: humanitec` marks them."""


class Phase(StrEnum):
    """What comes next."""

    NONE = "none"
    """Nothing changes the mode."""
    REGISTER = "register"
    KEY = "key"
    CHART = "chart"
    CUSTOM_RESOURCE = "custom resource"
    PRIMARY = "primary"
    UNKNOWN = "unknown"
    """Nothing is known to be missing, and something was not read."""


STEPS = (Phase.REGISTER, Phase.KEY, Phase.CHART, Phase.CUSTOM_RESOURCE)
"""What comes before the store becomes primary, in this order."""
WORDS: Mapping[Phase, str] = MappingProxyType(
    {
        Phase.NONE: "nothing changes the mode",
        Phase.REGISTER: "the store is registered",
        Phase.KEY: "the key for drivers is in its Secret and registered",
        Phase.CHART: "the Operator works",
        Phase.CUSTOM_RESOURCE: "the store is a custom resource on every cluster",
        Phase.PRIMARY: "the store becomes primary",
        Phase.UNKNOWN: "what could not be read is looked at",
    }
)
"""What each step achieves."""


@dataclass(frozen=True, slots=True)
class DefinitionMode:
    """A cluster definition or Git target. `before` is "" for one that does not exist yet.

    `cluster` is "" if it is not known which one it deploys to.
    """

    id: str
    before: str | Unread
    after: str | Unread
    cluster: str = ""
    place: str = ""

    @property
    def needs_operator(self) -> bool:
        """True unless it is known that no Operator is needed afterwards."""
        return self.after != LEGACY


@dataclass(frozen=True, slots=True)
class OperatedCluster:
    """A cluster that needs an Operator afterwards. Each member says what is missing, "" if nothing is."""

    name: str
    key: str | Unread = ""
    chart: str | Unread = ""
    store: str | Unread = ""


@dataclass(frozen=True, slots=True)
class StoreSwitch:
    """An organization with its primary store before and after. `registered` says what is missing of the new one.

    `unread` are facts about what stops working that were not read.
    """

    organization: str
    before: str | Unread
    after: str | Unread
    registered: str | Unread = ""
    definitions: tuple[DefinitionMode, ...] = ()
    clusters: tuple[OperatedCluster, ...] = ()
    stopping: tuple[Stopping, ...] = ()
    unread: tuple[Unread, ...] = ()

    @property
    def may_switch(self) -> bool:
        """True unless it is known that deployments stay in their mode: legacy is that of the built-in store."""
        if isinstance(self.before, Unread) or isinstance(self.after, Unread):
            return self.before != self.after
        return (self.before == BUILT_IN_STORE) != (self.after == BUILT_IN_STORE)

    @property
    def leaves_legacy(self) -> bool:
        """True unless Operators are known to be needed before as well, or not needed afterwards."""
        return self.may_switch and self.after != BUILT_IN_STORE


@dataclass(frozen=True, slots=True)
class Lack:
    """One thing that a step waits for. `is_unread` is true where nothing is known to be missing."""

    step: Phase
    what: str
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """Where a switch is: what comes next, everything that is missing, and what stops working at its end."""

    phase: Phase
    lacks: tuple[Lack, ...] = ()
    stopping: tuple[Stopping, ...] = ()
    unread: tuple[str, ...] = ()
    """What may stop working, and could not be looked at."""
    moving: tuple[DefinitionMode, ...] = ()
    """Definitions whose mode changes, or may."""

    @property
    def is_ready(self) -> bool:
        """The gate: true where the store can become primary, as far as everything before it was seen to be done."""
        return self.phase is Phase.PRIMARY

    @property
    def missing(self) -> tuple[str, ...]:
        """What the next step waits for; where nothing is known to be missing, what was not read."""
        if self.phase is Phase.UNKNOWN:
            return (*(lack.what for lack in self.lacks if lack.is_unread), *self.unread)
        return tuple(lack.what for lack in self.lacks if lack.step is self.phase and not lack.is_unread)


@dataclass(frozen=True, slots=True)
class ModeReport:
    """Every organization, by target. `unread` are targets and clusters that could not be read.

    `refused` is the number of errors of the files, which left something out.
    """

    switches: Mapping[str, StoreSwitch]
    unread: Mapping[str, Unread]
    refused: int = 0

    @property
    def exit_code(self) -> ExitCode:
        """UNREADABLE where something could not be read, or where a mode or what a switch needs is not known."""
        is_whole = not self.unread and all(map(_is_known, self.switches.values()))
        return ExitCode.DONE if is_whole else ExitCode.UNREADABLE


def _is_known(facts: StoreSwitch) -> bool:
    course = store_switch(facts)
    modes = [mode for one in facts.definitions for mode in (one.before, one.after)]
    unknown = (facts.before, facts.after, *modes)
    return not (
        any(isinstance(one, Unread) for one in unknown)
        or any(lack.is_unread for lack in course.lacks)
        or course.unread
    )


def store_switch(facts: StoreSwitch) -> Course:
    """Where the switch of an organization is."""
    moving = tuple(
        one for one in facts.definitions if one.before != one.after or isinstance(one.after, Unread)
    )
    lacks = tuple(_lacks(facts))
    unread = tuple(one.reason for one in facts.unread)
    if not facts.may_switch:
        return Course(_of_git_targets(moving, lacks), lacks, facts.stopping, unread, moving)
    return Course(_phase(facts, lacks), lacks, facts.stopping, unread, moving)


def _of_git_targets(moving: tuple[DefinitionMode, ...], lacks: tuple[Lack, ...]) -> Phase:
    """What is missing where only definitions change: to Git or back, under the same primary store."""
    if not any(one.before for one in moving):
        return Phase.NONE
    return _first(lacks) or (Phase.UNKNOWN if lacks else Phase.NONE)


def _phase(facts: StoreSwitch, lacks: tuple[Lack, ...]) -> Phase:
    first = _first(lacks)
    # Where all else is there, a store can be registered and become primary in one step.
    if first is not None and any(not one.is_unread and one.step is not Phase.REGISTER for one in lacks):
        return first
    if isinstance(facts.before, Unread) or isinstance(facts.after, Unread):
        return Phase.UNKNOWN
    return Phase.UNKNOWN if facts.unread or any(one.is_unread for one in lacks) else Phase.PRIMARY


def _first(lacks: tuple[Lack, ...]) -> Phase | None:
    """The first step of which something is known to be missing."""
    known = {lack.step for lack in lacks if not lack.is_unread}
    return next((step for step in STEPS if step in known), None)


def _lacks(facts: StoreSwitch) -> Iterator[Lack]:
    """Everything that is missing, or was not read, in the order of the steps."""
    if facts.may_switch:
        for store in (facts.before, facts.after):
            if isinstance(store, Unread):
                yield Lack(Phase.PRIMARY, store.reason, is_unread=True)
    if facts.may_switch and not facts.leaves_legacy:
        return
    if facts.may_switch:
        yield from _lack(Phase.REGISTER, facts.registered)
    for cluster in facts.clusters:
        yield from _lack(Phase.KEY, cluster.key, cluster.name)
    yield from _without_cluster(facts)
    for cluster in facts.clusters:
        yield from _lack(Phase.CHART, cluster.chart, cluster.name)
    for cluster in facts.clusters:
        yield from _lack(Phase.CUSTOM_RESOURCE, cluster.store, cluster.name)


def _without_cluster(facts: StoreSwitch) -> Iterator[Lack]:
    for one in facts.definitions:
        if not one.cluster and one.needs_operator and one.before != one.after:
            what = f"which cluster {one.id} deploys to is not known, so neither is whether it has an Operator"
            yield Lack(Phase.CHART, what, is_unread=True)


def _lack(step: Phase, found: str | Unread, cluster: str = "") -> Iterator[Lack]:
    at = f"cluster {cluster}: " if cluster else ""
    if isinstance(found, Unread):
        yield Lack(step, f"{at}{found.reason}", is_unread=True)
    elif found:
        yield Lack(step, f"{at}{found}")
