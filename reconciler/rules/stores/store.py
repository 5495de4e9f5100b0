"""Rules about secret stores themselves (compatibility rules, Secrets and stores): R82, R85 to R89."""

import re
from collections.abc import Iterator

from reconciler.facts.definition import dig, members_of
from reconciler.facts.manifest import store_manifests
from reconciler.facts.pattern import is_open
from reconciler.facts.placed_store import placed_of
from reconciler.facts.scope import Scope
from reconciler.facts.secret_leaf import plain_values
from reconciler.facts.store_block import CLUSTER, ORCHESTRATOR, blocks_of, misspelt, problems
from reconciler.model.declaration import Declared, Foreign
from reconciler.model.finding import Severity
from reconciler.model.identifier import did_you_mean
from reconciler.model.json import Json, Path
from reconciler.model.kind import Kind
from reconciler.model.secret_store import AUTH_FIELDS, STORE_TYPES, SecretStoreDocument
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.wording import listed
from reconciler.rules.over import STORES, TARGET, Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Mode

_STAND_IN = re.compile(
    r"(?:^|[^a-z])(?:fake|dummy|dumb|example|placeholder|unused)(?:[^a-z]|$|url)", re.IGNORECASE
)
_VERSIONED_KV = 2
_PRIMARY: Path = ("spec", "orchestrator", "primary")
_REAL = "Use references for every secret, or register a real store as the primary one."
Store = Declared[SecretStoreDocument]


def _primary(scope: Scope) -> Iterator[Subject[Store]]:
    for store in STORES.subjects(scope):
        registration = store.fact.document.spec.orchestrator
        if registration is not None and registration.primary:
            yield store


PRIMARY_STORES = Over("primary store", _primary)


