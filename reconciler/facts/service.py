"""Which organizations the installations of our own documents serve, for R04 and R05."""

from collections.abc import Iterator

from reconciler.facts.agent_installation import named, organizations_served, place_of_organizations
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.pattern import is_filled_in
from reconciler.facts.scope import Scope
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin

Served = tuple[str, Origin]
"""An organization and the place that says it is served."""


def served(installed: InstalledAgent) -> list[Served] | None:
    """Organizations that an installation itself names; None where they are those of the Agent."""
    install = installed.install
    path = place_of_organizations(installed)
    if path is None:
        return None
    entries = organizations_served(installed) or ()
    is_list = install.orgs is not None and path == ("orgs",)
    return [
        (entry, installed.origin((*path, index) if is_list else path))
        for index, entry in enumerate(entries)
        if entry and not is_filled_in(entry)
    ]


def registered_where_served(scope: Scope) -> Iterator[Finding | Unknown]:
    """Compare what installations serve with where their Agents are registered (R05)."""
    here = {agent.origin() for agent in scope.agents}
    targets = {target.organization for target in scope.settings.targets.values()} | {scope.organization}
    for installed in scope.all_agent_installs:
        entries = served(installed)
        if entries is None:
            continue
        is_here = installed.agent.origin() in here
        for organization, origin in entries:
            if organization == scope.organization and not is_here:
                yield _unregistered(installed, organization, origin, targets)
            elif organization not in targets and is_here:
                yield from _without_target(installed, organization, origin, targets)
        if is_here and not _is_served(scope, installed):
            yield _idle(scope, installed)


def _unregistered(installed: InstalledAgent, organization: str, origin: Origin, known: set[str]) -> Finding:
    return Finding(
        "R05",
        Severity.ERROR,
        f"{named(installed)} serves `{organization}` but is not registered there; it would be refused (401)",
        origin,
        others=(installed.agent.origin(("spec", "organizations")),),
        advice=did_you_mean(organization, sorted(known - {organization}))
        or f"Add `{organization}` to the Agent's `organizations`, or take it out here.",
    )


def _without_target(
    installed: InstalledAgent, organization: str, origin: Origin, targets: set[str]
) -> Iterator[Finding | Unknown]:
    """Where no target has the organization, only the document can tell, and only if it lists organizations."""
    listed = installed.agent.document.spec.organizations
    if listed is None:
        yield Unknown(
            "R05",
            f"{named(installed)} serves `{organization}`, which no target of the settings has, and its Agent lists "
            "no organizations",
        )
    elif organization not in listed:
        yield _unregistered(installed, organization, origin, {*listed, *targets})


def _is_served(scope: Scope, installed: InstalledAgent) -> bool:
    """True where some installation of the Agent serves the organization, or may: parts of it may be filled in."""
    for other in scope.all_agent_installs:
        if other.agent.origin() != installed.agent.origin():
            continue
        entries = organizations_served(other)
        if entries is None or any(entry == scope.organization or is_filled_in(entry) for entry in entries):
            return True
    return False


def _idle(scope: Scope, installed: InstalledAgent) -> Finding:
    return Finding(
        "R05",
        Severity.WARNING,
        f"Agent `{installed.id}` is registered in `{scope.organization}`, which no installation of it serves",
        installed.origin(),
        key=scope.key(Kind.AGENT, installed.id),
        advice=f"Add `{scope.organization}` to what the installation serves, or take it out of the Agent's "
        "`organizations`.",
    )
