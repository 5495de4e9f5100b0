"""The first step: the tree becomes declarations, once; for a preview, so does the tree of the base."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from reconciler.errors import ReconcilerError, UsageError
from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import TargetName
from reconciler.passes.approved import Approved, approved
from reconciler.passes.begin import Pass
from reconciler.passes.result import SourceInfo
from reconciler.plan.approval import Approval
from reconciler.source.cluster_name import misspelt_clusters
from reconciler.source.selection import unassigned
from reconciler.source.tree import Tree


@dataclass(frozen=True, slots=True)
class Base:
    """The base of a preview: its name in words, and what was read there."""

    name: str
    reading: "Reading"

    @property
    def has_errors(self) -> bool:
        """True if documents of the base cannot be read, so that its plan is unknown."""
        found = self.reading.declarations.findings
        return any(finding.severity is Severity.ERROR for finding in found)


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read. `findings` are those of reading; `unread` are files not read as documents, with the reason."""

    source: SourceInfo
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    declarations: Declarations = field(default_factory=Declarations, repr=False)
    findings: tuple[Finding, ...] = ()
    of_tree: tuple[Finding, ...] = ()
    """Those of `findings` that concern files and folders before their content is read."""
    unread: tuple[tuple[str, str], ...] = ()
    left_alone: tuple[tuple[str, int], ...] = ()
    """Documents of kinds that are known but not handled: kind and number."""
    approvals: frozenset[Approval] = frozenset()
    """Approvals of the repository in force on the day of the pass."""
    base: Base | None = None


def read(asked: Pass) -> Reading:
    """The tree, read and parsed. Raises ReconcilerError if the source itself fails."""
    return _reading(asked, asked.adapters.read_tree())


def _reading(asked: Pass, tree: Tree) -> Reading:
    # What is rendered for a cluster follows from the documents, and is none of them.
    tree = tree.without(asked.adapters.rendered)
    declarations = asked.adapters.load(tree)
    documents = sum(1 for _ in declarations.documents())
    targets = {TargetName(name): target for name, target in asked.settings.targets.items()}
    given = _approved(asked, declarations)
    return Reading(
        SourceInfo(tree.location, tree.revision, tree.is_dirty, len(tree.files), documents, tree.uncommitted),
        tree.files,
        declarations,
        (
            *tree.findings,
            *declarations.findings,
            *unassigned(declarations, targets),
            *misspelt_clusters(declarations, asked.settings.clusters),
            *given.findings,
        ),
        tree.findings,
        declarations.unread,
        tuple(sorted(Counter(str(one.raw["kind"]) for one in declarations.left_alone).items())),
        given.approvals,
    )


def files_not_read(asked: Pass, reading: Reading) -> UsageError | None:
    """The error for selected files that are not in the tree: a typo must not look like success."""
    names = {*reading.files, *(path for path, _ in reading.unread), *(f.origin.file for f in reading.of_tree)}
    missing = [
        given
        for given in sorted(asked.selection.files)
        if given and not any(name == given or name.startswith(f"{given}/") for name in names)
    ]
    if not missing:
        return None
    return UsageError(
        f"no file that was read is called {', '.join(missing)}",
        advice="paths are relative to the current folder; files that Git ignores are not read",
    )


def _approved(asked: Pass, declarations: Declarations) -> Approved:
    return approved(declarations.approvals, asked.settings.targets, asked.started_at.date())


def with_base(asked: Pass, reading: Reading) -> Reading:
    """Add what the base of a preview declares. Raises ReconcilerError with the name of the base."""
    if asked.adapters.read_base is None:
        return reading
    try:
        tree = asked.adapters.read_base()
        of_base = _reading(asked, tree)
    except ReconcilerError as error:
        error.args = (f"the base {asked.adapters.base_name}: {error}",)
        raise
    name = f"{asked.adapters.base_name} (merge base {tree.revision[:12]})"
    return replace(reading, base=Base(name, of_base))
