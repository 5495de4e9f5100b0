"""Keys that follow from the place of their private half, and the next step of those that are made here.

A public half is known once its cluster was read. So clusters are read first, then the documents get the public halves,
and what is declared in an organization includes them like any other key.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.cluster.client import ClusterClient
from reconciler.errors import ClusterError
from reconciler.facts.definition import dig
from reconciler.facts.key_place import KeyPlace, key_places
from reconciler.facts.placed_key import PlacedDocument, entries_of, placed_keys
from reconciler.model.cluster_state import SecretObject
from reconciler.model.declaration import Declarations
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.installation import BY_HELM
from reconciler.model.key import KeyOwner, PublicKey
from reconciler.model.key_entries import KeyEntries
from reconciler.model.kind import Kind
from reconciler.model.registration import Registration
from reconciler.model.runner import AgentRunner
from reconciler.model.state import Resource
from reconciler.model.unread import Unread
from reconciler.model.wording import plural
from reconciler.passes.begin import Pass
from reconciler.passes.cluster_sight import ClusterSight
from reconciler.passes.clusters import ClusterClients, LookedClusters
from reconciler.passes.judge import Judged, scopes
from reconciler.passes.key_turn import NO_ROTATIONS, KeyTurn, Rotations, in_plan, owner_name
from reconciler.passes.look import Looked, Sight
from reconciler.passes.pods import running, tried
from reconciler.passes.read import Reading
from reconciler.passes.result import TargetResult
from reconciler.passes.world import World, world_of
from reconciler.plan.action import ActionId, Held, Unexamined, Verb
from reconciler.plan.selection import Selection
from reconciler.procedure.keyring import Keyring, Mount, PlacedKey, Pods
from reconciler.procedure.rotation import Change, GeneratedKey, rotation
from reconciler.source.selection import select

if TYPE_CHECKING:
    from reconciler.model.origin import Origin

_NOT_SELECTED = Unread("it is not part of this run", "Run without `--target`.")


def with_placed_keys(
    declarations: Declarations, clusters: LookedClusters, selection: Selection
) -> Declarations:
    """The documents with the public halves that were read, without revoked ones."""
    placed = placed_keys(declarations)
    if not placed:
        return declarations
    from reconciler.keystore.public_key import inspect_public_key  # noqa: PLC0415  only where there are keys

    found: dict[Origin, tuple[PublicKey, ...]] = {}
    for one in placed:
        entries = entries_of(one)
        secret = _secret(entries, clusters)
        if isinstance(secret, SecretObject):
            revoked = selection.revoked(owner_name(one.document.spec.for_))
            keys = (secret.private_keys.get(name) for name in _names(one, entries))
            found[one.origin()] = tuple(
                inspect_public_key(key.public_pem)
                for key in keys
                if key is not None and key.public_pem and key.fingerprint not in revoked
            )
    return replace(declarations, placed_keys=found)


def _names(declared: PlacedDocument, entries: KeyEntries) -> tuple[str, ...]:
    spec = declared.document.spec
    if spec.generate is None or spec.for_.runner is not None:
        return (entries.entry,)
    return (entries.entry, entries.staged, entries.previous)


def _secret(entries: KeyEntries, clusters: LookedClusters) -> SecretObject | Unread | None:
    """The Secret of a key; None if there is none."""
    at = (entries.namespace, entries.secret)
    for sight in clusters.sights:
        if sight.place.name == entries.cluster:
            if sight.reading.is_directory:
                return Unread("the cluster is a folder of files, which never contain a Secret")
            if at in sight.reading.secrets:
                return sight.reading.secrets[at]
            return Unread("the credentials may not read it", "Grant `get` on this Secret.")
    return _why_unread(entries.cluster, clusters)


def _why_unread(cluster: str, clusters: LookedClusters) -> Unread:
    for result in clusters.failed:
        if result.organization == cluster:
            return Unread(result.error, result.advice)
    return Unread("its cluster is not part of this run or cannot be reached")


def placed_key(entries: KeyEntries, secret: SecretObject | None) -> PlacedKey | Unread:
    """The keys at a place. What is no key that can be read may be one, and is never replaced."""
    if secret is None:
        return PlacedKey()

    def fingerprint(entry: str) -> str:
        key = secret.private_keys.get(entry)
        return "" if key is None else key.fingerprint

    for entry in (entries.entry, entries.staged, entries.previous):
        if entry in secret.entries and not fingerprint(entry):
            return Unread(
                f"its entry {entry} contains no private key that can be read",
                "Correct or delete that entry.",
            )

    return PlacedKey(
        fingerprint(entries.entry),
        fingerprint(entries.staged),
        fingerprint(entries.previous),
        secret.created_at.get(entries.entry),
    )


def mounted_key(entries: KeyEntries, secret: SecretObject | None) -> str:
    """Fingerprint of the key that pods read, "" if there is none."""
    key = None if secret is None else secret.private_keys.get(entries.entry)
    return "" if key is None else key.fingerprint


def rotations(
    asked: Pass,
    declarations: Declarations,
    looked: Looked,
    clients: ClusterClients,
    places: Sequence[KeyPlace],
) -> Rotations:
    """The next step of every generated key. Lists pods only where the step depends on them.

    `places` are all that documents name.
    """
    placed = placed_keys(declarations)
    if not placed:
        return NO_ROTATIONS
    rings = _Rings(asked, declarations, looked, clients, places)
    turns, unread, expected, known = [], {}, set(), []
    for one in placed:
        entries, owner = entries_of(one), one.document.spec.for_
        secret = _secret(entries, looked.clusters)
        if isinstance(secret, Unread):
            unread[owner] = f"{entries} was not read: {secret.reason}"
            continue
        found = placed_key(entries, secret)
        if isinstance(found, Unread):
            unread[owner] = f"{entries}: {found.reason}"
        elif found.current:
            known.append(one)
        else:
            expected.add(owner)
        if one.document.spec.generate is not None:
            names = frozenset[str]() if secret is None else secret.entries
            turns.append(rings.turn(one, entries, found, names))
    return Rotations(tuple(turns), unread, frozenset(expected), tuple(known))


def generated_key(
    declared: PlacedDocument, keyring: Keyring, found: PlacedKey | Unread, world: World
) -> GeneratedKey:
    """What a document says of a key that is made here, with what was found at its place.

    Pods that a chart makes do not say with which key they run: they are restarted here.
    """
    spec, cluster = declared.document.spec, entries_of(declared).cluster
    return GeneratedKey(
        keyring,
        found,
        has_one_key=spec.for_.runner is not None,
        restarts=any(
            one.footprint.cluster == cluster and str(one.footprint.delivery) in BY_HELM
            for one in world.of(keyring.owner)
        ),
        every=None if spec.rotate is None else spec.rotate.period,
    )


class _Rings:
    """What is known of the keys of each owner in this pass."""

    def __init__(
        self,
        asked: Pass,
        declarations: Declarations,
        looked: Looked,
        clients: ClusterClients,
        places: Sequence[KeyPlace],
    ) -> None:
        self._asked = asked
        self._declarations = declarations
        self._looked = looked
        self._clients = clients
        self._places = places
        self._world: World | None = None

    def turn(
        self, declared: PlacedDocument, entries: KeyEntries, found: PlacedKey | Unread, names: frozenset[str]
    ) -> KeyTurn:
        """The next step of one key; pods count only for some of them."""
        spec = declared.document.spec
        name = owner_name(spec.for_)
        keyring = Keyring(name, {}, self._registered(spec.for_), self._mounts(spec.for_))
        key = replace(
            generated_key(declared, keyring, found, self.world),
            is_asked=self._asked.shown is None and name in self._asked.selection.rotate,
            revoked=self._asked.selection.revoked(name),
        )
        now = self._asked.started_at
        turn = rotation(key, now)
        if turn.change in (Change.STAGE, Change.REPLACE, Change.DROP, Change.RESTART):
            pods, elsewhere = self._pods(name)
            key = replace(key, keyring=replace(key.keyring, pods=pods, elsewhere=elsewhere))
            turn = rotation(key, now)
        if turn.change is Change.REPLACE and (jobs := self._jobs(spec.for_, entries.cluster)):
            turn = replace(turn, later=f"{turn.later}; {jobs}")
        if spec.for_.operator is not None and len(key.keyring.registered) != 1 and turn.change is not None:
            names_of = ", ".join(key.keyring.registered) or "none"
            turn = replace(
                turn, held=(*turn.held, f"an Operator serves one organization, and {name} {names_of}")
            )
        return KeyTurn(
            declared,
            entries,
            found,
            turn,
            tuple(key.keyring.registered),
            self._users(entries),
            self._deployments(name, entries) if key.restarts else (),
            names,
        )

    def _jobs(self, owner: KeyOwner, cluster: str) -> str:
        """What becomes of the jobs of a runner that are under way; "" if there are none."""
        found = next(
            (one for one in self._declarations.runners if one.document.metadata.id == owner.runner), None
        )
        configuration = None if found is None else found.document.spec.runner_configuration
        client = self._client(cluster)
        if not isinstance(configuration, AgentRunner):
            return ""
        if isinstance(client, Unread):
            return "which jobs are under way is not known"
        job = configuration.job
        pods = tried(lambda: client.pods(job.namespace, ""))
        if isinstance(pods, Unread):
            return f"which jobs are under way is not known: {pods.reason}"
        count = sum(
            dig(pod, "spec", "serviceAccountName") == job.service_account
            and dig(pod, "status", "phase") not in ("Succeeded", "Failed")
            for pod in pods
        )
        return (
            f"{plural(count, 'job')} under way, not affected: jobs have tokens of their own" if count else ""
        )

    def _deployments(self, name: str, entries: KeyEntries) -> tuple[tuple[str, str], ...]:
        """Deployments of an owner on the cluster of a key."""
        return tuple(
            (one.footprint.workload.namespace, one.footprint.workload.name)
            for one in self.world.of(name)
            if one.footprint.cluster == entries.cluster and one.footprint.workload is not None
        )

    def _users(self, entries: KeyEntries) -> tuple[ResourceKey, ...]:
        """Workloads that mount the entry."""
        at = (entries.namespace, entries.secret, entries.entry)
        return tuple(
            key
            for sight in self._looked.clusters.sights
            if sight.place.name == entries.cluster
            for key, one in sight.workloads.items()
            if at in one.secrets
        )

    def _registered(self, owner: KeyOwner) -> Mapping[str, Mapping[str, Registration] | Unread]:
        """Registrations of the owner's keys in each of its organizations."""
        seen = {sight.target.organization: sight for sight in self._looked.sights}
        failed = {one.organization: one for one in self._looked.failed}
        found: dict[str, Mapping[str, Registration] | Unread] = {}
        for name in self._organizations(owner):
            sight = seen.get(name)
            found[name] = _unseen(failed.get(name)) if sight is None else _registrations(owner, sight)
        return found

    def _organizations(self, owner: KeyOwner) -> dict[str, None]:
        """Organizations of the owner: where it is declared, and those that an installation serves."""
        found: dict[str, None] = {}
        for target in self._asked.settings.targets.values():
            mine = select(self._declarations, target)
            if any(_declares(mine, owner, target.organization)):
                found[target.organization] = None
        for one in self.world.of(owner_name(owner)):
            found.update(dict.fromkeys(one.organizations))
        return found

    def _mounts(self, owner: KeyOwner) -> tuple[Mount, ...]:
        """Every place of a key of the owner that documents name."""
        places = {
            (one.cluster, one.namespace, one.secret, one.entry): None
            for one in self._places
            if one.owner == owner
        }
        found = []
        for place in places:
            entries = KeyEntries(*place)
            secret = _secret(entries, self._looked.clusters)
            found.append(
                Mount(*place, secret if isinstance(secret, Unread) else mounted_key(entries, secret))
            )
        return tuple(found)

    def _pods(self, name: str) -> tuple[tuple[Pods, ...], tuple[str, ...]]:
        """Pods of every installation of an owner, and hosts where none can be seen."""
        seen = {sight.place.name: sight for sight in self._looked.clusters.sights}
        pods, elsewhere = [], []
        for one in self.world.of(name):
            footprint = one.footprint
            if not footprint.cluster or footprint.workload is None:
                elsewhere.append(footprint.cluster or str(footprint.delivery))
            elif footprint.cluster not in seen:
                why = _why_unread(footprint.cluster, self._looked.clusters)
                pods.append(Pods(footprint.cluster, why))
            elif seen[footprint.cluster].reading.is_directory:
                elsewhere.append(f"cluster {footprint.cluster}, a folder of files")
            else:
                client = self._client(footprint.cluster)
                found = client if isinstance(client, Unread) else running(client, footprint.workload)
                pods.append(Pods(footprint.cluster, found))
        return tuple(pods), tuple(dict.fromkeys(elsewhere))

    def _client(self, cluster: str) -> ClusterClient | Unread:
        try:
            return self._clients.of(cluster)
        except ClusterError as error:
            return Unread(str(error), error.advice)

    @property
    def world(self) -> World:
        """What the files install."""
        if self._world is None:
            self._world = world_of(self._asked, self._declarations)
        return self._world


