"""Rules about secret stores themselves (compatibility rules, Secrets and stores): R82, R85 to R89."""

import re
from collections.abc import Iterator

from reconciler.facts.definition import dig
from reconciler.facts.manifest import store_manifests
from reconciler.facts.pattern import is_open
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import plain_values
from reconciler.facts.store_block import CLUSTER, ORCHESTRATOR, blocks_of, problems
from reconciler.model.declaration import Declared, Foreign
from reconciler.model.finding import Finding, Severity, Unknown
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Json
from reconciler.model.kind import Kind
from reconciler.model.secret_store import STORE_TYPES, SecretStoreDocument
from reconciler.model.surroundings import BUILT_IN_STORE, Beside
from reconciler.model.wording import listed
from reconciler.rules.over import SCOPE
from reconciler.rules.rule import Confidence, Rule, Side
from reconciler.settings import Mode

_STAND_IN = re.compile(
    r"(?:^|[^a-z])(?:fake|dummy|dumb|example|placeholder|unused)(?:[^a-z]|$|url)", re.IGNORECASE
)
_VERSIONED_KV = 2


def _primary(scope: Scope) -> list[Declared[SecretStoreDocument]]:
    return [
        store
        for store in scope.secret_stores
        if store.document.spec.orchestrator is not None and store.document.spec.orchestrator.primary
    ]


def _well_formed(scope: Scope) -> Iterator[Finding | Unknown]:
    for store in scope.secret_stores:
        blocks = blocks_of(store.document.spec)
        for path, problem, advice in problems(blocks, ORCHESTRATOR):
            yield Finding(
                "R82",
                Severity.ERROR,
                f"Secret store `{store.document.metadata.id}` {problem}",
                store.key_origin(("spec", *path)),
                advice=advice,
            )
        if store.document.spec.orchestrator is not None and "kubernetes" in blocks:
            yield Finding(
                "R82",
                Severity.ERROR,
                f"Secret store `{store.document.metadata.id}` is of kind `kubernetes`, which the orchestrator does "
                "not have",
                store.key_origin(("spec", "kubernetes")),
                advice="Leave `orchestrator` out: such a store exists on clusters only.",
            )
    for manifest in _manifests(scope):
        spec = dig(manifest.raw, "spec")
        blocks_there = {name: _block(spec, name) for name in STORE_TYPES if dig(spec, name) is not None}
        for path, problem, advice in problems(blocks_there, CLUSTER):
            yield Finding(
                "R82",
                Severity.ERROR,
                f"Manifest of secret store `{_name(manifest)}` {problem}",
                manifest.origin(("spec", *path)),
                advice=advice,
            )


def _block(spec: Json, name: str) -> dict[str, Json]:
    block = dig(spec, name)
    return block if isinstance(block, dict) else {}


def _manifests(scope: Scope) -> list[Foreign]:
    """Manifests of the Operator's `SecretStore` in the files of the target, templates left out."""
    return [manifest for manifest in store_manifests(scope.declarations) if not is_open(_name(manifest))]


def _name(manifest: Foreign) -> str:
    name = dig(manifest.raw, "metadata", "name")
    return name if isinstance(name, str) else ""


def _one_primary(scope: Scope) -> Iterator[Finding | Unknown]:
    declared = _primary(scope)
    for store in declared[1:]:
        yield Finding(
            "R85",
            Severity.ERROR,
            f"{len(declared)} primary stores in organization `{scope.organization}`, expected one: "
            + listed(other.document.metadata.id for other in declared),
            store.origin(("spec", "orchestrator", "primary")),
            others=(declared[0].origin(("spec", "orchestrator", "primary")),),
            advice="Leave `primary: true` at one of them; the orchestrator writes plain secrets there.",
        )
    target = scope.target_settings
    if declared or target is None or target.mode not in (Mode.DIRECT, Mode.GITOPS):
        return
    stores = scope.surroundings.stores
    if stores is None and scope.primary_store is None:
        yield Unknown("R85", str(scope.unread(Beside.STORES)), scope.unread(Beside.STORES))
    elif scope.primary_store in (None, BUILT_IN_STORE) and scope.secret_stores:
        yield Finding(
            "R85",
            Severity.ERROR,
            f"No external primary store in organization `{scope.organization}`, which is declared {target.mode}",
            scope.secret_stores[0].origin(("spec", "orchestrator")),
            advice="Give one registered store `primary: true`; until then the organization stays in legacy mode.",
        )


