"""Which targets the errors of a tree stop. Pure.

An error belongs to the targets of its file. What belongs to no target, such as the settings and the approvals, and
what concerns the tree as a whole, stops all of them. A document that cannot be read may have declared objects of
targets that are not stopped: there, deletes wait that could follow from its absence.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declarations, Rejected
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import TargetName
from reconciler.model.json import Json
from reconciler.model.wording import plural
from reconciler.passes.read import Reading
from reconciler.settings import FILE_NAME, Target
from reconciler.source.approvals_file import is_approvals
from reconciler.source.selection import Targets, targets_of
from reconciler.source.tree import is_document

_OF_ONE_DOCUMENT = frozenset(("F05", "F06", "F08", "F09", "F15"))
"""Reading rules after whose findings it is still known which document is wrong, and whose it is."""
_OF_WHOLE_TREE = "F04"
"""Files beyond a limit of the tree were left out, whoever they belong to."""
_SHOWN_FILES = 3


@dataclass(frozen=True, slots=True)
class Stops:
    """Targets in which nothing is carried out, each with the errors that stop it.

    `unread` says which files may declare objects of every target, "" if there are none.
    """

    by_target: Mapping[TargetName, tuple[Finding, ...]] = field(default_factory=dict)
    unread: str = ""

    def message(self, name: TargetName) -> str:
        """Why a target is stopped, with the first place."""
        found = self.by_target[name]
        first = found[0]
        more = f" and {plural(len(found) - 1, 'more error')}" if len(found) > 1 else ""
        return f"stopped by {first.rule} at {first.origin}{more}; nothing is carried out in it"


NO_STOPS = Stops()


def stops(reading: Reading, judged: Iterable[Finding], targets: Mapping[TargetName, Target]) -> Stops:
    """What the errors of reading and of rules stop. `targets` are all of the settings."""
    errors = [one for one in (*reading.findings, *judged) if one.severity is Severity.ERROR]
    if not errors:
        return NO_STOPS
    loaded = reading.declarations
    places = {place.file for one in errors for place in (one.origin, *one.others)}
    owners = targets_of(loaded.with_rests(), targets, places | {one.file for one in loaded.rejected})
    whole = {one for one in reading.of_tree if one.rule == _OF_WHOLE_TREE or not is_document(one.origin.file)}
    found: dict[TargetName, list[Finding]] = {name: [] for name in targets}
    for error in errors:
        for name in _concerned(error, owners, whole) or targets:
            found[name].append(error)
    unread = _unread(reading, errors, owners, targets)
    for name in _of_unowned_keys(loaded, targets) if unread or loaded.rejected else ():
        found[name].extend(errors[:1])
    return Stops(
        {name: tuple(dict.fromkeys(errors)) for name, errors in found.items() if errors},
        _named(unread),
    )


def _concerned(error: Finding, owners: Targets, whole: set[Finding]) -> frozenset[TargetName]:
    """Targets that the error belongs to; empty if that is not known."""
    file = error.origin.file
    if error in whole or file == FILE_NAME or is_approvals(file) or not owners.get(file):
        return frozenset()
    return owners[file].union(*(owners.get(place.file, ()) for place in error.others))


def _unread(
    reading: Reading, errors: list[Finding], owners: Targets, targets: Mapping[TargetName, Target]
) -> list[str]:
    """Files with documents whose targets are not known."""
    reader = [one for one in errors if one in reading.findings]
    files = {one.origin.file for one in reader if one.rule not in _OF_ONE_DOCUMENT or one in reading.of_tree}
    for rejected in reading.declarations.rejected:
        wanted = _targets_of_rejected(rejected, reading.declarations, targets)
        if wanted is None or not wanted <= owners.get(rejected.file, frozenset()):
            files.add(rejected.file)
    return sorted(file for file in files if file != FILE_NAME and not is_approvals(file))


def _targets_of_rejected(
    rejected: Rejected, loaded: Declarations, targets: Mapping[TargetName, Target]
) -> frozenset[TargetName] | None:
    """Targets of an invalid document apart from those of its file; None if that is not known."""
    if rejected.kind not in (_AGENT, _KEY):
        return frozenset()
    spec = rejected.raw.get("spec")
    if not isinstance(spec, dict):
        return None
    if rejected.kind == _AGENT:
        return _named_targets(spec.get("organizations", []), targets)
    wanted = spec.get("for")
    agent = wanted.get("agent") if isinstance(wanted, dict) else None
    for declared in loaded.agents:
        if declared.document.metadata.id == agent:
            listed: list[Json] = list(declared.document.spec.organizations or ())
            own = targets_of(loaded, targets, {declared.file})[declared.file]
            return _named_targets(listed, targets) if listed else own
    return frozenset() if isinstance(wanted, dict) and wanted and "agent" not in wanted else None


_AGENT, _KEY = (AgentDocument.__name__.removesuffix("Document"), "Key")


def _named_targets(organizations: Json, targets: Mapping[TargetName, Target]) -> frozenset[TargetName] | None:
    if not isinstance(organizations, list):
        return None
    by_name = {target.organization: name for name, target in targets.items()}
    found = {by_name.get(one) if isinstance(one, str) else None for one in organizations}
    known = frozenset(name for name in found if name is not None)
    return known if len(known) == len(found) else None


def _of_unowned_keys(loaded: Declarations, targets: Mapping[TargetName, Target]) -> frozenset[TargetName]:
    """Targets of the files of keys whose agent is not declared: it may be in a document that was not read.

    A key belongs to the organizations of its agent, so without the agent it would go to the wrong ones.
    """
    declared = {agent.document.metadata.id for agent in loaded.agents}
    files = {
        key.file
        for key in loaded.keys
        if key.document.spec.for_.agent is not None and key.document.spec.for_.agent not in declared
    }
    return frozenset().union(*targets_of(loaded, targets, files).values())


def _named(files: list[str]) -> str:
    if not files:
        return ""
    more = f" and {len(files) - _SHOWN_FILES} more" if len(files) > _SHOWN_FILES else ""
    return ", ".join(files[:_SHOWN_FILES]) + more
