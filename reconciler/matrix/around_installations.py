"""Circumstances of tables B, G, H and I: Agent traffic, hosts, keys, and topology."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from reconciler.facts.agent_input import uses_agent
from reconciler.facts.agent_installation import AGENT, is_on_kubernetes, namespace_of, reaches
from reconciler.facts.definition import CLUSTER_TYPE, ORCHESTRATOR_TYPES, DeclaredDefinition, dig
from reconciler.facts.deployed_workload import agents_asked_for
from reconciler.facts.driver import driver_classes
from reconciler.facts.git_target import git_target, is_git_target
from reconciler.facts.installed import InstalledAgent
from reconciler.facts.key_place import key_places, look
from reconciler.facts.network_policy import Way
from reconciler.facts.operator import deployment_targets, has_operator, is_runtime_cluster, organization_of
from reconciler.facts.scope import Scope
from reconciler.matrix.beside import declared_beside
from reconciler.matrix.circumstance import Circumstance
from reconciler.matrix.network import egress
from reconciler.matrix.row import Column, Host, KeyTrait, Topology, Traffic
from reconciler.model.key import KeyOwner, PublicKey
from reconciler.settings import Mode
from reconciler.vendor.driver import CLUSTER_DRIVERS, JOB_CLASSES, DriverClass
from reconciler.vendor.host import AZURE_CONTAINER_INSTANCES, DOCKER, KUBERNETES, is_request_driven, spelled

_OPERATOR_NAME = "humanitec-operator"
_RUNNER_NAME = "humanitec-kubernetes-agent-runner"
_MINIMUM_BITS = 4096


def around_installations(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    """Circumstances for tables B, G, H and I, in table order."""
    yield from _carried(scope, target)
    yield from _hosts(scope, target)
    yield from _written_wrong(scope)
    yield from _keys(scope)
    yield from _topology(scope, target)


def _carried(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    name = f"definition `{target.id}`"
    is_git = is_git_target(target)
    if uses_agent(target):
        if target.entity.driver_type in CLUSTER_DRIVERS:
            yield Circumstance(Traffic.CLUSTER_API, name)
        if is_git is not False:
            yield Circumstance(Traffic.GIT, name, is_certain=is_git is True)
        yield from _agents(scope, target)
    if is_git:
        yield from _beside_git(scope, target)
    for definition in declared_beside(scope, target):
        if definition.entity.type not in ORCHESTRATOR_TYPES and uses_agent(definition):
            yield from _through_driver(scope, definition)
    for store in scope.secret_stores:
        if dig(store.document.spec.vault, "agent_id") is not None:
            yield Circumstance(Traffic.VAULT, f"store `{store.document.metadata.id}`")
    yield from _workloads(scope)


def _workloads(scope: Scope) -> Iterator[Circumstance]:
    for foreign in scope.declarations.foreign:
        for _, resource in agents_asked_for(foreign):
            yield Circumstance(Traffic.WORKLOAD, f"resource `{resource}` in {foreign.file}")


def _beside_git(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    url = git_target(target).git_url
    if url is not None and url.host in {host.lower() for host in scope.settings.network.privateHosts}:
        yield Circumstance(Traffic.PRIVATE_GIT, f"host `{url.host}`")
    for runtime in scope.of_type(CLUSTER_TYPE):
        if is_runtime_cluster(scope, runtime) and uses_agent(runtime):
            yield Circumstance(Traffic.RUNTIME_DATA, f"definition `{runtime.id}`")


def _through_driver(scope: Scope, definition: DeclaredDefinition) -> Iterator[Circumstance]:
    name = f"definition `{definition.id}`"
    classes = driver_classes(definition, scope.surroundings.drivers)
    if classes is None:
        yield Circumstance(Traffic.SELF_HOSTED_DRIVER, name, is_certain=False)
    elif classes[-1] is DriverClass.SELF_HOSTED:
        yield Circumstance(Traffic.SELF_HOSTED_DRIVER, name)
    elif classes[-1] in JOB_CLASSES:
        yield Circumstance(Traffic.RUNNER_JOB, name)
    elif classes[-1] is not DriverClass.IN_OPERATOR:
        yield Circumstance(Traffic.OTHER_DRIVER, name)


def _agents(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    for agent in scope.agents:
        if len(set(agent.document.spec.organizations or ())) > 1:
            yield Circumstance(Traffic.ORGANIZATIONS, f"Agent `{agent.document.metadata.id}`")
    for installed in scope.agent_installs:
        if (installed.install.replicas or 1) > 1 or installed.agent.document.spec.moreInstalls:
            yield Circumstance(Traffic.REPLICAS, f"Agent `{installed.id}`")
    facts = scope.cluster_facts(scope.cluster_of(target))
    if facts is None or facts.network is None or not scope.agent_installs:
        return
    reached = {reaches(scope, installed, facts.network) for installed in scope.agent_installs}
    if True not in reached:
        yield Circumstance(
            Traffic.OTHER_NETWORK, f"network `{facts.network}`", is_certain=None not in reached
        )


def _hosts(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    for installed in scope.agent_installs:
        yield from _agent_host(scope, installed)
        served = scope.cluster_of(target)
        if uses_agent(target) and served is not None and installed.install.cluster != served:
            yield Circumstance(Host.ELSEWHERE, f"Agent `{installed.id}` for cluster `{served}`", Column.AGENT)
    for operator in scope.operators:
        spec = operator.document.spec
        name = f"Operator `{operator.document.metadata.id}`"
        yield from _on_cluster(scope, spec.cluster, spec.namespace, Column.OPERATOR, name)
        shared = _agents_in(scope, spec.cluster, spec.namespace)
        for installed in shared:
            for column in (Column.AGENT, Column.OPERATOR):
                yield Circumstance(Host.SHARED_NAMESPACE, f"{name} and Agent `{installed.id}`", column)
        if not shared:
            yield Circumstance(Host.OWN_NAMESPACE, name, Column.OPERATOR)
    for runner in scope.runner_installs:
        name = f"runner `{runner.id}`"
        yield Circumstance(Host.OWN_NAMESPACE, name, Column.RUNNER)
        namespace = runner.install.namespace or ""
        yield from _on_cluster(scope, runner.install.cluster, namespace, Column.RUNNER, name)


def _agents_in(scope: Scope, cluster: str, namespace: str) -> list[InstalledAgent]:
    return [
        installed
        for installed in scope.all_agent_installs
        if installed.install.cluster == cluster and (namespace_of(installed.install)) == namespace
    ]


def _agent_host(scope: Scope, installed: InstalledAgent) -> Iterator[Circumstance]:
    install, name = installed.install, f"Agent `{installed.id}`"
    if is_on_kubernetes(install):
        namespace = namespace_of(install)
        operators = scope.operators_on(install.cluster) if install.cluster else ()
        if all(operator.document.spec.namespace != namespace for operator in operators):
            yield Circumstance(Host.OWN_NAMESPACE, name, Column.AGENT)
        yield from _on_cluster(scope, install.cluster, namespace, Column.AGENT, name)
    elif (host := _host_of(install.host)) is not None:
        yield Circumstance(host, name, Column.AGENT)
    if install.autoscaling is not None or install.replicas == 0:
        yield Circumstance(Host.AUTOSCALED, name, Column.AGENT)


def _host_of(text: str) -> Host | None:
    found = _HOSTS.get(spelled(text))
    return Host.REQUEST_DRIVEN if found is None and is_request_driven(text) else found


_HOSTS = {DOCKER: Host.DOCKER, AZURE_CONTAINER_INSTANCES: Host.AZURE_CONTAINER_INSTANCES}
_COMPONENT_NAMES = {
    Column.AGENT: AGENT,
    Column.OPERATOR: _OPERATOR_NAME,
    Column.RUNNER: _RUNNER_NAME,
}


def _on_cluster(
    scope: Scope, cluster: str | None, namespace: str, column: Column, name: str
) -> Iterator[Circumstance]:
    facts = scope.cluster_facts(cluster)
    if facts is not None and facts.platform == "openshift":
        yield Circumstance(Host.OPENSHIFT, name, column)
    way = egress(scope, cluster, namespace, _COMPONENT_NAMES[column])
    if way is not Way.OPEN:
        yield Circumstance(Host.NO_EGRESS, name, column, is_certain=way is Way.CLOSED)


def _written_wrong(scope: Scope) -> Iterator[Circumstance]:
    """What refused documents declare: hosts for components that run on clusters only, a second key of a runner."""
    for rejected in scope.declarations.rejected:
        column, path = _HOSTED.get(rejected.kind, (None, ()))
        if column is None:
            continue
        name = f"{column} at {rejected.origin()}"
        host = dig(rejected.raw, *path)
        if isinstance(host, str) and spelled(host) != KUBERNETES:
            yield Circumstance(Host.ELSEWHERE, name, column)
            if (known := _host_of(host)) is not None:
                yield Circumstance(known, name, column)
        if isinstance(dig(rejected.raw, "spec", "runner_configuration", "key"), list):
            yield Circumstance(KeyTrait.SEVERAL, name, Column.RUNNER)


_HOSTED: Mapping[str, tuple[Column, tuple[str, ...]]] = {
    "Operator": (Column.OPERATOR, ("spec", "host")),
    "Runner": (Column.RUNNER, ("spec", "install", "host")),
}
"""Column and path of the host in a refused document, by kind."""


def _keys(scope: Scope) -> Iterator[Circumstance]:
    held: dict[str, list[tuple[Column, str]]] = defaultdict(list)
    count: dict[tuple[Column, str], int] = defaultdict(int)
    for declared in scope.declarations.keys:
        owner = declared.document.spec.for_
        column = _column(owner)
        identifier = owner.agent or owner.operator or ""
        for public_key in scope.public_keys_of(declared):
            yield from _traits(public_key, column, owner.name)
            held[public_key.fingerprint].append((column, identifier))
            count[column, identifier] += 1
    for runner in scope.declarations.runners:
        own_key = scope.public_key(runner.origin())
        if own_key is not None:
            yield from _traits(own_key, Column.RUNNER, f"runner `{runner.document.metadata.id}`")
    for (column, identifier), number in count.items():
        if number > 1 and column is not Column.RUNNER:
            yield Circumstance(KeyTrait.SEVERAL, f"{column} `{identifier}`", column)
    for holders in held.values():
        yield from _shared(scope, holders)
    yield from _encrypted(scope)
    for place in scope.everything.private_keys:
        for column in (Column.AGENT, Column.OPERATOR, Column.RUNNER):
            yield Circumstance(KeyTrait.PRIVATE_IN_GIT, str(place.origin), column)


def _traits(public_key: PublicKey, column: Column, name: str) -> Iterator[Circumstance]:
    if public_key.algorithm == "RSA":
        trait = KeyTrait.RSA if public_key.bits >= _MINIMUM_BITS else KeyTrait.SHORT_RSA
        yield Circumstance(trait, f"key of {name}", column)
    elif public_key.algorithm == "Ed25519":
        yield Circumstance(KeyTrait.ED25519, f"key of {name}", column)


def _shared(scope: Scope, holders: list[tuple[Column, str]]) -> Iterator[Circumstance]:
    agents = sorted({name for column, name in holders if column is Column.AGENT})
    if len(agents) > 1:
        names = " and ".join(f"`{name}`" for name in agents)
        yield Circumstance(KeyTrait.TWO_AGENTS, f"Agents {names}", Column.AGENT)
    if agents and any(column is Column.OPERATOR for column, _ in holders):
        for column in (Column.AGENT, Column.OPERATOR):
            yield Circumstance(KeyTrait.AGENT_AND_OPERATOR, f"Agent `{agents[0]}` and an Operator", column)
    for agent in scope.agents:
        if agent.document.metadata.id in agents and len(set(agent.document.spec.organizations or ())) > 1:
            because = f"Agent `{agent.document.metadata.id}`"
            yield Circumstance(KeyTrait.SEVERAL_ORGANIZATIONS, because, Column.AGENT)


def _encrypted(scope: Scope) -> Iterator[Circumstance]:
    """Keys with a passphrase in the Secrets declared to contain private keys."""
    for place in key_places(scope):
        found = look(scope, place).key
        if found is not None and found.is_encrypted:
            yield Circumstance(KeyTrait.PASSPHRASE, place.name, _column(place.owner))


def _column(owner: KeyOwner) -> Column:
    if owner.agent is not None:
        return Column.AGENT
    return Column.RUNNER if owner.operator is None else Column.OPERATOR


def _topology(scope: Scope, target: DeclaredDefinition) -> Iterator[Circumstance]:
    operators = scope.operators
    if scope.agents and operators:
        yield Circumstance(Topology.ONE_ORGANIZATION, f"organization `{scope.organization}`")
    with_agent = {installed.install.cluster for installed in scope.all_agent_installs}
    for cluster in dict.fromkeys(operator.document.spec.cluster for operator in operators):
        because = f"cluster `{cluster}`"
        if cluster in with_agent:
            yield Circumstance(Topology.ONE_CLUSTER, because)
        there = scope.operators_on(cluster)
        if len({organization_of(scope, operator) for operator in there}) > 1:
            yield Circumstance(Topology.TWO_ORGANIZATIONS, because)
        elif len(there) > 1:
            yield Circumstance(Topology.TWO_OPERATORS, because)
    for runner in scope.runner_installs:
        if runner.install.cluster is not None and runner.install.cluster in with_agent:
            yield Circumstance(Topology.AGENT_AND_RUNNER, f"cluster `{runner.install.cluster}`")
    yield from _modes(scope, target, is_idle=bool(operators))
    using = [definition for definition in scope.of_type(CLUSTER_TYPE) if uses_agent(definition)]
    if target in using and len(using) > 1 and len(scope.agents) == 1:
        yield Circumstance(Topology.SEVERAL_CLUSTERS, f"Agent `{scope.agents[0].document.metadata.id}`")


def _modes(scope: Scope, target: DeclaredDefinition, *, is_idle: bool) -> Iterator[Circumstance]:
    mode, cluster = scope.mode(target), scope.cluster_of(target)
    if scope.primary.mode is Mode.LEGACY and is_idle:
        yield Circumstance(Topology.IDLE_OPERATOR, f"organization `{scope.organization}`")
    if mode in (Mode.DIRECT, Mode.GITOPS):
        has = None if cluster is None else has_operator(scope, cluster)
        where = "a cluster that is not named" if cluster is None else f"cluster `{cluster}`"
        if not has:
            yield Circumstance(Topology.NO_OPERATOR, where, is_certain=has is False)
    modes = {scope.mode(other) for other in deployment_targets(scope)}
    if {Mode.DIRECT, Mode.GITOPS} <= modes:
        yield Circumstance(Topology.DIRECT_AND_GITOPS, f"organization `{scope.organization}`")
    declared = {
        other.mode for other in scope.settings.targets.values() if other.organization == scope.organization
    }
    if Mode.LEGACY in declared and declared & {Mode.DIRECT, Mode.GITOPS}:
        yield Circumstance(Topology.LEGACY_AND_DIRECT, f"organization `{scope.organization}`")