def _declares(declarations: Declarations, owner: KeyOwner, organization: str) -> Iterator[bool]:
    if owner.agent is not None:
        yield from (
            one.document.spec.organizations is None or organization in one.document.spec.organizations
            for one in declarations.agents
            if one.document.metadata.id == owner.agent
        )
    elif owner.operator is not None:
        yield from (
            one.document.spec.organization in (None, organization)
            for one in declarations.operators
            if one.document.metadata.id == owner.operator
        )
    else:
        yield from (one.document.metadata.id == owner.runner for one in declarations.runners)


def _unseen(failed: TargetResult | None) -> Unread:
    return _NOT_SELECTED if failed is None else Unread(failed.error, failed.advice)


def _registrations(owner: KeyOwner, sight: Sight) -> Mapping[str, Registration] | Unread:
    state = sight.look.state
    kind = Kind.RUNNER if owner.runner else Kind.KEY if owner.agent else Kind.OPERATOR_KEY
    if kind not in state.complete:
        return Unread("it was not read completely")
    if kind is Kind.RUNNER:
        from reconciler.keystore.public_key import fingerprint_of  # noqa: PLC0415  only where there are keys

        pems = (
            dig(one.document, "runner_configuration", "key")
            for one in state.of(kind)
            if one.key.id == owner.runner
        )
        key = fingerprint_of(next(pems, None))
        return {} if key is None else {key: Registration()}
    return {
        one.key.id.rpartition("/")[2]: Registration(one.is_accepted, one.status.get("expired_at", ""))
        for one in state.of(kind)
        if owner.agent is None or one.key.id.partition("/")[0] == owner.agent
    }


