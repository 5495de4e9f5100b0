"""Rules about the use and removal of keys (compatibility rules, Keys): R16, R22, R23."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.facts.declared_runner import CONFIGURATION
from reconciler.facts.key_place import key_places, look
from reconciler.facts.keyring import AgentKeys, is_shared, is_waiting, live_keys
from reconciler.facts.scope import Scope
from reconciler.model.declaration import Declared
from reconciler.model.finding import Severity
from reconciler.model.identity import shown
from reconciler.model.key import KeyDocument, KeyOwner
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.unseen import Unseen, UnseenError, unspecified
from reconciler.rules.over import KEYRINGS, Over
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import Prune


@dataclass(frozen=True, slots=True)
class _Use:
    """A user of a key; `name` is in words, `place` is the evidence, `is_own` is true for users of this target."""

    owner: KeyOwner
    name: str
    place: Origin
    is_own: bool


@dataclass(frozen=True, slots=True)
class _Pair:
    """A key pair with its users, each once, and the names of those that have it registered."""

    fingerprint: str
    uses: tuple[_Use, ...]
    registered: frozenset[str]

    @property
    def products(self) -> set[str]:
        """Products of its users: Agent, Operator or runner."""
        return {use.owner.name.partition(" ")[0] for use in self.uses}


def _pairs(scope: Scope) -> Iterator[Subject[_Pair]]:
    registered: dict[str, set[str]] = defaultdict(set)
    for agent, keys in (live_keys(scope) or {}).items():
        for fingerprint in keys:
            registered[fingerprint].add(f"Agent `{agent}`")
    for known in scope.surroundings.operator_keys or ():
        registered[known.fingerprint].add("a registered Operator")
    for fingerprint, uses in _uses(scope).items():
        if any(use.is_own for use in uses):
            pair = _Pair(fingerprint, uses, frozenset(registered.get(fingerprint, ())))
            yield Subject(pair, scope, f"key pair {shown(fingerprint)}", uses[-1].place)


PAIRS = Over("key pair", _pairs)


def _one_use(subject: Subject[_Pair]) -> Iterator[Answer]:
    pair, products = subject.fact, subject.fact.products
    names = {use.name for use in pair.uses}
    if len(products) == 1:
        # A registered user of the same product may be one of these under another name.
        names |= {name for name in pair.registered if name.startswith("Agent") is not ("Agent" in products)}
    if len(names) > 1 and not all(name.startswith("Agent") for name in names):
        yield subject.says(
            f"One key pair ({shown(pair.fingerprint)}) for {' and '.join(sorted(names))}; a leak or a rotation "
            "affects all of them",
            others=tuple(use.place for use in pair.uses[:-1]),
            advice="Generate a pair for each of them.",
        )
    if any(use.owner.operator is not None and use.is_own for use in pair.uses):
        subject.seen.live(Kind.KEY)


def _uses(scope: Scope) -> Mapping[str, tuple[_Use, ...]]:
    """Users of each fingerprint in the whole tree, each once."""
    clusters = {
        operator.document.metadata.id: operator.document.spec.cluster
        for operator in scope.everything.operators
    }
    found: dict[str, dict[str, _Use]] = defaultdict(dict)
    for fingerprint, owner, place, is_own in _every_use(scope):
        cluster = clusters.get(owner.operator or "")
        name = owner.name + (f" on `{cluster}`" if cluster else "")
        found[fingerprint].setdefault(name, _Use(owner, name, place, is_own))
    return {fingerprint: _without_r108(tuple(users.values())) for fingerprint, users in found.items()}


def _without_r108(uses: tuple[_Use, ...]) -> tuple[_Use, ...]:
    """Users, without runners where an Agent is among them: R108 reports that combination."""
    has_agent = any(use.owner.agent is not None for use in uses)
    return tuple(use for use in uses if use.owner.runner is None) if has_agent else uses


def _every_use(scope: Scope) -> Iterator[tuple[str, KeyOwner, Origin, bool]]:
    declarations = scope.declarations
    own = {key.origin() for key in declarations.keys}
    own |= {operator.origin() for operator in declarations.operators}
    own |= {runner.origin() for runner in declarations.runners}
    for declared in scope.everything.keys:
        owner = declared.document.spec.for_
        for public_key in scope.public_keys_of(declared):
            place = declared.origin(("spec", "publicKey"))
            yield public_key.fingerprint, owner, place, declared.origin() in own
    for runner in scope.everything.runners:
        own_key = scope.public_key(runner.origin())
        if own_key is not None:
            owner = KeyOwner(runner=runner.document.metadata.id)
            place = runner.origin((*CONFIGURATION, "key"))
            yield own_key.fingerprint, owner, place, runner.origin() in own
    for operator in scope.everything.operators:
        key = operator.document.spec.driverKey
        if key is not None and key.fingerprint is not None:
            owner = KeyOwner(operator=operator.document.metadata.id)
            place = operator.origin(("spec", "driverKey", "fingerprint"))
            yield key.fingerprint.lower(), owner, place, operator.origin() in own
    for kept in key_places(scope):
        mounted = look(scope, kept).key
        if mounted is not None and mounted.fingerprint:
            yield mounted.fingerprint, kept.owner, kept.origin, True


def _not_in_use(subject: Subject[AgentKeys]) -> Iterator[Answer]:
    keys, scope = subject.fact, subject.scope
    if scope.settings.inventory.none or scope.settings.policy.prune(Kind.KEY) is Prune.NEVER:
        return
    if not keys.declared or not keys.is_certain:
        return
    if keys.live is None:
        raise UnseenError(scope.unread(Kind.KEY))
    open_question: Unseen | None = None
    for fingerprint, resource in keys.live.items():
        if fingerprint in keys.declared:
            continue
        at = keys.mounted.get(fingerprint)
        if at is not None:
            yield _dropped(subject, fingerprint, f"is in {at.place.name}")
        elif keys.unseen and (is_waiting(resource) or any(name in keys.live for name in keys.declared)):
            open_question = keys.unseen
        elif keys.unseen:
            yield _dropped(subject, fingerprint, "is registered, and none of the declared ones is")
    if open_question is not None:
        raise UnseenError(open_question)


def _dropped(subject: Subject[AgentKeys], fingerprint: str, problem: str) -> Answer:
    return subject.says(
        f"Key {shown(fingerprint)} of Agent `{subject.fact.id}` {problem}, but it is no longer declared; add, "
        "switch, verify, then delete",
        key=subject.fact.key_of(subject.scope, fingerprint),
        advice="Declare it alongside the new key until every Secret has the new one and the Agent is connected.",
    )


@dataclass(frozen=True, slots=True)
class _Everywhere:
    """Keys of an Agent in this target, and those that any document of the tree declares for it.

    `is_only_one` is false where several documents have its id: keys elsewhere may then belong to another Agent.
    """

    here: AgentKeys
    anywhere: Mapping[str, Declared[KeyDocument]]
    is_only_one: bool


def _everywhere(scope: Scope) -> Iterator[Subject[_Everywhere]]:
    anywhere = _declared_by_agent(scope)
    documents = Counter(agent.document.metadata.id for agent in scope.everything.agents)
    for keyring in KEYRINGS.subjects(scope):
        name = keyring.fact.id
        fact = _Everywhere(keyring.fact, anywhere.get(name, {}), documents[name] == 1)
        yield Subject(fact, scope, keyring.name, keyring.place, keyring.key)


EVERYWHERE = Over("keyring in all organizations", _everywhere)


def _declared_by_agent(scope: Scope) -> Mapping[str, Mapping[str, Declared[KeyDocument]]]:
    found: dict[str, dict[str, Declared[KeyDocument]]] = defaultdict(dict)
    for declared in scope.everything.keys:
        agent = declared.document.spec.for_.agent
        if agent is None:
            continue
        for public_key in scope.public_keys_of(declared):
            found[agent].setdefault(public_key.fingerprint, declared)
    return found


def _is_everywhere(subject: Subject[_Everywhere]) -> Iterator[Answer]:
    keys, scope = subject.fact.here, subject.scope
    yield from _mounted_early(subject)
    if not is_shared(keys.agent) or not (subject.fact.anywhere or keys.mounted):
        return
    known = {target.organization for target in scope.settings.targets.values()}
    for organization in keys.agent.document.spec.organizations or ():
        if organization not in known:
            question = f"whether the keys of Agent `{keys.id}` are registered in `{organization}`"
            yield subject.doubts(question, unspecified("no target in the settings has that organization"))
    yield from _missing(subject, subject.fact.anywhere if subject.fact.is_only_one else keys.declared)


def _missing(subject: Subject[_Everywhere], wanted: Mapping[str, Declared[KeyDocument]]) -> Iterator[Answer]:
    """Findings for keys that this organization would lack after the plan: declared only elsewhere, or only mounted."""
    keys, scope = subject.fact.here, subject.scope
    missing = [name for name in {**wanted, **keys.mounted} if name not in keys.declared]
    if not missing or not keys.is_certain:
        return
    if keys.live is None:
        raise UnseenError(scope.unread(Kind.KEY))
    organizations = keys.agent.origin(("spec", "organizations"))
    for fingerprint in missing:
        if fingerprint in keys.live:
            continue
        declared, found = wanted.get(fingerprint), keys.mounted.get(fingerprint)
        where = "" if found is None else f", which is in {found.place.name},"
        yield subject.says(
            f"Key {shown(fingerprint)} of Agent `{keys.id}`{where} is missing in `{scope.organization}`; the Agent "
            "would be refused there",
            at=organizations if declared is None else declared.origin(("metadata", "id")),
            key=keys.key_of(scope, fingerprint),
            others=() if declared is None else (organizations,),
            advice="Declare its public half as a `Key` of the Agent, in the files of each of its organizations."
            if declared is None
            else f"Put the key's document among the files of target `{scope.target}`, or remove "
            f"`{scope.organization}` from the Agent's `organizations`.",
        )


def _mounted_early(subject: Subject[_Everywhere]) -> Iterator[Answer]:
    """Warnings for Secrets replaced before registration: this plan corrects that, so it must not be refused."""
    keys, scope = subject.fact.here, subject.scope
    for fingerprint in keys.mounted:
        if keys.live and fingerprint not in keys.live and fingerprint in keys.declared:
            yield subject.says(
                f"Key {shown(fingerprint)} of Agent `{keys.id}` is mounted but not yet registered in "
                f"`{scope.organization}`; the Agent is refused there until it is",
                at=keys.origin_of(fingerprint),
                key=keys.key_of(scope, fingerprint),
                advice="Apply the plan; next time, replace the Secret after every organization has accepted the key.",
                severity=Severity.WARNING,
            )


RULES = (
    Rule(
        id="R16",
        title="A key pair has one user",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=PAIRS,
        check=_one_use,
    ),
    Rule(
        id="R22",
        title="No key is removed while it is in use",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.LIVE, Side.CLUSTER),
        over=KEYRINGS,
        check=_not_in_use,
    ),
    Rule(
        id="R23",
        title="A key is registered in every organization of its Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE, Side.CLUSTER),
        over=EVERYWHERE,
        check=_is_everywhere,
    ),
)
