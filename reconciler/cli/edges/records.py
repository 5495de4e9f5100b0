"""The ownership record: where it is kept, and the key of the digests in it."""

from contextlib import suppress
from pathlib import Path

from reconciler.cli.edges.secrets import Secrets
from reconciler.cli.edges.settings import FoundSettings
from reconciler.cli.edges.trees import cache
from reconciler.cli.request import Request
from reconciler.errors import InventoryError, SettingsError
from reconciler.inventory.digest_key import digest_key, existing_digest_key
from reconciler.inventory.file import FileInventory
from reconciler.inventory.git_ref import Access, GitInventory, cached_repository
from reconciler.inventory.none import NoInventory
from reconciler.inventory.store import InventoryStore
from reconciler.passes.result import Purpose
from reconciler.repository.cache import Cache
from reconciler.repository.launch import Launcher
from reconciler.settings import FileInventory as FileInventorySettings
from reconciler.source.git import is_tracked


def opened_record(request: Request, found: FoundSettings) -> InventoryStore:
    """The store that the settings name. Raises InventoryError."""
    settings = found.settings
    chosen = settings.inventory
    launcher = Launcher(request.environment)
    if chosen.none:
        return NoInventory(settings.instance)
    if chosen.git is not None:
        place, remote = request.directory, chosen.git.remote
        if request.url is not None:
            remote = remote or request.url
            # Not the cached repository of the source: that one may be deleted and fetched again at any time.
            place = cached_repository(remote, Cache(cache(request).root / "inventory", launcher))
        return GitInventory(
            place,
            settings.instance,
            remote=remote,
            access=Access.WRITE if request.writes else Access.READ,
            launcher=launcher,
        )
    folder = _folder(found)
    if is_tracked(folder, launcher):
        raise InventoryError(
            f"the ownership record in {folder} is tracked by Git: "
            "anyone who can change the files could claim to own anything",
            advice=f"remove it: git rm -r --cached {folder}; in CI, keep it in a ref: `inventory: {{git: …}}`",
        )
    return FileInventory(folder, settings.instance)


def _folder(found: FoundSettings) -> Path:
    return found.base / (found.settings.inventory.file or FileInventorySettings()).directory


def key_of_digests(request: Request, found: FoundSettings) -> bytes | None:
    """Key of the digests of sent secrets. None where there is none: literals cannot be compared then.

    Read-only commands read the key file but never create it. Saving a plan creates it, as apply
    does: a saved plan contains literals as keyed digests, so a key that appears between plan and
    apply would make the plan stale. Where the folder cannot be written, no key is created.
    """
    inventory = found.settings.inventory
    if request.purpose is Purpose.VALIDATE or inventory.none:
        return None
    if inventory.digestKey is not None:
        try:
            secret = Secrets(request.environment, found.base).value(
                inventory.digestKey, "inventory.digestKey"
            )
        except SettingsError:
            if request.writes or request.saves_plan:
                raise
            # A preview of an untrusted branch has no key; its literals are shown as not comparable.
            return None
        return str(secret.reveal()).encode()
    if inventory.git is not None:
        return None
    folder = _folder(found)
    if request.writes:
        return digest_key(folder)
    if request.saves_plan:
        with suppress(InventoryError):
            return digest_key(folder)
    return existing_digest_key(folder)
