"""What goes into a look at an organization and what comes out. Free of httpx, so that passes can be typed cheaply."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import OrchestratorError
from reconciler.model.active_resource import ActiveResource
from reconciler.model.kind import Kind
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import Beside


@dataclass(frozen=True)
class Hints:
    """What is already known and spares requests.

    `agents` are those whose keys matter: keys of others are not read, and the kind counts as
    complete without them. `runners` maps ids to the time stamp last seen and the live resource
    to use where the list still shows that stamp. `beside` are the collections that rules ask for.
    `named` are names in collections that are listed only where no live definition or runner rule shows
    that the name exists: what is in use does, so a pass that finds nothing new costs no list.
    """

    agents: frozenset[str] = frozenset()
    runners: Mapping[str, tuple[str, Resource]] = field(default_factory=dict)
    beside: frozenset[Beside] = frozenset()
    named: Mapping[Beside, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Use:
    """What deployments made with definitions, by the definition's id.

    `found` has every definition whose list was read, empty where nothing uses it; `failures` has the others.
    """

    found: Mapping[str, tuple[ActiveResource, ...]] = field(default_factory=dict)
    failures: Mapping[str, OrchestratorError] = field(default_factory=dict)


@dataclass(frozen=True)
class Look:
    """What is live, what could not be read, and what cannot be trusted.

    `unproven` kinds were read and are empty, in an organization that nothing proves to exist:
    whether that is absence is the caller's to judge.
    """

    state: State
    failures: Mapping[Kind, OrchestratorError]
    unproven: frozenset[Kind] = frozenset()
