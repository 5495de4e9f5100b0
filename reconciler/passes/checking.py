"""The first half of every pass: read the files, judge them, keep what was found out.

`reconciler.passes.reconcile` goes on from here. Holds no step that needs an orchestrator; judging again,
with what is live, is a second call of `check`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import chain
from time import monotonic
from typing import TYPE_CHECKING

from reconciler.errors import ReconcilerError
from reconciler.facts.scope import Scope
from reconciler.inventory.store import InventoryStore
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import AnyDeclared, Declarations
from reconciler.model.document import Frozen
from reconciler.model.finding import Finding, Severity, Silenced, Unknown, sort_findings
from reconciler.model.identity import TargetName
from reconciler.model.key import KeyDocument
from reconciler.model.operator import OperatorDocument
from reconciler.model.runner import RunnerDocument
from reconciler.model.secret import Digester
from reconciler.model.secret_store import SecretStoreDocument
from reconciler.model.state import State
from reconciler.passes.result import PassResult, Purpose, SourceInfo
from reconciler.plan.selection import Selection
from reconciler.rules.judge import Judgement, Turn, judge
from reconciler.settings import FILE_NAME, Settings, Target
from reconciler.source.excerpt import excerpts
from reconciler.source.selection import select, unassigned
from reconciler.source.tree import Tree

if TYPE_CHECKING:
    from reconciler.model.origin import Origin
    from reconciler.orchestrator.client import Orchestrator  # brings httpx, which a validation does not need


@dataclass(frozen=True, slots=True)
class Adapters:
    """The edges, built by the caller. `connect` opens a client that may write only for an apply."""

    read_tree: Callable[[], Tree]
    load: Callable[[Tree], Declarations]
    connect: "Callable[[TargetName], Orchestrator]"
    inventory: InventoryStore
    digester: Digester
    now: Callable[[], datetime]
    read_base: Callable[[], Tree] | None = None
    base_name: str = ""


@dataclass(slots=True)
class Pass:
    """What a pass has found out so far."""

    settings: Settings
    adapters: Adapters
    selection: Selection
    purpose: Purpose
    started_at: datetime
    clock: float = field(default_factory=monotonic)
    source: SourceInfo = field(default_factory=lambda: SourceInfo(""))
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    declarations: Declarations = field(default_factory=Declarations, repr=False)
    """Everything that the tree declares."""
    read: tuple[Finding, ...] = ()
    """Findings of reading the files."""
    judged: tuple[Finding, ...] = ()
    """Findings of the rules, as last judged."""
    of_files: Judgement | None = None
    """What the rules of the files said; None before they were judged."""
    unknown: tuple[Unknown, ...] = ()
    off: tuple[tuple[str, str], ...] = ()
    silenced: tuple[Silenced, ...] = ()
    checked_only: tuple[tuple[str, int], ...] = ()
    requests: dict[str, int] = field(default_factory=dict)
    unread: tuple[tuple[str, str], ...] = ()
    base_name: str = ""
    notes: tuple[str, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything found so far, sorted."""
        return sort_findings([*self.read, *self.judged])

    @property
    def targets(self) -> dict[str, Target]:
        """The targets that were asked for, by name."""
        chosen = self.selection.targets
        return {name: t for name, t in self.settings.targets.items() if not chosen or name in chosen}

    def result(self, **more: object) -> PassResult:
        """Everything found out so far, with lines of the files; `more` are further fields of the result."""
        made = replace(
            PassResult(
                self.purpose,
                self.source,
                self.started_at,
                findings=self.findings,
                unknown=self.unknown,
                rules_off=self.off,
                silenced=self.silenced,
                checked_only=self.checked_only,
                selection=self.selection.describe(),
                seconds=monotonic() - self.clock,
                requests=dict(self.requests),
                unread=self.unread,
                notes=self.notes,
            ),
            **more,  # type: ignore[arg-type]  # fields of PassResult, checked by its constructor
        )
        places = (finding.origin for finding in made.all_findings)
        return replace(made, excerpts=excerpts(self.files, places))

    def is_invalid(self) -> bool:
        """True where a finding so far refuses the plan."""
        return any(finding.severity is Severity.ERROR for finding in chain(self.read, self.judged))


def start(settings: Settings, adapters: Adapters, selection: Selection, purpose: Purpose) -> Pass:
    """A pass that has found out nothing yet."""
    return Pass(settings, adapters, selection, purpose, adapters.now())


