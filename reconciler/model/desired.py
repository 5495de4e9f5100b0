"""Desired state of one organization, built from its documents: one resource per thing."""

from collections.abc import Collection, Iterator
from dataclasses import replace

from reconciler.model import canonical
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declarations, Declared
from reconciler.model.handed import HandIn, filled_in
from reconciler.model.identity import ResourceKey
from reconciler.model.key import PublicKey
from reconciler.model.kind import Kind
from reconciler.model.place import Place
from reconciler.model.resource_definition import DefinitionDocument, DriverInputs, Entity
from reconciler.model.runner import AgentRunner, RunnerDocument
from reconciler.model.secret import Digester, Handed, Literal, Secret, SecretLeaf
from reconciler.model.secret_store import REGISTERED_TYPES, SecretStoreDocument
from reconciler.model.state import Resource, State

AGENT_TYPE = "agent"
AGENT_DRIVER = "humanitec/agent"


def desired_state(declarations: Declarations, place: Place) -> State:
    """Everything that `declarations` (those of one target) declare for an organization.

    Complete for every kind: it is called only for a tree that was read without errors. Keys that
    could not be parsed are left out; they have findings. Operators, installations, stores on clusters
    and keys of runners are checked by rules but not applied.
    """
    resources = {resource.key: resource for resource in _resources(declarations, place)}
    unmanaged = (
        ResourceKey(place, Kind.RUNNER, runner.document.metadata.id)
        for runner in declarations.runners
        if runner.document.spec.rules is None
    )
    return State(resources, frozenset(Kind), open=frozenset(unmanaged))


def handed_in(state: State, hand_in: HandIn) -> State:
    """The state with the values that files only refer to.

    A resource with a missing value keeps the others but has no payload, so it cannot be sent.
    """
    handing = {
        key: _handed_in(resource, hand_in)
        for key, resource in state.resources.items()
        if any(isinstance(leaf, Handed) for leaf in resource.secrets.values())
    }
    return replace(state, resources={**state.resources, **handing}) if handing else state


def _handed_in(resource: Resource, hand_in: HandIn) -> Resource:
    sources = {leaf.source for leaf in resource.secrets.values() if isinstance(leaf, Handed)}
    found = {source: hand_in(source) for source in sources}
    values = {source: value for source, value in found.items() if isinstance(value, Secret)}

    def leaf_of(leaf: SecretLeaf) -> SecretLeaf:
        if not isinstance(leaf, Handed):
            return leaf
        value = found[leaf.source]
        if isinstance(value, Secret):
            return Literal(value, source=leaf.source)
        return Handed(leaf.source, value.reason)

    payload = None
    if resource.payload is not None and len(values) == len(sources):
        payload = Secret(filled_in(resource.payload.reveal(), lambda source: values[source].reveal()))
    secrets = {at: leaf_of(leaf) for at, leaf in resource.secrets.items()}
    return replace(resource, secrets=secrets, payload=payload)


def digested(state: State, digester: Digester) -> State:
    """The state with a digest in every literal."""
    with_digests = {
        key: replace(
            resource,
            secrets={
                at: replace(leaf, digest=digester.digest(leaf.secret)) if isinstance(leaf, Literal) else leaf
                for at, leaf in resource.secrets.items()
            },
        )
        for key, resource in state.resources.items()
        if resource.secrets
    }
    return replace(state, resources={**state.resources, **with_digests})


def _resources(declarations: Declarations, place: Place) -> Iterator[Resource]:
    for definition in declarations.definitions:
        yield definition_resource(definition, place)
    agents = [agent for agent in declarations.agents if is_registered(agent.document, place.name)]
    for agent in agents:
        yield from _agent_resources(agent, place)
    declared = {agent.document.metadata.id for agent in declarations.agents}
    here = {agent.document.metadata.id for agent in agents}
    for key in declarations.keys:
        owner = key.document.spec.for_.agent
        if owner is not None and (owner in here or owner not in declared):
            for facts in declarations.public_keys_of(key):
                yield Resource(
                    ResourceKey(place, Kind.KEY, canonical.key_id(owner, facts.fingerprint)),
                    {"public_key": facts.pem},
                    origin=key.origin(),
                )
    yield from _operator_keys(declarations, place)
    for store in declarations.secret_stores:
        yield from _store_resources(store, place)
    for runner in declarations.runners:
        yield from _runner_resources(runner, declarations.runner_key(runner), place)


