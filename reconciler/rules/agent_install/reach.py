"""Rules about what Agents are there for: R47, R49 (agent and operator 2.2, 2.9)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.facts.agent_installation import reaches
from reconciler.facts.agent_manifest import agent_deployments
from reconciler.facts.asking import Ask, Member
from reconciler.facts.definition import AGENT_TYPE, CLUSTER_TYPE, DeclaredDefinition, dig
from reconciler.facts.git_target import is_git_target
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import agent_installations
from reconciler.facts.pattern import is_open
from reconciler.facts.scope import Scope
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import untold
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side


@dataclass(frozen=True, slots=True)
class _User:
    """Something declared that sends traffic through an Agent."""

    name: str
    origin: Origin


def _in_use(scope: Scope) -> Iterator[Finding | Unknown]:
    running = {installed.id for installed in scope.all_agent_installs}
    by_manifests = _is_installed_by_manifests(scope)
    referred, is_open_ended = _referred(scope)
    is_told = scope.has_read(Kind.DEFINITION) and not is_open_ended
    unplaced = scope.agent_ids - running if running else frozenset()
    unnamed = scope.agent_ids - referred
    users = _users(scope) if unplaced and not by_manifests else {}
    for agent in scope.agents:
        name = agent.document.metadata.id
        lacks_install, lacks_reference = name in unplaced and not by_manifests, name in unnamed and is_told
        if lacks_install:
            yield _uninstalled(scope, agent, users.get(name), lacks_reference=lacks_reference)
        elif lacks_reference:
            yield Finding(
                "R47",
                Severity.WARNING,
                f"Agent `{name}` is named by no definition, so nothing goes through it",
                agent.origin(("metadata", "id")),
                key=scope.key(Kind.AGENT, name),
                advice="Declare an agent definition that names it, or remove the Agent.",
            )
    if unplaced and by_manifests:
        reason = (
            f"whether manifests in the tree install {listed(sorted(unplaced))}: they do not name an Agent"
        )
        yield Unknown("R47", reason)
    if unnamed and not is_told:
        because = untold("some leave it to a placeholder") if is_open_ended else scope.unread(Kind.DEFINITION)
        yield Unknown("R47", f"whether a definition names {listed(sorted(unnamed))}: {because}", because)


def _uninstalled(
    scope: Scope, agent: Declared[AgentDocument], user: _User | None, *, lacks_reference: bool
) -> Finding:
    name = agent.document.metadata.id
    if user is not None:
        more = f", and {user.name} uses it"
    else:
        more = " and named by no definition" if lacks_reference else ""
    return Finding(
        "R47",
        Severity.WARNING if user is None else Severity.ERROR,
        f"Agent `{name}` is installed nowhere{more}",
        agent.origin(("metadata", "id")),
        key=scope.key(Kind.AGENT, name),
        others=() if user is None else (user.origin,),
        advice="Declare where it runs under `install`, or take it out of what uses it.",
    )


def _is_installed_by_manifests(scope: Scope) -> bool:
    """Manifests tell organizations and Secret, not which Agent they are."""
    found = (*agent_installations(scope.everything), *agent_deployments(scope))
    return bool(found)


def _referred(scope: Scope) -> tuple[set[str], bool]:
    """Ids of Agents that agent definitions and stores name; and whether some of them leave it to a placeholder."""
    by_definitions = (_named_by(member) for member in scope.references.of_type(AGENT_TYPE))
    by_stores = (dig(store.document.spec.vault, "agent_id") for store in scope.secret_stores)
    names = {name for name in (*by_definitions, *by_stores) if isinstance(name, str)}
    return names, any(is_open(name) for name in names)


def _named_by(member: Member) -> str | None:
    """Id of the Agent that an agent definition points at."""
    if member.declared is not None:
        found = member.declared.input("values", "id")
    else:
        found = None if member.live is None else dig(member.live.document, "values", "id")
    return found if isinstance(found, str) else None


def _users(scope: Scope) -> Mapping[str, _User]:
    """The first thing that uses each Agent."""
    found: dict[str, _User] = {}
    for store in scope.secret_stores:
        agent = dig(store.document.spec.vault, "agent_id")
        if isinstance(agent, str):
            place = store.origin(("spec", "vault", "agent_id"))
            found.setdefault(agent, _User(f"store `{store.document.metadata.id}`", place))
    for member, ask, agent in _uses(scope):
        if agent not in found and member.declared is not None:
            found[agent] = _User(f"definition `{member.id}`", member.declared.origin(ask.path))
    return found


def _uses(scope: Scope, of_type: str | None = None) -> Iterator[tuple[Member, Ask, str]]:
    """Definitions that ask for an Agent, with each one that they get."""
    graph = scope.references
    for member, ask in graph.asking_for(AGENT_TYPE):
        if member.declared is None or (of_type is not None and member.type != of_type):
            continue
        agents = {_named_by(end.member) for start in graph.starts(member) for end in graph.follow(start, ask)}
        for agent in sorted(filter(None, agents)):
            yield member, ask, agent


def _reaches(scope: Scope) -> Iterator[Finding | Unknown]:
    installs: dict[str, list[InstalledAgent]] = defaultdict(list)
    for installed in scope.all_agent_installs:
        installs[installed.id].append(installed)
    if not installs or not any(cluster.network for cluster in scope.settings.clusters.values()):
        return
    untold: set[str] = set()
    for member, _, agent in _uses(scope, CLUSTER_TYPE):
        definition = member.declared
        if definition is None or agent not in installs or is_git_target(definition) is not False:
            continue
        cluster = scope.cluster_of(definition)
        facts = scope.cluster_facts(cluster)
        if facts is None or facts.network is None:
            untold.add(f"the network of the cluster of `{definition.id}` (`clusters.<name>.network`)")
            continue
        reached = [reaches(scope, installed, facts.network) for installed in installs[agent]]
        if None in reached:
            untold.add(f"the networks that Agent `{agent}` reaches (`install.networks`)")
        elif not all(reached):
            first = installs[agent][reached.index(False)]
            yield _unreached(scope, definition, first, facts.network, is_none=not any(reached))
    if untold:
        yield Unknown("R49", "not declared: " + "; ".join(sorted(untold)))


def _unreached(
    scope: Scope, definition: DeclaredDefinition, installed: InstalledAgent, network: str, *, is_none: bool
) -> Finding:
    cluster = scope.cluster_of(definition)
    where = (
        "" if is_none or installed.install.cluster is None else f" from cluster `{installed.install.cluster}`"
    )
    return Finding(
        "R49",
        Severity.ERROR if is_none else Severity.WARNING,
        f"Agent `{installed.id}` does not reach network `{network}`{where}, where cluster `{cluster}` of "
        f"`{definition.id}` stands" + ("" if is_none else "; a part of the requests fails"),
        installed.origin(("networks",)),
        key=scope.key(Kind.DEFINITION, definition.id),
        others=(definition.origin(),),
        advice=f"Use an Agent in network `{network}`, or add it to `networks` once there is a way.",
    )


RULES = (
    Rule(
        id="R47",
        title="An Agent is installed and used",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_in_use,
    ),
    Rule(
        id="R49",
        title="An Agent reaches the network of the cluster",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_reaches,
    ),
)