def load(running: Pass) -> Declarations | PassResult:
    """Read and parse; a result where the source itself failed."""
    try:
        tree = running.adapters.read_tree()
        declarations = running.adapters.load(tree)
    except ReconcilerError as error:
        return running.result(error=str(error), advice=error.advice, error_code=error.exit_code)
    documents = sum(1 for _ in declarations.documents())
    running.source = SourceInfo(tree.location, tree.revision, tree.is_dirty, len(tree.files), documents)
    running.files = tree.files
    running.declarations = declarations
    running.unread = declarations.unread
    running.read = (
        *tree.findings,
        *declarations.findings,
        *unassigned(declarations, {TargetName(name): t for name, t in running.settings.targets.items()}),
    )
    return declarations


def load_base(running: Pass) -> Declarations | PassResult | None:
    """What the base of a preview declares; a result where it cannot be read, None without one."""
    if running.adapters.read_base is None:
        return None
    try:
        tree = running.adapters.read_base()
        base = running.adapters.load(tree)
    except ReconcilerError as error:
        return running.result(
            error=f"the base {running.adapters.base_name}: {error}",
            advice=error.advice,
            error_code=error.exit_code,
        )
    running.base_name = f"{running.adapters.base_name} (merge base {tree.revision[:12]})"
    if running.files.get(FILE_NAME) != tree.files.get(FILE_NAME):
        note = f"it differs from the one of {running.base_name}; what that changes is not told apart"
        running.unread = (*running.unread, (FILE_NAME, note))
    return replace(base, findings=(*tree.findings, *base.findings))


def scopes(
    settings: Settings,
    targets: Mapping[str, Target],
    loaded: Declarations,
    now: datetime,
    live: Mapping[str, State],
) -> list[Scope]:
    """What rules may look at, one scope for each of `targets`; `live` by name, missing where nothing was read."""
    return [
        Scope(
            target=TargetName(name),
            place=settings.place(name),
            settings=settings,
            declarations=select(loaded, target),
            everything=loaded,
            live=live.get(name),
            now=now,
        )
        for name, target in targets.items()
    ]


def check(running: Pass, loaded: Declarations, live: Mapping[str, State]) -> list[Scope]:
    """Judge by the rules, and return what they looked at, look-ups and all.

    Each rule is judged once: those of the files in the first call, the others in the second, with live. Where no
    second call will follow (a validation, or files with errors), the first judges them all.
    """
    judged = scopes(running.settings, running.targets, loaded, running.started_at, live)
    verdict = running.of_files
    if verdict is None:
        verdict = running.of_files = _judge(running, judged, Turn.BEFORE_LOOK)
        running.judged = verdict.findings
        if running.purpose is Purpose.VALIDATE or running.is_invalid():
            verdict = verdict.joined(_judge(running, judged, Turn.AFTER_LOOK))
    else:
        verdict = verdict.joined(_judge(running, judged, Turn.AFTER_LOOK))
    running.checked_only = checked_only(scope.declarations for scope in judged)
    running.judged = verdict.findings
    running.unknown = verdict.unknown
    running.off = verdict.off
    running.silenced = verdict.silenced
    return judged


def _judge(running: Pass, judged: Sequence[Scope], turn: Turn) -> Judgement:
    return judge(judged, running.settings, day=running.started_at.date(), turn=turn)


def checked_only(of_targets: Iterable[Declarations]) -> tuple[tuple[str, int], ...]:
    """What the files of targets declare and no plan carries out: a noun and a number each, sorted.

    The counterpart of `reconciler.model.desired`: whoever reads a plan must not take these for installed.
    """
    counts: Counter[str] = Counter()
    seen: set[Origin] = set()
    for declarations in of_targets:
        others: Iterable[AnyDeclared] = chain(
            declarations.agents,
            declarations.keys,
            declarations.runners,
            declarations.operators,
            declarations.secret_stores,
        )
        for declared in others:
            if declared.origin() not in seen:
                seen.add(declared.origin())
                counts.update(_left_out(declared.document))
    return tuple(sorted(counts.items()))


def _left_out(document: Frozen) -> Iterator[str]:
    match document:
        case AgentDocument(spec=spec):
            installs = (spec.install, *(spec.moreInstalls or ()))
            yield from ("Agent installation" for install in installs if install is not None)
        case RunnerDocument(spec=spec) if spec.install is not None:
            yield "Runner installation"
        case OperatorDocument():
            yield "Operator"
        case SecretStoreDocument():
            yield "SecretStore"
        case KeyDocument(spec=spec):
            if spec.for_.agent is None:
                yield "Operator key" if spec.for_.operator is not None else "Runner key"
            if spec.privateKey is not None:
                yield "private key place"


def validate(settings: Settings, adapters: Adapters, selection: Selection) -> PassResult:
    """Read and check; no network beyond the source."""
    running = start(settings, adapters, selection, Purpose.VALIDATE)
    loaded = load(running)
    if isinstance(loaded, PassResult):
        return loaded
    check(running, loaded, {})
    return running.result()
