"""The request for one pass: its settings, edges, selection and purpose. Constant during the pass."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.cluster.client import ClusterClient, ProbeClient
from reconciler.errors import ClusterAccessError
from reconciler.inventory.store import InventoryStore
from reconciler.model.declaration import Declarations
from reconciler.model.desired import desired_state, digested, handed_in
from reconciler.model.handed import HandIn, nothing_at_hand
from reconciler.model.identity import TargetName
from reconciler.model.place import Place
from reconciler.model.secret import Digester
from reconciler.model.state import State
from reconciler.passes.result import Purpose
from reconciler.plan.action import ActionId
from reconciler.plan.selection import Selection
from reconciler.settings import Settings, Target
from reconciler.source.tree import Tree

if TYPE_CHECKING:
    from reconciler.keystore.key_pair import KeyPair
    from reconciler.model.key import Algorithm
    from reconciler.orchestrator.client import Orchestrator  # brings httpx, which a validation does not need


def no_cluster(name: str) -> ClusterClient:
    """A connection where there are none. Raises ClusterAccessError."""
    raise ClusterAccessError(f"cluster {name} cannot be reached from here")


def no_probe(name: str) -> ProbeClient:
    """A probe where no pod can be created. Raises ClusterAccessError."""
    raise ClusterAccessError(f"no pod can be created on cluster {name} from here")


def make_key(algorithm: "Algorithm", bits: int) -> "KeyPair":
    """A new key pair. Loads the library for it only then."""
    from reconciler.keystore.key_pair import generated  # noqa: PLC0415  a pass without keys does not need it

    return generated(algorithm, bits)


@dataclass(frozen=True, slots=True)
class Adapters:
    """The edges, built by the caller. The clients of `connect` can send changes only in an apply.

    `hand_in` looks up secret values that documents name but do not contain.
    """

    read_tree: Callable[[], Tree]
    load: Callable[[Tree], Declarations]
    connect: "Callable[[TargetName], Orchestrator]"
    inventory: InventoryStore
    digester: Digester
    now: Callable[[], datetime]
    connect_cluster: Callable[[str], ClusterClient] = no_cluster
    """The client of a cluster of the settings; like those of `connect`, it can send changes only in an apply."""
    tries_on_clusters: bool = False
    """True where clusters are asked what would become of each object, as a dry run."""
    connect_probe: Callable[[str], ProbeClient] = no_probe
    """A client that can create and delete probe pods on a cluster, and nothing else, for `doctor --probe` alone."""
    make_key: "Callable[[Algorithm, int], KeyPair]" = make_key
    """A new key pair; the number is the size of an RSA key."""
    rendered: tuple[str, ...] = ()
    """Folders of the tree with files rendered for clusters, relative to its root."""
    has_any_cluster: bool = False
    """True where every cluster that files name can be connected to, also those that the settings do not have."""
    hand_in: HandIn = nothing_at_hand
    read_base: Callable[[], Tree] | None = None
    is_ancestor: Callable[[str, str], bool | None] = lambda _older, _newer: None
    """True if the first commit is an ancestor of the second, None where the history is not at hand."""
    base_name: str = ""
    base_disabled: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`builtIn.disabled` at the base of a preview, of targets where the change edits it."""


@dataclass(frozen=True)
class Pass:
    """One pass: its settings, edges, selection and purpose, and when it started."""

    settings: Settings
    adapters: Adapters
    selection: Selection
    purpose: Purpose
    started_at: datetime
    shown: frozenset[ActionId] | None = None
    """Actions of the plan that this pass goes on with: of others, only those of rotations are carried out."""
    clock: float = field(default_factory=monotonic)

    @cached_property
    def targets(self) -> Mapping[TargetName, Target]:
        """The selected targets, by name."""
        chosen = self.selection.targets
        return {
            TargetName(name): target
            for name, target in self.settings.targets.items()
            if not chosen or name in chosen
        }

    def place(self, target: TargetName) -> Place:
        """The organization of a target."""
        return self.settings.place(target)

    def desired(self, declarations: Declarations, place: Place) -> State:
        """Desired state of a place, with the values that are handed in and a digest of every literal."""
        handed = handed_in(desired_state(declarations, place), self.adapters.hand_in)
        return digested(handed, self.adapters.digester)


def begin(settings: Settings, adapters: Adapters, selection: Selection, purpose: Purpose) -> Pass:
    """A pass that starts now."""
    return Pass(settings, adapters, selection, purpose, adapters.now())
