"""How deployments reach a cluster: the mode, and the primary secret store that decides it (agent and operator 4).

The orchestrator has no field for the mode. An organization is in `legacy` while the built-in store is
primary and in `direct` once another one is; deployments to a cluster definition that writes to Git
are `gitops`, whatever the store. `Scope.mode` combines the two.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.declaration import Declared
from reconciler.model.origin import Origin
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.model.surroundings import BUILT_IN_STORE, Surroundings
from reconciler.model.wording import listed
from reconciler.settings import FILE_NAME, Mode, Settings

DeclaredStore = Declared[SecretStoreDocument]


class KnownFrom(StrEnum):
    """Source from which the primary store is known."""

    LIVE = "live"
    DECLARED = "declared"
    SETTINGS = "settings"
    NOTHING = "unknown"


@dataclass(frozen=True, slots=True)
class PrimaryStore:
    """The primary store of an organization as far as it is known; `id` is None if it is not.

    `origin` is the place of the source, None if that is the orchestrator or nothing. `why` says
    in words where the id comes from, or why there is none.
    """

    id: str | None
    known_from: KnownFrom
    why: str
    origin: Origin | None = None

    @property
    def mode(self) -> Mode | None:
        """Mode of deployments that do not go to Git, None if the store is not known."""
        if self.id is None:
            return None
        return Mode.LEGACY if self.id == BUILT_IN_STORE else Mode.DIRECT


def primary_store(
    target_name: str, settings: Settings, stores: Iterable[DeclaredStore], surroundings: Surroundings
) -> PrimaryStore:
    """The live primary store, else the declared one, else that of the settings.

    A declaration does not prove that a store is registered, so live comes first. If live stores were
    read and none of them is primary, or the built-in one and another are, no other source counts.
    """
    return (
        _live(surroundings)
        or declared_primary(stores)
        or _of_settings(target_name, settings)
        or PrimaryStore(
            None,
            KnownFrom.NOTHING,
            f"the primary secret store of target `{target_name}` is not known; set "
            f"`targets.{target_name}.primaryStore` in the settings",
        )
    )


def _live(surroundings: Surroundings) -> PrimaryStore | None:
    if surroundings.stores is None:
        return None
    found = [store.id for store in surroundings.stores if store.is_primary]
    if not found:
        return PrimaryStore(None, KnownFrom.NOTHING, "no live secret store is primary")
    if len(found) > 1 and BUILT_IN_STORE in found:
        names = listed(sorted(found))
        return PrimaryStore(None, KnownFrom.NOTHING, f"several live secret stores are primary: {names}")
    return PrimaryStore(found[0], KnownFrom.LIVE, "the orchestrator reports it")


def declared_primary(stores: Iterable[DeclaredStore]) -> PrimaryStore | None:
    """The first store that is declared as primary, None if there is none."""
    for store in stores:
        registration = store.document.spec.orchestrator
        if registration is not None and registration.primary:
            place = store.origin(("spec", "orchestrator", "primary"))
            return PrimaryStore(store.document.metadata.id, KnownFrom.DECLARED, f"declared at {place}", place)
    return None


@dataclass(frozen=True, slots=True)
class ModeChange:
    """A change of mode by a change of the primary store.

    `store` is the id of the new primary store, `declared` that of the document that asks for the change, `origin`
    the place in it.
    """

    before: Mode
    after: Mode
    store: str
    declared: str
    origin: Origin


def mode_change(now: str | None, stores: Sequence[DeclaredStore]) -> ModeChange | None:
    """Change of mode that registering the declared stores causes; None if there is none or it is not known.

    `now` is the id of the current primary store, None if it is not known.
    """
    if now is None:
        return None
    wanted = declared_primary(stores)
    if wanted is not None and wanted.id is not None and wanted.origin is not None:
        if now == BUILT_IN_STORE and wanted.id != BUILT_IN_STORE:
            return ModeChange(Mode.LEGACY, Mode.DIRECT, wanted.id, wanted.id, wanted.origin)
        return None
    for store in stores:
        if store.document.metadata.id == now and now != BUILT_IN_STORE:
            place = store.origin(("spec", "orchestrator", "primary"))
            return ModeChange(Mode.DIRECT, Mode.LEGACY, BUILT_IN_STORE, now, place)
    return None


def _of_settings(target_name: str, settings: Settings) -> PrimaryStore | None:
    target = settings.targets.get(target_name)
    if target is None or target.primaryStore is None:
        return None
    return PrimaryStore(
        target.primaryStore,
        KnownFrom.SETTINGS,
        f"`targets.{target_name}.primaryStore` in {FILE_NAME}",
        settings.origin("targets", target_name, "primaryStore"),
    )
