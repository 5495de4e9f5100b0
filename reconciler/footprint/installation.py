"""Everything that the documents install, one footprint for each installation.

Installations on one cluster are looked at together: they must not share names, and what they share is made once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.facts import runner_installation
from reconciler.facts.agent_installation import AGENT, is_on_kubernetes, namespace_of
from reconciler.facts.delivery import Delivery, delivery_of
from reconciler.facts.installed import InstalledAgent, InstalledOperator, InstalledRunner, installs_of
from reconciler.facts.operator import DeclaredOperator
from reconciler.facts.placed_store import PlacedStore, placed
from reconciler.footprint.agent import agent_footprint, begin_agent
from reconciler.footprint.argo import argo_documents
from reconciler.footprint.container_instances import container_group
from reconciler.footprint.docker import docker_container
from reconciler.footprint.flux import flux_documents
from reconciler.footprint.helm import Release, agent_release, helm_handover, runner_release, with_release
from reconciler.footprint.metadata import derived_name
from reconciler.footprint.operator import operator_footprint, operator_release
from reconciler.footprint.runner import begin_runner, runner_footprint
from reconciler.footprint.shared import apart
from reconciler.footprint.store import store_delivery, store_footprint
from reconciler.footprint.value import Footprint, Handover, Site
from reconciler.model.declaration import Declarations
from reconciler.model.installation import BY_HELM
from reconciler.model.kind import Kind
from reconciler.model.runner import AgentRunner
from reconciler.settings import Settings
from reconciler.vendor import operator, runner

_Product = InstalledAgent | InstalledRunner | InstalledOperator
Installed = _Product | PlacedStore
OPERATOR = "Operator"
_NAMES = {str(Kind.AGENT): AGENT, str(Kind.RUNNER): runner.NAME, OPERATOR: operator.NAME}


@dataclass(frozen=True, slots=True)
class Installation:
    """One declared installation with what its footprint depends on."""

    installed: Installed
    site: Site


def installations(targets: Mapping[str, Declarations], settings: Settings) -> tuple[Footprint, ...]:
    """Footprints of everything that the targets' documents install, sorted by cluster and installation.

    A footprint does not depend on which of the other clusters are selected.
    """
    by_cluster: dict[str, list[Footprint]] = defaultdict(list)
    for one in map(footprint, declared(targets, settings)):
        by_cluster[one.cluster].append(one)
    # Without a cluster, nothing says that two are in one place.
    nowhere = by_cluster.pop("", [])
    return (*nowhere, *(one for cluster in sorted(by_cluster) for one in apart(by_cluster[cluster])))


def footprint(installation: Installation) -> Footprint:
    """Footprint of one installation, as its delivery needs it."""
    installed, site = installation.installed, installation.site
    if isinstance(installed, PlacedStore):
        return store_footprint(installed, site)
    if isinstance(installed, InstalledOperator):
        begun, release = operator_footprint(installed, site), operator_release(installed, site)
        return _by_helm(begun, release, installation, operator.NAME)
    if isinstance(installed, InstalledRunner):
        if site.delivery in BY_HELM:
            begun = begin_runner(installed, site)
            return _by_helm(begun, runner_release(installed, site), installation, runner.NAME)
        return runner_footprint(installed, site).with_configuration()
    if site.delivery in BY_HELM:
        begun = begin_agent(installed, site)
        if installed.install.image is None:
            begun = replace(begun, image="")
        return _by_helm(begun, agent_release(installed, site), installation, AGENT)
    if is_on_kubernetes(installed.install):
        return agent_footprint(installed, site).with_configuration()
    begun = begin_agent(installed, site)
    match site.delivery:
        case Delivery.CONTAINER_INSTANCES:
            return container_group(installed, begun, site)
        case Delivery.DOCKER:
            return docker_container(installed, begun, site)
        case _:
            return begun.refused(f"no way to install an Agent on host `{installed.install.host}` is known")


def _by_helm(begun: Footprint, release: Release | str, installation: Installation, product: str) -> Footprint:
    """The footprint of a release, or why there is none."""
    if isinstance(release, str):
        return begun.refused(release)
    site = installation.site
    # The chart of an Operator names its Deployment itself.
    found = begun if release.deployment else with_release(begun, release, product)
    if site.delivery is Delivery.HELM:
        kind, _, name = site.installation.partition("/")
        return replace(
            found, handover=helm_handover(release, f"{kind.lower()}-{name}.values.yaml", found.wait_s)
        )
    documents = (
        flux_documents(release, site, found.wait_s)
        if site.delivery is Delivery.FLUX
        else argo_documents(release, site)
    )
    if isinstance(documents, str):
        return found.refused(documents)
    by_hand = Handover(secret=release.secret_commands) if release.secret_commands else None
    return replace(found, documents=documents, handover=by_hand)


def declared(targets: Mapping[str, Declarations], settings: Settings) -> tuple[Installation, ...]:
    """Every declared installation once, sorted by kind and id, with the documented names where they are free."""
    found = sorted(_declared(targets, settings), key=lambda one: (one.site.cluster, one.site.installation))
    uses = Counter(space for one in found for space in _spaces(one))
    return tuple(_named(one, uses) for one in found)


def _declared(targets: Mapping[str, Declarations], settings: Settings) -> Iterator[Installation]:
    organizations = _organizations_of_files(targets, settings)
    agents = {agent.origin(): agent for files in targets.values() for agent in files.agents}
    for agent in agents.values():
        listed = agent.document.spec.organizations
        own = organizations[agent.file]
        for installed in installs_of(agent):
            yield _installation(installed, str(Kind.AGENT), own if listed is None else listed, settings)
    runners = {one.origin(): one for files in targets.values() for one in files.runners}
    for declaration in runners.values():
        install = declaration.document.spec.install
        if install is not None:
            own = organizations[declaration.file]
            yield _installation(InstalledRunner(declaration, install), str(Kind.RUNNER), own, settings)
    operators = {one.origin(): one for files in targets.values() for one in files.operators}
    served = {at: _served(one, organizations) for at, one in operators.items()}
    for at, operated in operators.items():
        yield _installation(InstalledOperator(operated), OPERATOR, served[at], settings)
    stores = {one.origin(): one for files in targets.values() for one in files.secret_stores}
    for store in stores.values():
        listed = store.document.spec.organizations
        users = organizations[store.file] if listed is None else tuple(listed)
        near = [one for at, one in operators.items() if set(served[at]) & set(users)]
        for one in placed(store, near, tuple(operators.values()), settings):
            yield _of_store(one, users, settings)


def _served(operated: DeclaredOperator, organizations: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Organizations that an Operator serves, of which there must be one."""
    named = operated.document.spec.organization
    return organizations[operated.file] if named is None else (named,)