def _well_formed(target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    for store in scope.secret_stores:
        named = f"Secret store `{store.document.metadata.id}`"
        for path, problem, advice in _misshaped(store):
            yield target.says(f"{named} {problem}", at=store.key_origin(("spec", *path)), advice=advice)
    for manifest in _manifests(scope):
        spec = dig(manifest.raw, "spec")
        blocks_there = {name: _block(spec, name) for name in STORE_TYPES if dig(spec, name) is not None}
        for path, problem, advice in problems(blocks_there, CLUSTER):
            yield target.says(
                f"Manifest of secret store `{_name(manifest)}` {problem}",
                at=manifest.origin(("spec", *path)),
                advice=advice,
            )


def _misshaped(store: Store) -> Iterator[tuple[Path, str, str]]:
    """Path below `spec`, problem and advice, for the shared block and for what differs on clusters."""
    spec, blocks = store.document.spec, blocks_of(store.document.spec)
    yield from problems(blocks, ORCHESTRATOR)
    if spec.orchestrator is not None and "kubernetes" in blocks:
        yield (
            ("kubernetes",),
            "has kind `kubernetes`, which the orchestrator does not support",
            "Omit `orchestrator`: such a store exists only on clusters.",
        )
    if len(blocks) != 1:
        return
    (kind,) = blocks
    given = {} if spec.orchestrator is None else spec.orchestrator.auth or {}
    known = AUTH_FIELDS.get(kind, ())
    for name in given if known else ():
        if name not in known:
            yield (
                ("orchestrator", "auth", name),
                f"has `auth.{name}`, which a store of kind `{kind}` does not have",
                did_you_mean(name, known) or f"Known members: {listed(known)}.",
            )
    for index, entry in enumerate(spec.clusters or ()):
        for name, problem, advice in misspelt(entry.differing or {}, CLUSTER[kind]):
            yield (
                ("clusters", index, "differing", name),
                f"has `differing.{name}` for cluster `{entry.cluster}`, which {problem}",
                advice,
            )


def _block(spec: Json, name: str) -> dict[str, Json]:
    return members_of(dig(spec, name))


def _manifests(scope: Scope) -> list[Foreign]:
    """Manifests of the Operator's `SecretStore` in the files of the target, without templates."""
    return [manifest for manifest in store_manifests(scope.declarations) if not is_open(_name(manifest))]


def _name(manifest: Foreign) -> str:
    name = dig(manifest.raw, "metadata", "name")
    return name if isinstance(name, str) else ""


def _one_primary(target: Subject[Scope]) -> Iterator[Answer]:
    scope = target.scope
    declared = [store.fact for store in _primary(scope)]
    for store in declared[1:]:
        yield target.says(
            f"{len(declared)} primary stores in organization `{scope.organization}`, expected one: "
            + listed(other.document.metadata.id for other in declared),
            at=store.origin(_PRIMARY),
            others=(declared[0].origin(_PRIMARY),),
            advice="Keep `primary: true` on only one of them; the orchestrator writes plain secrets there.",
        )
    mode = None if scope.target_settings is None else scope.target_settings.mode
    if declared or mode not in (Mode.DIRECT, Mode.GITOPS):
        return
    if scope.primary_store is None:
        _ = target.seen.stores
    if scope.primary_store in (None, BUILT_IN_STORE) and scope.secret_stores:
        yield target.says(
            f"No external primary store in organization `{scope.organization}`, which is declared {mode}",
            at=scope.secret_stores[0].origin(("spec", "orchestrator")),
            others=(scope.settings.origin("targets", scope.target, "mode"),),
            advice="Set `primary: true` on one registered store; until then, the organization stays in legacy mode.",
        )


def _writable(store: Subject[Store]) -> Iterator[Answer]:
    registration = store.fact.document.spec.orchestrator
    for leaf in () if registration is None or registration.auth else plain_values(store.scope):
        yield store.says(
            f"The orchestrator has no permission to write to primary store `{store.fact.document.metadata.id}`, but "
            f"{leaf.place} is a plain value",
            at=leaf.origin(),
            key=leaf.key(store.scope),
            others=(store.fact.origin(("spec", "orchestrator")),),
            advice="Use a reference with `store` and `ref` instead, or add `auth` to the registration.",
        )


def _no_stand_in(store: Subject[Store]) -> Iterator[Answer]:
    named = f"Primary store `{store.fact.document.metadata.id}`"
    shown = next(
        (
            f"{kind}.{name}"
            for kind, block in blocks_of(store.fact.document.spec).items()
            for name, value in block.items()
            if name in ("url", "project_id", "endpoint")
            and isinstance(value, str)
            and _STAND_IN.search(value)
        ),
        None,
    )
    if shown is not None:
        yield store.says(
            f"{named} exists only to leave legacy mode: its `{shown}` is not that of a real store; plain values "
            "written to it are lost",
            at=store.fact.origin(("spec", *shown.split("."))),
            advice=_REAL,
        )
    elif _backed_by_cluster_only(store.scope, store.fact):
        yield store.says(
            f"{named} is backed on clusters only by a store of kind `kubernetes`; plain values written to it are lost",
            at=store.fact.origin(_PRIMARY),
            advice=_REAL,
        )


def _backed_by_cluster_only(scope: Scope, primary: Declared[SecretStoreDocument]) -> bool:
    """True where the primary store is on no cluster, and the stores on clusters have kind `kubernetes`."""
    if placed_of(scope, primary):
        return False
    others = [s for s in scope.secret_stores if placed_of(scope, s)]
    kinds = [kind for store in others for kind in blocks_of(store.document.spec)]
    there = {_name(manifest): dig(manifest.raw, "spec") for manifest in _manifests(scope)}
    if primary.document.metadata.id in there:
        return set(_kinds(there[primary.document.metadata.id])) == {"kubernetes"}
    kinds += [kind for spec in there.values() for kind in _kinds(spec)]
    return bool(kinds) and set(kinds) == {"kubernetes"}


def _kinds(spec: Json) -> list[str]:
    return [name for name in STORE_TYPES if dig(spec, name) is not None]


def _versioned(store: Subject[Store]) -> Iterator[Answer]:
    version = store.fact.document.spec.kvVersion
    if version is not None and version != _VERSIONED_KV:
        yield store.says(
            f"Secret store `{store.fact.document.metadata.id}` uses version {version} of the KV engine; Vault needs "
            "version 2",
            at=store.fact.origin(("spec", "kvVersion")),
            advice="Mount a KV engine of version 2; the store relies on secret versions.",
        )


def _agent(store: Subject[Store]) -> Iterator[Answer]:
    agent = (store.fact.document.spec.vault or {}).get("agent_id")
    if not isinstance(agent, str) or not agent or agent in store.scope.agent_ids:
        return
    if store.seen.live_resource(Kind.AGENT, agent) is None:
        live = (resource.key.id for resource in store.seen.live(Kind.AGENT))
        yield store.says(
            f"Secret store `{store.fact.document.metadata.id}` uses Agent `{agent}`, which is not declared",
            at=store.fact.origin(("spec", "vault", "agent_id")),
            advice=did_you_mean(agent, sorted({*store.scope.agent_ids, *live}))
            or f"Declare an Agent `{agent}`.",
        )


RULES = (
    Rule(
        id="R82",
        title="A secret store has one kind, with the field names of its side",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=TARGET,
        check=_well_formed,
    ),
    Rule(
        id="R85",
        title="An organization has one primary store",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_one_primary,
    ),
    Rule(
        id="R86",
        title="Plain values are used only where the orchestrator can store them",
        severity=Severity.ERROR,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE,),
        over=PRIMARY_STORES,
        check=_writable,
    ),
    Rule(
        id="R87",
        title="The primary store is a real store",
        severity=Severity.WARNING,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE,),
        over=PRIMARY_STORES,
        check=_no_stand_in,
    ),
    Rule(
        id="R88",
        title="Vault has a versioned KV engine",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=STORES,
        check=_versioned,
    ),
    Rule(
        id="R89",
        title="A store reaches Vault through an existing Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=STORES,
        check=_agent,
    ),
)
