"""What a pass is asked to do, and the edges it does it with. Nothing here changes during a pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.inventory.store import InventoryStore
from reconciler.model.declaration import Declarations
from reconciler.model.desired import desired_state, digested, handed_in
from reconciler.model.handed import HandIn, nothing_at_hand
from reconciler.model.identity import TargetName
from reconciler.model.place import Place
from reconciler.model.secret import Digester
from reconciler.model.state import State
from reconciler.passes.result import Purpose
from reconciler.plan.selection import Selection
from reconciler.settings import Settings, Target
from reconciler.source.tree import Tree

if TYPE_CHECKING:
    from reconciler.orchestrator.client import Orchestrator  # brings httpx, which a validation does not need


@dataclass(frozen=True, slots=True)
class Adapters:
    """The edges, built by the caller. `connect` opens a client that may write only for an apply.

    `hand_in` looks up values of secrets that documents name and do not hold.
    """

    read_tree: Callable[[], Tree]
    load: Callable[[Tree], Declarations]
    connect: "Callable[[TargetName], Orchestrator]"
    inventory: InventoryStore
    digester: Digester
    now: Callable[[], datetime]
    hand_in: HandIn = nothing_at_hand
    read_base: Callable[[], Tree] | None = None
    base_name: str = ""
    base_disabled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`builtIn.disabled` of the base, of targets whose setting the change of a preview edits."""


@dataclass(frozen=True)
class Pass:
    """One pass: its settings, edges, selection and purpose, and when it started."""

    settings: Settings
    adapters: Adapters
    selection: Selection
    purpose: Purpose
    started_at: datetime
    clock: float = field(default_factory=monotonic)

    @cached_property
    def targets(self) -> Mapping[TargetName, Target]:
        """The targets that were asked for, by name."""
        chosen = self.selection.targets
        return {
            TargetName(name): target
            for name, target in self.settings.targets.items()
            if not chosen or name in chosen
        }

    def place(self, target: TargetName) -> Place:
        """The organization that a target holds."""
        return self.settings.place(target)

    def desired(self, declarations: Declarations, place: Place) -> State:
        """What the files ask for, with the values that are handed in and digests of every literal."""
        handed = handed_in(desired_state(declarations, place), self.adapters.hand_in)
        return digested(handed, self.adapters.digester)


def begin(settings: Settings, adapters: Adapters, selection: Selection, purpose: Purpose) -> Pass:
    """A pass that starts now."""
    return Pass(settings, adapters, selection, purpose, adapters.now())