def _writable(scope: Scope) -> Iterator[Finding | Unknown]:
    for store in _primary(scope):
        registration = store.document.spec.orchestrator
        if registration is None or registration.auth:
            continue
        for leaf in plain_values(scope):
            yield Finding(
                "R86",
                Severity.ERROR,
                f"The orchestrator has no right to write to primary store `{store.document.metadata.id}`, and "
                f"{leaf.place} is a plain value",
                leaf.origin(),
                key=leaf.key(scope),
                others=(store.origin(("spec", "orchestrator")),),
                advice="Give a reference with `store` and `ref` instead, or give the registration `auth`.",
            )


def _no_stand_in(scope: Scope) -> Iterator[Finding | Unknown]:
    for store in _primary(scope):
        spec = store.document.spec
        shown = next(
            (
                f"{kind}.{name}"
                for kind, block in blocks_of(spec).items()
                for name, value in block.items()
                if name in ("url", "project_id", "endpoint")
                and isinstance(value, str)
                and _STAND_IN.search(value)
            ),
            None,
        )
        if shown is not None:
            yield Finding(
                "R87",
                Severity.WARNING,
                f"Primary store `{store.document.metadata.id}` exists only to leave legacy mode: its `{shown}` "
                "names no real store; plain values written to it are lost",
                store.origin(("spec", *shown.split("."))),
                advice="Use references for every secret, or register a real store as the primary one.",
            )
        elif _backed_by_cluster_only(scope, store):
            yield Finding(
                "R87",
                Severity.WARNING,
                f"Primary store `{store.document.metadata.id}` is backed on clusters by a store of kind "
                "`kubernetes` only; plain values written to it are lost",
                store.origin(("spec", "orchestrator", "primary")),
                advice="Use references for every secret, or register a real store as the primary one.",
            )


def _backed_by_cluster_only(scope: Scope, primary: Declared[SecretStoreDocument]) -> bool:
    """True where the primary store is on no cluster, and what is there is of kind `kubernetes`."""
    if primary.document.spec.clusters:
        return False
    others = [s for s in scope.secret_stores if s.document.spec.clusters]
    kinds = [kind for store in others for kind in blocks_of(store.document.spec)]
    there = {_name(manifest): dig(manifest.raw, "spec") for manifest in _manifests(scope)}
    if primary.document.metadata.id in there:
        return set(_kinds(there[primary.document.metadata.id])) == {"kubernetes"}
    kinds += [kind for spec in there.values() for kind in _kinds(spec)]
    return bool(kinds) and set(kinds) == {"kubernetes"}


def _kinds(spec: Json) -> list[str]:
    return [name for name in STORE_TYPES if dig(spec, name) is not None]


def _versioned(scope: Scope) -> Iterator[Finding | Unknown]:
    for store in scope.secret_stores:
        version = store.document.spec.kvVersion
        if version is not None and version != _VERSIONED_KV:
            yield Finding(
                "R88",
                Severity.ERROR,
                f"Secret store `{store.document.metadata.id}` uses version {version} of the KV engine; Vault needs "
                "version 2",
                store.origin(("spec", "kvVersion")),
                advice="Mount a KV engine of version 2; the store relies on versions of secrets.",
            )


def _agent(scope: Scope) -> Iterator[Finding | Unknown]:
    for store in scope.secret_stores:
        agent = (store.document.spec.vault or {}).get("agent_id")
        if not isinstance(agent, str) or not agent or agent in scope.agent_ids:
            continue
        if scope.live_resource(Kind.AGENT, agent) is not None:
            continue
        name = store.document.metadata.id
        if not scope.has_read(Kind.AGENT):
            yield Unknown(
                "R89",
                f"secret store `{name}` uses Agent `{agent}`, which is not declared, and "
                f"{scope.unread(Kind.AGENT)}",
                scope.unread(Kind.AGENT),
            )
            continue
        live = (resource.key.id for resource in scope.live_of(Kind.AGENT))
        yield Finding(
            "R89",
            Severity.ERROR,
            f"Secret store `{name}` uses Agent `{agent}`, which is not declared",
            store.origin(("spec", "vault", "agent_id")),
            advice=did_you_mean(agent, sorted({*scope.agent_ids, *live})) or f"Declare an Agent `{agent}`.",
        )


RULES = (
    Rule(
        id="R82",
        title="A secret store is of one kind and spelled as its side has it",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_well_formed,
    ),
    Rule(
        id="R85",
        title="An organization has one primary store",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_one_primary,
    ),
    Rule(
        id="R86",
        title="Plain values are given only where the orchestrator can store them",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_writable,
    ),
    Rule(
        id="R87",
        title="The primary store is a real one",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_no_stand_in,
    ),
    Rule(
        id="R88",
        title="Vault has a versioned KV engine",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=SCOPE,
        check=_versioned,
    ),
    Rule(
        id="R89",
        title="A store reaches Vault through an Agent that exists",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=SCOPE,
        check=_agent,
    ),
)
