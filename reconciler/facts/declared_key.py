"""Declared keys of Agents, as rules about installations see them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.facts.agent_installation import KEY_ENTRY
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.key import KeyDocument, PrivateKeySource


@dataclass(frozen=True, slots=True)
class AgentKey:
    """A key of an Agent. `fingerprint` is None if the key is not known."""

    document: Declared[KeyDocument]
    fingerprint: str | None

    @property
    def place(self) -> PrivateKeySource | None:
        """Where the private half is kept."""
        return self.document.document.spec.privateKey

    def is_in(self, cluster: str, namespace: str, secret: str) -> bool:
        """True if the private half is declared to be in a Secret."""
        place = self.place
        return place is not None and (place.cluster, place.namespace, place.secret) == (
            cluster,
            namespace,
            secret,
        )

    @property
    def is_entry_named(self) -> bool:
        """True if the document names the entry."""
        return self.place is not None and self.place.key is not None

    @property
    def entry(self) -> str:
        """Entry of the Secret; the guide's default if none is declared."""
        place = self.place
        return KEY_ENTRY if place is None or place.key is None else place.key


def keys_by_agent(scope: Scope) -> Mapping[str, Sequence[AgentKey]]:
    """Keys that any document of the tree declares for an Agent, by its id."""
    found: dict[str, list[AgentKey]] = defaultdict(list)
    for agent, key in _keys(scope):
        found[agent].append(key)
    return found


def _keys(scope: Scope) -> Iterator[tuple[str, AgentKey]]:
    for document in scope.everything.keys:
        agent = document.document.spec.for_.agent
        if agent is not None:
            found = scope.public_keys_of(document)
            for public_key in found:
                yield agent, AgentKey(document, public_key.fingerprint)
            if not found:
                yield agent, AgentKey(document, None)


def fingerprints(keys: Sequence[AgentKey]) -> set[str]:
    """Fingerprints of the keys that could be parsed."""
    return {key.fingerprint for key in keys if key.fingerprint is not None}
