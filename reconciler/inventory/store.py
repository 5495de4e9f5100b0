"""What every place for the record of ownership can do, and how a record becomes bytes.

Where the bytes are kept is left to `file`, `git_ref` and `none`. A pass reads each target's record
before it plans. An apply writes it twice: before its first action, with a pending mark for
everything it is about to create, and after its last, with what really became of each.
"""

import json
import re
from typing import Protocol

from reconciler.errors import InventoryError
from reconciler.model.record import Inventory, UnknownVersionError

MAX_RECORD_BYTES = 64 * 1024 * 1024
"""A record of 10,000 objects is about 3 MB; more than this is no record of this tool."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")


class InventoryStore(Protocol):
    """One place that holds a record for each target of one instance.

    A store remembers what it read and what it wrote itself, so one store serves one run.
    """

    def read(self, target: str) -> Inventory:
        """Return the record, `exists=False` where there is none.

        Raises InventoryError where it cannot be read, or is not a record of this instance
        and target: a record that cannot be understood is never an empty one.
        """
        ...

    def write(self, inventory: Inventory) -> None:
        """Replace the record, durably.

        Raises InventoryConflictError where it changed since this store read it, with nothing
        written; InventoryError where it cannot be written. A target never read is taken to
        have had no record.
        """
        ...


def checked_name(name: str, *, what: str) -> str:
    """Return the name if it can be used in a path and in a Git ref unchanged.

    Raises InventoryError for anything else: no separators, no leading dash or dot, no `..`,
    none of the endings Git reserves (git-check-ref-format).
    """
    if _NAME.fullmatch(name) is None or ".." in name or name.lower().endswith(".lock"):
        raise InventoryError(
            f"the record of ownership cannot be kept under the {what} name {name!r}",
            advice="use letters, digits, `-`, `_` and `.` only, starting with a letter or a digit",
        )
    return name


def encode(inventory: Inventory) -> bytes:
    """UTF-8 JSON with one entry to a line, so that a change of one object is one line."""
    document = inventory.to_json()
    entries = document.pop("entries")
    head = json.dumps(document, sort_keys=True)[:-1]
    lines = [json.dumps(entry, sort_keys=True) for entry in entries] if isinstance(entries, list) else []
    body = ",\n".join(lines)
    return f'{head}, "entries": [\n{body}\n]}}\n'.encode()


def decode(data: bytes, *, instance: str, target: str, place: str) -> Inventory:
    """Return the record held by `data`.

    Raises InventoryError naming `place` where it is damaged, of another version, or the
    record of another instance or target.
    """
    advice = (
        f"nothing was changed; restore {place} from a backup or an earlier commit, or remove it "
        "to start without any ownership (what is live is then adopted where it equals the files)"
    )
    try:
        document = json.loads(data)
        inventory = Inventory.from_json(document)
    except KeyError as error:
        raise InventoryError(f"{place} is damaged: it lacks {error}", advice=advice) from error
    except UnknownVersionError as error:
        raise InventoryError(
            f"{place} is no usable record: {error}",
            advice="nothing was changed; run the version of this program that wrote it, or a later one",
        ) from error
    except (ValueError, RecursionError) as error:
        reason = "it is not JSON" if isinstance(error, json.JSONDecodeError) else str(error)[:200]
        raise InventoryError(f"{place} is no usable record: {reason}", advice=advice) from error
    if (inventory.instance, inventory.target) != (instance, target):
        raise InventoryError(
            f"{place} is the record of instance {inventory.instance!r}, target {inventory.target!r}, "
            f"not of instance {instance!r}, target {target!r}",
            advice="nothing was changed; give each instance and each target a record of its own",
        )
    repeated = len(document["entries"]) - len(inventory.entries)
    if repeated:
        raise InventoryError(f"{place} is damaged: {repeated} objects appear in it twice", advice=advice)
    return inventory
