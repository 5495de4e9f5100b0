"""Input and result of reading an organization. Does not import httpx, so that passes can import the types cheaply."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import OrchestratorError
from reconciler.model.active_resource import ActiveResource
from reconciler.model.kind import Kind
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import Beside


@dataclass(frozen=True)
class Hints:
    """What is already known, to save requests.

    `agents` are those whose keys are needed: keys of others are not read, and the kind counts as
    complete without them. `runners` maps ids to the timestamp last seen and the live resource to
    use if the list still shows that timestamp. `kinds` are those with a collection of which something
    is declared or recorded; others with a collection are not read, and do not count as complete.
    `beside` are the collections that rules need. `named` are names in collections that are listed only
    if no live definition or runner rule shows that the name exists: names in use are known to exist, so
    a pass without new names needs no list.
    """

    agents: frozenset[str] = frozenset()
    runners: Mapping[str, tuple[str, Resource]] = field(default_factory=dict)
    kinds: frozenset[Kind] = frozenset()
    beside: frozenset[Beside] = frozenset()
    named: Mapping[Beside, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Use:
    """Active resources that deployments made with definitions, by the id of the definition.

    `found` has every definition whose list was read, empty if nothing uses it; `failures` has the others.
    """

    found: Mapping[str, tuple[ActiveResource, ...]] = field(default_factory=dict)
    failures: Mapping[str, OrchestratorError] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """The live state, the kinds that could not be read, and those that cannot be trusted.

    `unproven` kinds were read and are empty, but nothing proves that the organization exists: the
    caller decides whether that means absence.
    """

    state: State
    failures: Mapping[Kind, OrchestratorError]
    unproven: frozenset[Kind] = frozenset()