def _of_store(one: PlacedStore, organizations: tuple[str, ...], settings: Settings) -> Installation:
    site = Site(
        instance=settings.instance,
        installation=f"{Kind.SECRET_STORE}/{one.id}",
        name=one.id,
        organizations=organizations,
        cluster=one.cluster,
        delivery=store_delivery(settings.clusters.get(one.cluster)),
    )
    return Installation(one, site)


def _organizations_of_files(
    targets: Mapping[str, Declarations], settings: Settings
) -> Mapping[str, tuple[str, ...]]:
    """Organizations of the targets that a file belongs to, sorted, by file."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, files in targets.items():
        for document in files.documents():
            found[document.file].add(settings.targets[name].organization)
    return {file: tuple(sorted(names)) for file, names in found.items()}


def _installation(
    installed: _Product, kind: str, organizations: Sequence[str], settings: Settings
) -> Installation:
    install = installed.install
    is_elsewhere = isinstance(installed, InstalledAgent) and not is_on_kubernetes(installed.install)
    cluster = None if install.cluster is None else settings.clusters.get(install.cluster)
    site = Site(
        instance=settings.instance,
        installation=f"{kind}/{installed.id}",
        name=_NAMES[kind],
        organizations=tuple(organizations),
        cluster="" if is_elsewhere else install.cluster or "",
        platform=None if cluster is None else cluster.platform,
        delivery=delivery_of(install, cluster),
    )
    return Installation(installed, site)


def _spaces(one: Installation) -> tuple[tuple[str, str, str], ...]:
    """Namespaces in which the names of an installation must be its own, by cluster and product."""
    if not one.site.cluster:
        return ()
    match one.installed:
        case InstalledOperator() | PlacedStore():
            return ()  # a cluster has one Operator (R59), and the name of a store is its id
        case InstalledAgent() as installed:
            return ((one.site.cluster, AGENT, namespace_of(installed.install)),)
        case InstalledRunner() as installed:
            configuration = installed.runner.document.spec.runner_configuration
            jobs = configuration.job.namespace if isinstance(configuration, AgentRunner) else ""
            names = {runner_installation.namespace_of(installed.install), jobs}
            return tuple((one.site.cluster, runner.NAME, name) for name in sorted(names))


def _named(one: Installation, uses: Mapping[tuple[str, str, str], int]) -> Installation:
    """The installation with the documented names, or with names of its own if others share one of its namespaces."""
    if all(uses[space] == 1 for space in _spaces(one)):
        return one
    return replace(one, site=replace(one.site, name=derived_name(one.site.name, one.installed.id)))


def on_cluster(footprints: Iterable[Footprint], cluster: str) -> tuple[Footprint, ...]:
    """The footprints of one cluster, in their order."""
    return tuple(one for one in footprints if one.cluster == cluster)