def _operator_keys(declarations: Declarations, place: Place) -> Iterator[Resource]:
    """Keys of the Operators that serve the organization, and of those that no document declares."""
    served = {
        operator.document.metadata.id: operator.document.spec.organization
        for operator in declarations.operators
    }
    for key in declarations.keys:
        owner = key.document.spec.for_.operator
        if owner is not None and served.get(owner) in (None, place.name):
            for facts in declarations.public_keys_of(key):
                yield Resource(
                    ResourceKey(place, Kind.OPERATOR_KEY, facts.fingerprint),
                    {"public_key": facts.pem},
                    origin=key.origin(),
                )


def is_registered(agent: AgentDocument, organization: str) -> bool:
    """True if the agent is to be registered in the organization; one that lists none is registered in all."""
    return _lists(agent.spec.organizations, organization)


def _lists(listed: Collection[str] | None, organization: str) -> bool:
    return listed is None or organization in listed


def definition_resource(declared: Declared[DefinitionDocument], place: Place) -> Resource:
    """Canonical form of a declared definition."""
    entity = declared.document.entity
    secrets = canonical.definition_secrets(entity)
    return Resource(
        ResourceKey(place, Kind.DEFINITION, declared.document.metadata.id),
        canonical.definition_document(entity),
        secrets=secrets,
        criteria=canonical.criteria_fields(entity.criteria),
        origin=declared.origin(),
        payload=_secret_inputs(entity.driver_inputs) if secrets else None,
    )


def _secret_inputs(inputs: DriverInputs | None) -> Secret | None:
    if inputs is None:
        return None
    members = {"secrets": inputs.secrets, "secret_refs": canonical.with_values(inputs.secret_refs)}
    return Secret({name: value for name, value in members.items() if value})


def agent_entity(document: AgentDocument) -> Entity | None:
    """The definition of type `agent` that an Agent document declares; None if it declares none."""
    wanted = document.spec.definition
    if wanted is None:
        return None
    return Entity(
        name=wanted.name or wanted.id,
        type=AGENT_TYPE,
        driver_type=AGENT_DRIVER,
        driver_inputs=DriverInputs(values={"id": document.metadata.id}),
        criteria=wanted.criteria,
    )


def _agent_resources(declared: Declared[AgentDocument], place: Place) -> Iterator[Resource]:
    document = declared.document
    yield Resource(
        ResourceKey(place, Kind.AGENT, document.metadata.id),
        {"description": document.spec.description},
        origin=declared.origin(),
    )
    entity = agent_entity(document)
    if entity is not None and document.spec.definition is not None:
        yield Resource(
            ResourceKey(place, Kind.DEFINITION, document.spec.definition.id),
            canonical.definition_document(entity),
            criteria=canonical.criteria_fields(entity.criteria),
            origin=declared.origin(("spec", "definition")),
        )


def _store_resources(declared: Declared[SecretStoreDocument], place: Place) -> Iterator[Resource]:
    """The registration of a store; none if the document asks for none, or has not exactly one kind (R82)."""
    spec = declared.document.spec
    blocks = {name: block for name in REGISTERED_TYPES if (block := getattr(spec, name)) is not None}
    if spec.orchestrator is None or len(blocks) != 1 or not _lists(spec.organizations, place.name):
        return
    ((store_type, block),) = blocks.items()
    auth, secrets = canonical.store_auth(spec.orchestrator.auth)
    yield Resource(
        ResourceKey(place, Kind.SECRET_STORE, declared.document.metadata.id),
        canonical.store_document(store_type, block, is_primary=spec.orchestrator.primary),
        secrets=secrets,
        origin=declared.origin(),
        payload=Secret(auth) if secrets else None,
    )


def _runner_resources(
    declared: Declared[RunnerDocument], key: PublicKey | None, place: Place
) -> Iterator[Resource]:
    document = declared.document
    spec = document.spec
    dumped = spec.runner_configuration.model_dump(mode="json", exclude_none=True)
    if isinstance(spec.runner_configuration, AgentRunner) and key is not None:
        dumped.setdefault("key", key.pem)
    configuration, secrets = canonical.runner_configuration(dumped)
    yield Resource(
        ResourceKey(place, Kind.RUNNER, document.metadata.id),
        {
            "description": spec.description,
            "runner_configuration": configuration,
            "state_storage_configuration": spec.state_storage_configuration.model_dump(
                mode="json", exclude_none=True
            ),
        },
        secrets=secrets,
        origin=declared.origin(),
        payload=Secret(dumped) if secrets else None,
    )
    for index, rule in enumerate(spec.rules or ()):
        yield Resource(
            ResourceKey(place, Kind.RUNNER_RULE, rule.pair()),
            {"runner_id": document.metadata.id},
            origin=declared.origin(("spec", "rules", index)),
        )