def with_keys(
    asked: Pass, reading: Reading, judged: Judged, clusters: LookedClusters
) -> tuple[Reading, Judged]:
    """What was read and judged, with the public keys that follow from clusters."""
    declarations = with_placed_keys(reading.declarations, clusters, asked.selection)
    if declarations is reading.declarations:
        return reading, judged
    known = scopes(asked.settings, asked.targets, declarations, asked.started_at)
    return replace(reading, declarations=declarations), replace(judged, scopes=known)


def with_rotations(
    asked: Pass, declarations: Declarations, looked: Looked, clients: ClusterClients
) -> Looked:
    """What was seen, with the next steps of generated keys."""
    if not placed_keys(declarations):
        return looked
    targets = {TargetName(name): target for name, target in asked.settings.targets.items()}
    everywhere = scopes(asked.settings, targets, declarations, asked.started_at)
    places = [place for scope in everywhere for place in key_places(scope)]
    found = rotations(asked, declarations, looked, clients, places)
    seen = tuple(with_turns(sight, found.turns) for sight in looked.clusters.sights)
    unread = (Unexamined(f"keys of {owner_name(owner)}", why) for owner, why in found.unread.items())
    return replace(
        looked,
        sights=tuple(with_unknown_keys(sight, found) for sight in looked.sights),
        clusters=replace(looked.clusters, sights=seen, unexamined=(*looked.clusters.unexamined, *unread)),
        rotations=found,
    )


