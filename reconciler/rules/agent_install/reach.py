"""Rules about the use of installed Agents: R47, R49 (agent and operator 2.2, 2.9)."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from reconciler.facts.agent_installation import reaches
from reconciler.facts.agent_manifest import agent_deployments
from reconciler.facts.asking import Ask, Member
from reconciler.facts.definition import AGENT_TYPE, CLUSTER_TYPE, DeclaredDefinition, dig
from reconciler.facts.git_target import is_git_target
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.manifest import agent_installations
from reconciler.facts.pattern import is_open
from reconciler.facts.scope import Scope
from reconciler.facts.workload import Product, live_workloads
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import Unseen, UnseenError, unspecified
from reconciler.rules.over import Over
from reconciler.rules.rule import Answer, Confidence, Part, Rule, Side
from reconciler.rules.subject import Subject


@dataclass(frozen=True, slots=True)
class _User:
    """Something declared that sends traffic through an Agent."""

    name: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class _Usage:
    """What is known about one Agent: whether it is installed, whether something names it, and its first user."""

    agent: Declared[AgentDocument]
    is_installed: bool | Unseen
    is_named: bool | Unseen
    user: _User | None


def _usages(scope: Scope) -> Iterator[Subject[_Usage]]:
    running = {installed.id for installed in scope.all_agent_installs}
    elsewhere = _otherwise_installed(scope, is_declared=bool(running))
    referred, is_open_ended = _referred(scope)
    otherwise: bool | Unseen = unspecified("some definitions name the Agent with a placeholder")
    if not is_open_ended:
        otherwise = False if scope.has_read(Kind.DEFINITION) else scope.unread(Kind.DEFINITION)
    users = _users(scope) if scope.agent_ids - running and elsewhere is False else {}
    for agent in scope.agents:
        name = agent.document.metadata.id
        usage = _Usage(
            agent,
            True if name in running else elsewhere,
            True if name in referred else otherwise,
            users.get(name),
        )
        place, key = partial(agent.origin, ("metadata", "id")), scope.key(Kind.AGENT, name)
        yield Subject(usage, scope, f"Agent `{name}`", place, key)


USAGES = Over("Agent and its users", _usages)


def _otherwise_installed(scope: Scope, *, is_declared: bool) -> bool | Unseen:
    """False where an Agent without `install` is certain not to be installed."""
    if _is_installed_by_manifests(scope):
        return unspecified("manifests in the tree install an Agent without naming it")
    if is_declared:
        return False
    clusters = scope.settings.clusters
    if not clusters:
        return unspecified("no document declares where it runs (`install`), and the settings list no cluster")
    for cluster in clusters:
        try:
            there = any(found.product is Product.AGENT for found in live_workloads(scope, cluster))
        except UnseenError as error:
            if scope.cluster_state(cluster) is None:
                return error.unseen
            return unspecified(
                f"no document declares where it runs (`install`), and {error.unseen}, so an Agent may run there"
            )
        if there:
            return unspecified(
                f"an Agent runs on cluster `{cluster}`, but no document declares which one (`install`)"
            )
    return False


def _is_run(subject: Subject[_Usage]) -> Iterator[Answer]:
    usage, user = subject.fact, subject.fact.user
    if isinstance(usage.is_installed, Unseen):
        raise UnseenError(usage.is_installed)
    if usage.is_installed:
        return
    if user is not None:
        more = f", and {user.name} uses it"
    else:
        more = " and is not named by any definition" if usage.is_named is False else ""
    yield subject.says(
        f"{subject.name} is not installed anywhere{more}",
        others=() if user is None else (user.origin,),
        advice="Declare where it runs under `install`, or remove it from what uses it.",
        severity=Severity.WARNING if user is None else Severity.ERROR,
    )


def _is_named(subject: Subject[_Usage]) -> Iterator[Answer]:
    usage = subject.fact
    if isinstance(usage.is_named, Unseen):
        raise UnseenError(usage.is_named)
    if not usage.is_named and usage.is_installed is not False:
        yield subject.says(
            f"{subject.name} is not named by any definition, so nothing goes through it",
            advice="Declare an agent definition that names it, or remove the Agent.",
        )


def _is_installed_by_manifests(scope: Scope) -> bool:
    """True where manifests install an Agent; they show its organizations and Secret, but not its id."""
    found = (*agent_installations(scope.everything), *agent_deployments(scope))
    return bool(found)


def _referred(scope: Scope) -> tuple[set[str], bool]:
    """Ids of Agents that agent definitions and stores name, and whether some of them use a placeholder."""
    by_definitions = (_named_by(member) for member in scope.references.of_type(AGENT_TYPE))
    by_stores = (dig(store.document.spec.vault, "agent_id") for store in scope.secret_stores)
    names = {name for name in (*by_definitions, *by_stores) if isinstance(name, str)}
    return names, any(is_open(name) for name in names)


def _named_by(member: Member) -> str | None:
    """Id of the Agent that an agent definition refers to."""
    if member.declared is not None:
        found = member.declared.input("values", "id")
    else:
        found = None if member.live is None else dig(member.live.document, "values", "id")
    return found if isinstance(found, str) else None


def _users(scope: Scope) -> Mapping[str, _User]:
    """First user of each Agent."""
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
    """Definitions that refer to an Agent, with each Agent that matches."""
    graph = scope.references
    for member, ask in graph.asking_for(AGENT_TYPE):
        if member.declared is None or (of_type is not None and member.type != of_type):
            continue
        agents = {_named_by(end.member) for start in graph.starts(member) for end in graph.follow(start, ask)}
        for agent in sorted(filter(None, agents)):
            yield member, ask, agent


@dataclass(frozen=True, slots=True)
class _Way:
    """A cluster definition that sends its traffic through an Agent, with the installations of that Agent."""

    definition: DeclaredDefinition
    agent: str
    installs: tuple[InstalledAgent, ...]


def _ways(scope: Scope) -> Iterator[Subject[_Way]]:
    installs: dict[str, list[InstalledAgent]] = defaultdict(list)
    for installed in scope.all_agent_installs:
        installs[installed.id].append(installed)
    if not installs or not any(cluster.network for cluster in scope.settings.clusters.values()):
        return
    for member, _, agent in _uses(scope, CLUSTER_TYPE):
        definition = member.declared
        if definition is not None and agent in installs and is_git_target(definition) is False:
            way, key = (
                _Way(definition, agent, tuple(installs[agent])),
                scope.key(Kind.DEFINITION, definition.id),
            )
            yield Subject(way, scope, f"definition `{definition.id}`", definition.origin, key)


WAYS = Over("cluster behind an Agent", _ways)


def _reaches(subject: Subject[_Way]) -> Iterator[Answer]:
    way, scope = subject.fact, subject.scope
    cluster = scope.cluster_of(way.definition)
    facts = scope.cluster_facts(cluster)
    network = None if facts is None else facts.network
    if network is None:
        raise UnseenError(unspecified("the network of its cluster is not set (`clusters.<name>.network`)"))
    reached = [reaches(scope, installed, network) for installed in way.installs]
    if None in reached:
        raise UnseenError(
            unspecified(
                f"the networks that Agent `{way.agent}` reaches are not declared (`install.networks`)"
            )
        )
    if all(reached):
        return
    first, is_none = way.installs[reached.index(False)], not any(reached)
    where = "" if is_none or first.install.cluster is None else f" from cluster `{first.install.cluster}`"
    yield subject.says(
        f"Agent `{way.agent}` does not reach network `{network}`{where}, where cluster `{cluster}` of "
        f"`{way.definition.id}` is" + ("" if is_none else "; some requests fail"),
        at=first.origin(("networks",)),
        others=(subject.place,),
        advice=f"Use an Agent in network `{network}`, or add it to `networks` once there is a route.",
        severity=Severity.ERROR if is_none else Severity.WARNING,
    )


RULES = (
    Rule(
        id="R47",
        title="An Agent is installed and used",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=USAGES,
        check=_is_run,
        also=(Part(USAGES, _is_named),),
    ),
    Rule(
        id="R49",
        title="An Agent reaches the network of the cluster",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=WAYS,
        check=_reaches,
    ),
)
