"""Keys of each Agent in an organization: declared, registered, and mounted."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.facts.key_place import Found, key_places, look
from reconciler.facts.scope import Scope
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.identity import ResourceKey
from reconciler.model.key import KeyDocument, KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.state import Resource
from reconciler.model.unseen import Unseen, unspecified


@dataclass(frozen=True, slots=True)
class AgentKeys:
    """Keys of one Agent, by fingerprint; `live` is None if the live keys were not read.

    `places` is what was found at every declared place; if one of them could not be read, or none is
    declared, no key is known to be unused. `is_certain` is false if a declared key is not known, because it
    could not be parsed or its place was not read.
    """

    agent: Declared[AgentDocument]
    declared: Mapping[str, Declared[KeyDocument]]
    live: Mapping[str, Resource] | None
    places: tuple[Found, ...]
    is_certain: bool

    @property
    def id(self) -> str:
        """Id of the Agent."""
        return self.agent.document.metadata.id

    @property
    def mounted(self) -> dict[str, Found]:
        """Fingerprints of the keys found in Secrets, each with the first place it was found at."""
        found: dict[str, Found] = {}
        for place in self.places:
            if place.key is not None and place.key.fingerprint:
                found.setdefault(place.key.fingerprint, place)
        return found

    @property
    def unseen(self) -> Unseen | None:
        """Why not every mounted key is known, None if all are."""
        if not self.places:
            return unspecified(f"where Agent `{self.id}` keeps its private key is not declared")
        return next((place.unseen for place in self.places if place.unseen is not None), None)

    def origin_of(self, fingerprint: str) -> Origin:
        """Place of the public key in its document, else of the Agent's id."""
        declared = self.declared.get(fingerprint)
        return (
            self.agent.origin(("metadata", "id"))
            if declared is None
            else declared.origin(("spec", "publicKey"))
        )

    def key_of(self, scope: Scope, fingerprint: str) -> ResourceKey:
        """Key of the registration."""
        return scope.key(Kind.KEY, f"{self.id}/{fingerprint}")


def agent_keys(scope: Scope) -> Iterator[AgentKeys]:
    """Every Agent that is registered in the organization, once, in the order of the files."""
    declared, unparsed = declared_keys(scope)
    live = live_keys(scope)
    places: dict[KeyOwner, list[Found]] = defaultdict(list)
    for place in key_places(scope):
        if place.owner.agent is not None:
            places[place.owner].append(look(scope, place))
    for agent_id, agent in {agent.document.metadata.id: agent for agent in scope.agents}.items():
        owner = KeyOwner(agent=agent_id)
        yield AgentKeys(
            agent,
            declared.get(owner, {}),
            None if live is None else live.get(agent_id, {}),
            tuple(places.get(owner, ())),
            owner not in unparsed,
        )


def declared_keys(
    scope: Scope,
) -> tuple[Mapping[KeyOwner, Mapping[str, Declared[KeyDocument]]], frozenset[KeyOwner]]:
    """Declared keys of the target by owner and fingerprint, and the owners with one that is not known."""
    found: dict[KeyOwner, dict[str, Declared[KeyDocument]]] = defaultdict(dict)
    unparsed: set[KeyOwner] = set()
    for declared in scope.declarations.keys:
        owner, public_keys = declared.document.spec.for_, scope.public_keys_of(declared)
        if not public_keys:
            unparsed.add(owner)
        for public_key in public_keys:
            found[owner].setdefault(public_key.fingerprint, declared)
    return found, frozenset(unparsed)


def is_shared(agent: Declared[AgentDocument]) -> bool:
    """True for an Agent of several organizations."""
    return len(set(agent.document.spec.organizations or ())) > 1


def live_keys(scope: Scope) -> Mapping[str, Mapping[str, Resource]] | None:
    """Registered keys by Agent and fingerprint; None if they were not listed completely."""
    if not scope.has_read(Kind.KEY):
        return None
    found: dict[str, dict[str, Resource]] = defaultdict(dict)
    for resource in scope.live_of(Kind.KEY):
        agent, _, fingerprint = resource.key.id.partition("/")
        found[agent][fingerprint] = resource
    return found


def is_waiting(resource: Resource) -> bool:
    """True if the server reports that it does not accept the key yet; false also if it reports nothing."""
    return resource.status.get("is_authorized") == "false"