def first_keys(sight: Sight, rotations: Rotations) -> Iterator[tuple[ActionId, Held]]:
    """Agents and runners that cannot be registered yet, because their only key is not known."""
    keyed = {key.id.partition("/")[0] for key in sight.desired.resources if key.kind is Kind.KEY}
    for key, wanted in sight.desired.resources.items():
        match key.kind:
            case Kind.AGENT if key.id not in keyed:
                owner = KeyOwner(agent=key.id)
            case Kind.RUNNER if dig(wanted.document, "runner_configuration", "key") is None:
                owner = KeyOwner(runner=key.id)
            case _:
                continue
        if owner in rotations.unread:
            yield (Verb.CREATE, key), Held(f"waits: {rotations.unread[owner]}")
        elif owner in rotations.expected:
            yield (Verb.CREATE, key), Held("waits: its first key has to be made before")


def mounted_runners(sight: Sight, rotations: Rotations) -> frozenset[ResourceKey]:
    """Runners whose key is the one that was seen in their Secret."""
    names = {one.document.spec.for_.runner for one in rotations.known}
    return frozenset(key for key in sight.desired.resources if key.kind is Kind.RUNNER and key.id in names)


def with_turns(sight: ClusterSight, turns: Iterable[KeyTurn]) -> ClusterSight:
    """The cluster with the steps of the keys that are on it."""
    own = tuple(one for one in turns if one.entries.cluster == sight.place.name)
    if not own:
        return sight
    desired, live, inventory = in_plan(own, sight.desired, sight.live, sight.inventory)
    return replace(sight, desired=desired, live=live, inventory=inventory, turns=own)


