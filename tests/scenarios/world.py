"""A small world for scenarios: files, an emulator, an inventory; passes run through `reconcile`."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from threading import Event, Lock
from typing import cast

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from reconciler.cli.edges.handed_in import HandedInSecrets
from reconciler.cluster.client import ClusterClient
from reconciler.emulator import Choices, Effect, Emulator
from reconciler.inventory.file import FileInventory
from reconciler.inventory.store import InventoryStore
from reconciler.keystore.key_pair import KeyPair, generated
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.identity import TargetName
from reconciler.model.key import Algorithm
from reconciler.model.place import Realm
from reconciler.model.record import Inventory
from reconciler.model.secret import Digester, Secret
from reconciler.orchestrator.client import Access, Endpoint, Orchestrator, Retry
from reconciler.passes import reconcile
from reconciler.passes.reconcile import Adapters
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action, Outcome, Status, TargetPlan
from reconciler.plan.approval import parse
from reconciler.plan.saved import SavedPlan
from reconciler.plan.selection import Selection
from reconciler.repository.launch import Launcher
from reconciler.settings import Settings, with_disabled
from reconciler.source.directory import read_directory
from reconciler.source.loader import Loader

URL = "http://emulator"
VAULT = {"url": "https://vault.test", "auth": {"token": "made-up"}}
STORE = "external"
"""The primary secret store of every organization: an external one, so that references may be used."""
SWITCHED = {
    "R22": {"severity": "off", "reason": "the order of a key's replacement is what is tested"},
    "R78": {"severity": "off", "reason": "what becomes of literals is what is tested"},
}
"""Rules that would refuse what the scenarios need."""


BUILT_IN_DNS = "default-humanitec-dns"
"""A built-in definition of every organization, with the criterion that matches everything of its type."""


class Silent:
    """Observer that only collects the outcomes."""

    def __init__(self) -> None:
        self.finished_outcomes: list[Outcome] = []

    def started(self, action: Action) -> None:
        pass

    def finished(self, outcome: Outcome, done: int, total: int) -> None:
        self.finished_outcomes.append(outcome)


class Killed(BaseException):
    """Death of the process: nothing after it has any effect."""


class KillSwitch:
    """Raises `Killed` at the n-th request that could change something, before or after its effect."""

    def __init__(self, at: int, *, after_effect: bool) -> None:
        self.at = at
        self.after_effect = after_effect
        self.count = 0
        self.is_dead = False
        self._lock = Lock()

    def around(self, name: str, _given: tuple[object, ...], call: Callable[[], object]) -> object:
        """A call to a cluster."""
        if name == "close":
            return call()
        is_last = self.begin(changes=name in ("apply", "delete", "change_secret", "restart"))
        found = call()
        self.after(is_last=is_last)
        return found

    def wrap(self, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        return _Mortal(transport, self)

    def before(self, request: httpx.Request) -> bool:
        """True where this request is the last one."""
        return self.begin(changes=request.method not in ("GET", "HEAD"))

    def begin(self, *, changes: bool) -> bool:
        """True where what begins now is the last thing."""
        with self._lock:
            if self.is_dead:
                raise Killed
            if not changes:
                return False
            self.count += 1
            is_last = self.count == self.at
            if is_last and not self.after_effect:
                self.is_dead = True
                raise Killed
            return is_last

    def after(self, *, is_last: bool) -> None:
        with self._lock:
            if is_last:
                self.is_dead = True
            if self.is_dead:
                raise Killed


class _Mortal(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, switch: KillSwitch) -> None:
        self._inner = inner
        self._switch = switch

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        is_last = self._switch.before(request)
        response = self._inner.handle_request(request)
        self._switch.after(is_last=is_last)
        return response

    def close(self) -> None:
        self._inner.close()


class _Interposed:
    """A client of a cluster with something around each of its methods."""

    def __init__(self, inner: ClusterClient, around: "Around") -> None:
        self._inner = inner
        self._around = around

    def __getattr__(self, name: str) -> object:
        found = getattr(self._inner, name)
        if not callable(found):
            return found
        return lambda *given, **named: self._around(name, given, lambda: found(*given, **named))


Around = Callable[[str, tuple[object, ...], Callable[[], object]], object]
"""Name of a method, its arguments, and the call; returns what the caller gets."""


def interposed(inner: ClusterClient, around: Around) -> ClusterClient:
    """A client of a cluster with something around each of its methods."""
    return cast("ClusterClient", _Interposed(inner, around))


class MortalInventory:
    """An inventory that cannot be written once the process is dead."""

    def __init__(self, inner: InventoryStore, switch: KillSwitch) -> None:
        self._inner = inner
        self._switch = switch

    def read(self, target: str) -> Inventory:
        return self._inner.read(target)

    def write(self, inventory: Inventory) -> None:
        if self._switch.is_dead:
            raise Killed
        self._inner.write(inventory)


@dataclass
class World:
    """`root` holds the files; every organization is a target of the same name with all its paths."""

    root: Path
    emulator: Emulator
    settings: Settings
    inventories: Path
    digest_key: bytes | None = b"a digest key for tests"
    environment: dict[str, str] = field(default_factory=dict)
    """Environment for `!env`; `!file` is relative to the root, as with settings in it."""
    switch: KillSwitch | None = None
    between: Callable[[httpx.BaseTransport], httpx.BaseTransport] | None = None
    """Wraps every transport, for servers that the emulator cannot imitate."""
    at_cluster: Callable[[ClusterClient], ClusterClient] | None = None
    """Wraps every client of a cluster."""
    address: str = ""
    """Base URL of a server with this emulator; "" where it is reached in process."""
    is_ancestor: Callable[[str, str], bool | None] = lambda _older, _newer: None
    tries_on_clusters: bool = False
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    made_keys: int = 0
    """Number of the key pairs that were made."""
    seen: list[PassResult] = field(default_factory=list)

    @classmethod
    def make(
        cls, folder: Path, *organizations: str, choices: Choices | None = None, **settings: object
    ) -> "World":
        names = organizations or ("acme",)
        root = folder / "repository"
        root.mkdir()
        connection = {"url": URL, "token": {"env": "UNUSED"}}
        targets = {
            name: {
                "organization": name,
                "paths": ["**"] if len(names) == 1 else [f"orgs/{name}/**"],
                "orchestrator": connection,
                "runners": connection,
            }
            for name in names
        }
        emulator = Emulator(organizations=names, choices=choices or Choices())
        for name in names:
            emulator.seed(
                {
                    "organization": name,
                    "env_types": [{"id": "development"}, {"id": "production"}],
                    "secret_stores": [{"id": STORE, "primary": True, "vault": VAULT}],
                }
            )
        emulator.log.clear()
        return cls(
            root,
            emulator,
            Settings.model_validate(
                {"version": 1, "instance": "test", "targets": targets, "rules": SWITCHED, **settings}
            ),
            folder / "inventory",
        )

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def remove(self, name: str) -> None:
        (self.root / name).unlink()

    def disable(self, *built_in: str, target: str = "acme") -> None:
        """Set `builtIn.disabled` of a target."""
        self.settings = with_disabled(self.settings, {target: built_in})

    @property
    def store(self) -> InventoryStore:
        return FileInventory(self.inventories, "test")

    def connect(self, access: Access) -> Callable[[TargetName], Orchestrator]:
        endpoint = Endpoint(self.address or URL, Secret("a-token-for-tests"))

        def transport(_: Endpoint) -> httpx.BaseTransport:
            inner: httpx.BaseTransport = httpx.HTTPTransport() if self.address else self.emulator.transport()
            if self.between is not None:
                inner = self.between(inner)
            return self.switch.wrap(inner) if self.switch else inner

        def opened(name: TargetName) -> Orchestrator:
            target = self.settings.targets[name]
            return Orchestrator(
                self.settings.place(name),
                v1=endpoint if target.orchestrator else None,
                v2=endpoint if target.runners else None,
                access=access,
                transport=transport,
                retry=Retry(sleep=lambda _: None),
            )

        return opened

    def adapters(self, access: Access, *, base: Path | None = None) -> Adapters:
        loader = Loader(self.settings.limits, inspect_public_key)
        store = self.store
        hand_in = HandedInSecrets(self.settings, self.environment, base=self.root, tree=self.root)
        is_read_only = access is Access.READ_ONLY
        return Adapters(
            read_tree=lambda: read_directory(self.root, self.settings.limits, Launcher()),
            load=loader.load,
            connect=self.connect(access),
            inventory=MortalInventory(store, self.switch) if self.switch else store,
            digester=Digester(self.digest_key),
            hand_in=hand_in,
            connect_cluster=lambda name: self._wrapped(
                hand_in.clusters.client(name, is_read_only=is_read_only, tries=self.tries_on_clusters)
            ),
            tries_on_clusters=self.tries_on_clusters,
            rendered=hand_in.clusters.rendered(is_local=False),
            now=lambda: self.now,
            make_key=self.make_key,
            read_base=(lambda: read_directory(base, self.settings.limits, Launcher())) if base else None,
            base_name="main" if base else "",
            is_ancestor=self.is_ancestor,
        )

    def make_key(self, algorithm: Algorithm, bits: int) -> KeyPair:
        """Another key pair at each call. Those of 4096 bits take seconds to find, so each world uses the same ones."""
        self.made_keys += 1
        return generated(algorithm, bits) if algorithm is Algorithm.ED25519 else _pair(self.made_keys)

    def _wrapped(self, client: ClusterClient) -> ClusterClient:
        wrapped = client if self.at_cluster is None else self.at_cluster(client)
        return wrapped if self.switch is None else interposed(wrapped, self.switch.around)

    def plan(
        self, *accepted: str, only: frozenset[str] = frozenset(), base: Path | None = None
    ) -> PassResult:
        result, _ = self.plan_and_save(*accepted, only=only, base=base)
        return result

    def plan_and_save(
        self, *accepted: str, only: frozenset[str] = frozenset(), base: Path | None = None
    ) -> tuple[PassResult, SavedPlan | None]:
        result, bind = reconcile.plan(
            self.settings,
            self.adapters(Access.READ_ONLY, base=base),
            Selection(only=only),
            accepted=frozenset(map(parse, accepted)),
        )
        return result, bind() if bind is not None else None

    def apply(
        self,
        *accepted: str,
        only: frozenset[str] = frozenset(),
        targets: frozenset[str] = frozenset(),
        bound: SavedPlan | None = None,
        stop: Event | None = None,
        observer: Silent | None = None,
        inventory: InventoryStore | None = None,
        rounds: int = reconcile.MOST_ROUNDS,
        rotate: frozenset[str] = frozenset(),
        revoke: tuple[tuple[str, str], ...] = (),
    ) -> PassResult:
        adapters = self.adapters(Access.READ_WRITE)
        return reconcile.apply(
            self.settings,
            replace(adapters, inventory=inventory or adapters.inventory),
            Selection(targets, only, rotate=rotate, revoke=revoke),
            accepted=frozenset(map(parse, accepted)),
            bound=bound,
            observer=observer or Silent(),
            stop=stop or Event(),
            rounds=rounds,
        )

    def effects(self) -> Counter[tuple[str, str]]:
        """How often each object was created, updated and deleted so far: (effect, object) -> count."""
        return Counter(
            (str(entry.effect), entry.object)
            for entry in self.emulator.log.entries()
            if entry.effect is not Effect.NONE
        )

    def live(self, organization: str = "acme") -> object:
        """Everything the APIs show, without values set by clock or chance."""
        with httpx.Client(
            transport=self.emulator.transport(), base_url=URL, headers={"Authorization": "Bearer t"}
        ) as client:
            base = f"/orgs/{organization}"
            agents = client.get(f"{base}/agents").json()
            definitions = client.get(f"{base}/resources/defs").json()
            found: dict[str, object] = {
                "definitions": [d for d in definitions if not d["is_default"]],
                "built_in": {d["id"]: d.get("criteria", []) for d in definitions if d["is_default"]},
                "agents": agents,
                "keys": {a["id"]: client.get(f"{base}/agents/{a['id']}/keys").json() for a in agents},
                "operator_keys": client.get(f"{base}/keys").json(),
                "stores": client.get(f"{base}/secretstores").json(),
                "rules": client.get(f"{base}/runner-rules").json()["items"],
                "runners": [
                    client.get(f"{base}/runners/{r['id']}").json()
                    for r in client.get(f"{base}/runners").json()["items"]
                ],
            }
        return timeless(found)


def add_criterion(world: World, definition: str, criterion: dict[str, str]) -> None:
    """Somebody adds a criterion by hand."""
    headers = {"Authorization": "Bearer t"}
    with httpx.Client(transport=world.emulator.transport(), base_url=URL, headers=headers) as client:
        answer = client.post(f"/orgs/acme/resources/defs/{definition}/criteria", json=criterion)
        assert answer.status_code == 200, answer.text


VOLATILE = frozenset(
    ("created_at", "updated_at", "created_by", "updated_by", "expired_at", "active_version_id", "version")
)


def timeless(value: object) -> object:
    """Drop members set by clock, chance or count; sort lists of objects by id."""
    if isinstance(value, dict):
        return {
            name: timeless(child)
            for name, child in value.items()
            if name not in VOLATILE
            and not (name == "id" and any(other in value for other in ("class", "runner_id", "fingerprint")))
        }
    if isinstance(value, list):
        return sorted((timeless(child) for child in value), key=repr)
    return value


def the_plan(result: PassResult) -> TargetPlan:
    """The plan of the only organization."""
    assert not result.errors, result.errors
    (target,) = [one for one in result.targets if one.realm is Realm.ORGANIZATION]
    assert not target.error, target.error
    assert target.plan is not None
    assert not target.plan.problems, target.plan.problems
    return target.plan


def actions(result: PassResult) -> list[str]:
    return [f"{action.verb} {action.key}" for action in the_plan(result).actions]


def statuses(result: PassResult) -> set[Status]:
    return {outcome.status for outcome in result.outcomes}


@cache
def _pair(_number: int) -> KeyPair:
    return generated(Algorithm.RSA, 4096)


_MODULI = count(1, 2)


def agent_public_key() -> str:
    """Another RSA key of 4096 bits at each call. Its modulus is made up: a private half takes a second to find."""
    return _public(rsa.RSAPublicNumbers(65537, (1 << 4095) + next(_MODULI)).public_key())


def runner_public_key() -> str:
    return _public(ed25519.Ed25519PrivateKey.generate().public_key())


def _public(key: rsa.RSAPublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()


def indented(text: str, by: int) -> str:
    return "\n".join(" " * by + line for line in text.strip().splitlines())


def definition_yaml(
    identifier: str,
    *,
    type_: str = "s3",
    driver: str = "humanitec/echo",
    criteria: str = "[]",
    inputs: str = "",
) -> str:
    return (
        "apiVersion: entity.humanitec.io/v1b1\nkind: Definition\n"
        f"metadata: {{id: {identifier}}}\nentity:\n  name: {identifier}\n  type: {type_}\n"
        f"  driver_type: {driver}\n  criteria: {criteria}\n"
        + (f"  driver_inputs: {inputs}\n" if inputs else "")
    )


def agent_yaml(identifier: str, *, description: str = "", organizations: str = "") -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {identifier}}}\nspec:\n"
        f"  description: {description!r}\n"
        + (f"  organizations: {organizations}\n" if organizations else "")
        + f"  definition: {{id: {identifier}-link, criteria: [{{env_type: development, res_id: agent}}]}}\n"
    )


def key_yaml(identifier: str, owner: str, pem: str, *, product: str = "agent") -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {{id: {identifier}}}\nspec:\n"
        f"  for: {{{product}: {owner}}}\n  publicKey: |\n{indented(pem, 4)}\n"
    )


def operator_yaml(identifier: str, *, organization: str = "") -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {{id: {identifier}}}\nspec:\n"
        "  cluster: eu-1\n" + (f"  organization: {organization}\n" if organization else "")
    )


def store_yaml(
    identifier: str,
    kind: str = "vault",
    block: str = "{url: https://vault.test}",
    *,
    auth: str = "",
    is_primary: bool = False,
    registration: str = "  orchestrator:\n",
) -> str:
    members = f"    primary: {str(is_primary).lower()}\n" + (f"    auth: {auth}\n" if auth else "")
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {{id: {identifier}}}\nspec:\n"
        f"  {kind}: {block}\n" + (registration + members if registration else "")
    )


def runner_yaml(
    identifier: str, pem: str, *, rules: str = "[{env_type_id: development}]", bucket: str = ""
) -> str:
    storage = f"{{type: s3, bucket: {bucket}}}" if bucket else "{type: kubernetes, namespace: jobs}"
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Runner\nmetadata: {{id: {identifier}}}\nspec:\n"
        "  description: of a test\n  runner_configuration:\n    type: kubernetes-agent\n"
        f"    key: |\n{indented(pem, 6)}\n    job: {{namespace: jobs, service_account: job}}\n"
        f"  state_storage_configuration: {storage}\n  rules: {rules}\n"
    )
