"""The interface of every store for the record of ownership, and the record as bytes.

`file`, `git_ref` and `none` are the stores. A pass reads the record of each target before it plans. An
apply writes it twice: before its first action, with a pending mark for everything that it is about to
create, and after its last action, with the outcome of each.
"""

import json
import re
from typing import Protocol

from reconciler.errors import InventoryError
from reconciler.model.record import Inventory, UnknownVersionError

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""A record of 10,000 objects has about 3 MB; a larger file is not a record of this tool."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")


class InventoryStore(Protocol):
    """A store with one record for each target of one instance.

    A store remembers what it read and wrote, so each run needs its own store.
    """

    def read(self, target: str) -> Inventory:
        """The record, with `exists=False` if there is none.

        Raises InventoryError if it cannot be read, or is not a record of this instance and target:
        an unreadable record never counts as an empty one.
        """
        ...

    def write(self, inventory: Inventory) -> None:
        """Replace the record durably.

        Raises InventoryConflictError, with nothing written, if it changed since this store read
        it, and InventoryError if it cannot be written. For a target that was never read, a record
        must not exist.
        """
        ...


def checked_name(name: str, *, what: str) -> str:
    """The name, if it can be used unchanged in a path and in a Git ref.

    Raises InventoryError otherwise: no separators, no leading dash or dot, no `..`, and none of
    the suffixes that Git reserves (git-check-ref-format).
    """
    if _NAME.fullmatch(name) is None or ".." in name or name.lower().endswith(".lock"):
        raise InventoryError(
            f"the record of ownership cannot be stored under the {what} name {name!r}",
            advice="use only letters, digits, `-`, `_` and `.`, and start with a letter or a digit",
        )
    return name


def encode(inventory: Inventory) -> bytes:
    """UTF-8 JSON with one entry per line, so that a change of one object is one line in a diff."""
    document = inventory.to_json()
    entries = document.pop("entries")
    head = json.dumps(document, sort_keys=True)[:-1]
    lines = [json.dumps(entry, sort_keys=True) for entry in entries] if isinstance(entries, list) else []
    body = ",\n".join(lines)
    return f'{head}, "entries": [\n{body}\n]}}\n'.encode()


def decode(data: bytes, *, instance: str, target: str, place: str) -> Inventory:
    """The record in `data`.

    Raises InventoryError, with `place`, if it is damaged, of another version, or the record of
    another instance or target.
    """
    advice = (
        f"nothing was changed; restore {place} from a backup or an earlier commit, or remove it "
        "to start without any ownership (live objects are then adopted if they equal the files)"
    )
    try:
        document = json.loads(data)
        inventory = Inventory.from_json(document)
    except KeyError as error:
        raise InventoryError(f"{place} is damaged: it lacks {error}", advice=advice) from error
    except UnknownVersionError as error:
        raise InventoryError(
            f"{place} is not a usable record: {error}",
            advice="nothing was changed; use the version of this program that wrote it, or a later one",
        ) from error
    except (ValueError, RecursionError) as error:
        reason = "it is not JSON" if isinstance(error, json.JSONDecodeError) else str(error)[:200]
        raise InventoryError(f"{place} is not a usable record: {reason}", advice=advice) from error
    if (inventory.instance, inventory.target) != (instance, target):
        raise InventoryError(
            f"{place} is the record of instance {inventory.instance!r}, target {inventory.target!r}, "
            f"not of instance {instance!r}, target {target!r}",
            advice="nothing was changed; give each instance and each target its own record",
        )
    repeated = len(document["entries"]) - len(inventory.entries)
    if repeated:
        raise InventoryError(f"{place} is damaged: it has {repeated} duplicate entries", advice=advice)
    return inventory
