"""Desired and live state in one shape, so that they can be compared.

A `Resource` is the canonical form of one thing: server defaults filled in, read-only
fields dropped, empty containers absent, secrets taken out. `reconciler.model.canonical`
builds it from files and from responses of the API alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.identity import ResourceKey
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.secret import Secret, SecretLeaf
from reconciler.model.surroundings import UNSEEN, Surroundings


@dataclass(frozen=True, slots=True)
class Resource:
    """One thing in canonical form.

    `document` contains everything that can be compared and shown, by kind:

    - Definition: `name, type, driver_type, driver_account?, values?, provision?, in_place_driver_change`
    - Agent: `description`; Key and OperatorKey: `public_key` (the PEM, never compared: the id has the fingerprint)
    - SecretStore: `type, primary`, and under the name of its type the fields of its block
    - Runner: `description, runner_configuration, state_storage_configuration`
    - RunnerRule: `runner_id`

    `secrets` maps JSON pointers below `driver_inputs.secret_refs` (definitions), `runner_configuration`
    (runners) or `auth` (stores; always empty for a live one) to their content. `criteria` maps selectors to the
    criterion's fields; None means not managed (desired only).
    """

    key: ResourceKey
    document: JsonObject
    secrets: Mapping[str, SecretLeaf] = field(default_factory=dict)
    criteria: Mapping[str, dict[str, str]] | None = None
    origin: Origin | None = None
    """Desired only: place of the document that declares it."""
    payload: Secret | None = None
    """Desired only, where `secrets` is not empty. Definitions: the `secrets` or `secret_refs` member as written,
    `{"secret_refs": {…}}`; runners: the whole `runner_configuration`, credentials included; stores: `auth`."""
    handle: Mapping[str, str] = field(default_factory=dict)
    """Live only: server ids needed to act. Criteria: selector -> id; a rule and an Operator key: `id` -> id."""
    updated_at: str = ""
    """Live runners and stores only: the server's time stamp, RFC 3339."""
    is_built_in: bool = False
    status: Mapping[str, str] = field(default_factory=dict)
    """Live only: what the server reports about it and nobody sets. Keys of agents: `expired_at` (RFC 3339) and
    `is_authorized` (`true` or `false`); keys of Operators: `expired_at`."""

    @property
    def is_accepted(self) -> bool:
        """False for a live key that the server reports as not accepted yet (v1 reference 3.2)."""
        return self.status.get("is_authorized") != "false"

    @property
    def parent(self) -> ResourceKey | None:
        """The thing whose deletion also deletes this one: the agent of a key, the runner of a rule; else None."""
        match self.key.kind:
            case Kind.KEY:
                return self.key.beside(Kind.AGENT, self.key.id.partition("/")[0])
            case Kind.RUNNER_RULE:
                return self.key.beside(Kind.RUNNER, str(self.document.get("runner_id", "")))
            case _:
                return None


@dataclass(frozen=True, slots=True)
class State:
    """Everything known about one side of one target.

    `complete` names the kinds that were listed completely and without error: absence is evidence
    for these only (design decision 4.1). `open` names things whose parts the files do not manage
    (desired only): their parts are neither missing nor superfluous.
    """

    resources: Mapping[ResourceKey, Resource]
    complete: frozenset[Kind]
    surroundings: Surroundings = UNSEEN
    open: frozenset[ResourceKey] = frozenset()

    def of(self, kind: Kind) -> list[Resource]:
        """Resources of one kind, by id."""
        found = [resource for key, resource in self.resources.items() if key.kind is kind]
        return sorted(found, key=lambda resource: resource.key.id)
