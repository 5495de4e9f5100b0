"""What is missing from the files of targets: everything, or what single files that say nothing may declare.

Deletes follow from an absence, so it must be known that nothing is behind it.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping

from reconciler.errors import InventoryError
from reconciler.model.identity import TargetName
from reconciler.model.state import State
from reconciler.passes.begin import Pass
from reconciler.passes.read import Reading
from reconciler.plan.doubt import Absence, Doubt, Name
from reconciler.settings import Target
from reconciler.source.selection import is_bare, select, targets_of
from reconciler.source.tree import is_document, is_json

_EMPTY = "is empty (remove it, restore its content, or say in a comment why it stays)"
_UNREAD = "was not read: {} (raise `limits.maxFileBytes`)"


def absence(asked: Pass, reading: Reading, wanted: Mapping[TargetName, State]) -> Absence:
    """What is missing in the targets of the pass, those of `wanted`, and in the others, which it does not look at."""
    targets = {TargetName(name): target for name, target in asked.settings.targets.items()}
    bare = frozenset(name for name, target in targets.items() if is_bare(reading.declarations, target))
    emptied = {
        name: _owned(asked, name) for name in bare - wanted.keys() if _is_empty(reading, targets[name])
    }
    doubtful = dict(_doubtful(reading))
    owners = targets_of(reading.declarations, targets, doubtful) if doubtful else {}
    doubts = {
        name: tuple(Doubt(file, why, is_own=name in owners[file]) for file, why in doubtful.items())
        for name in wanted
    }
    return Absence(doubts, bare, emptied)


def _is_empty(reading: Reading, target: Target) -> bool:
    return next(select(reading.declarations, target).documents(), None) is None


def _owned(asked: Pass, target: TargetName) -> frozenset[Name]:
    """What the record of a target names that is not part of the pass; nothing if it cannot be read."""
    try:
        return frozenset((key.kind, key.id) for key in asked.adapters.inventory.read(target).entries)
    except InventoryError:
        return frozenset()


def _doubtful(reading: Reading) -> Iterator[tuple[str, str]]:
    """Files that may declare anything, each with the reason. A file with nothing but comments was written so.

    JSON beyond the limit is mostly data of other programs, so it is no error; of YAML, it is one.
    """
    for path, content in reading.files.items():
        if is_document(path) and not content.removeprefix(BOM_UTF8).strip():
            yield path, _EMPTY
    for path, reason in reading.unread:
        if is_json(path) and path not in reading.files:
            yield path, _UNREAD.format(reason)