def with_unknown_keys(sight: Sight, rotations: Rotations) -> Sight:
    """The organization, with the keys of owners some of whose keys are not known left as they are."""
    return _with_live_runner_keys(_with_live_keys(sight, rotations), rotations)


def _with_live_runner_keys(sight: Sight, rotations: Rotations) -> Sight:
    """With the key that a runner has, where none is known that it is to have."""
    found = {}
    for owner in (*rotations.unread, *rotations.expected):
        for key, wanted in sight.desired.resources.items():
            live = sight.look.state.resources.get(key)
            if key.kind is Kind.RUNNER and key.id == owner.runner and live is not None:
                configuration = wanted.document["runner_configuration"]
                text = dig(live.document, "runner_configuration", "key")
                if isinstance(configuration, dict) and "key" not in configuration and text is not None:
                    document = {**wanted.document, "runner_configuration": {**configuration, "key": text}}
                    found[key] = replace(wanted, document=document)
    if not found:
        return sight
    return replace(sight, desired=replace(sight.desired, resources={**sight.desired.resources, **found}))


def _with_live_keys(sight: Sight, rotations: Rotations) -> Sight:
    live = sight.look.state
    unknown = {*rotations.unread, *rotations.expected}
    agents = {owner.agent for owner in unknown if owner.agent is not None}
    kept = {
        one.key: one
        for one in (*live.of(Kind.KEY), *live.of(Kind.OPERATOR_KEY))
        if one.key in sight.inventory.entries
        and (
            one.key.id.partition("/")[0] in agents
            if one.key.kind is Kind.KEY
            else any(owner.operator for owner in unknown)
        )
    }
    if not kept:
        return sight
    resources = {**{key: Resource(key, one.document) for key, one in kept.items()}, **sight.desired.resources}
    return replace(sight, desired=replace(sight.desired, resources=resources))
