"""Organizations that each installed Agent serves: Agents of documents, and those installed by manifests."""

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.facts.agent_installation import named, organizations_served, place_of_organizations
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import agent_installations
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.origin import Origin


@dataclass(frozen=True, slots=True)
class Service:
    """One installation and the organizations that it serves, each with the place that says so.

    `agent` is None for manifests, which do not say which Agent they install. `organizations` is None if they are
    those of the Agent; entries that are filled in later are omitted, in which case `has_open_part` is true.
    """

    name: str
    place: Origin
    organizations: tuple[tuple[str, Origin], ...] | None
    has_open_part: bool
    agent: Declared[AgentDocument] | None = None

    def may_serve(self, organization: str) -> bool:
        """True if it serves the organization, or if that cannot be ruled out."""
        if self.has_open_part:
            return True
        if self.organizations is not None:
            return any(name == organization for name, _ in self.organizations)
        listed = None if self.agent is None else self.agent.document.spec.organizations
        return listed is None or organization in listed


def services(scope: Scope) -> Iterator[Service]:
    """Installations that any document of the tree declares, and ConfigMaps of Agents in it."""
    for installed in scope.all_agent_installs:
        yield _of_document(installed)
    for found in agent_installations(scope.everything):
        organizations = tuple((organization, found.origin) for organization in found.organizations)
        yield Service("The installation", found.origin, organizations, found.has_open_part)


def _of_document(installed: InstalledAgent) -> Service:
    name, place, agent = named(installed), installed.origin(), installed.agent
    path = place_of_organizations(installed)
    if path is None:
        return Service(name, place, None, has_open_part=False, agent=agent)
    entries = organizations_served(installed) or ()
    served = tuple(
        (entry, installed.origin((*path, index) if path == ("orgs",) else path))
        for index, entry in enumerate(entries)
        if entry and not is_filled_in(entry)
    )
    return Service(name, place, served, any(map(is_filled_in, entries)), agent)
