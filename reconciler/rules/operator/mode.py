"""Rules about modes and the change from one to another (compatibility rules, Operator and mode): R60, R62, R63."""

from collections.abc import Iterator, Sequence

from reconciler.facts.definition import DeclaredDefinition
from reconciler.facts.git_target import mode_path
from reconciler.facts.mode import KnownFrom, ModeChange, declared_primary
from reconciler.facts.operator import DeclaredOperator, deployment_targets, without_operator
from reconciler.facts.scope import Scope
from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.surroundings import BUILT_IN_STORE
from reconciler.model.unseen import UnseenError, never_read, unspecified
from reconciler.model.wording import listed, plural
from reconciler.rules.over import OPERATORS, TARGET
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject
from reconciler.settings import FILE_NAME, Mode

_SHOWN = 20
"""Most places in one finding; its message has the total."""
_NAMED = 3
"""Most definitions named in its message."""


def _as_declared(subject: Subject[Scope]) -> Iterator[Answer]:
    scope = subject.scope
    declared = None if scope.target_settings is None else scope.target_settings.mode
    if declared is None:
        return
    targets = deployment_targets(scope)
    if not targets:
        yield from _organization_as_declared(subject, declared)
        return
    coming = scope.mode_change
    modes = {target.id: _mode_after(scope, target, coming) for target in targets}
    all_computed = set(modes.values())
    for computed in Mode:
        differing = [target for target in targets if modes[target.id] is computed]
        if differing and _is_other(declared, computed, all_computed):
            yield _other_mode(subject, declared, computed, differing)
    question = f"whether target `{scope.target}` runs in {declared}"
    unknown = [target for target in targets if modes[target.id] is None]
    if unknown:
        yield subject.doubts(question, unspecified(_why_unknown(scope, unknown)))
    if len(unknown) < len(targets):
        latest = "the latest deployments were not read, which takes one request per application"
        yield subject.doubts(question, never_read(latest))


def _mode_after(scope: Scope, target: DeclaredDefinition, coming: ModeChange | None) -> Mode | None:
    """Mode once the declared stores are applied; R63 reports the change itself, and a guard holds it."""
    found = scope.mode(target)
    return coming.after if coming is not None and found is coming.before else found


def _is_other(declared: Mode, computed: Mode, all_computed: set[Mode | None]) -> bool:
    """Whether the declared mode is wrong.

    One organization can have targets in `direct` as well as in `gitops`; its declared mode is wrong only where no
    target has it, or where exactly one of the two modes is `legacy`.
    """
    if declared is computed:
        return False
    if Mode.LEGACY in (declared, computed):
        return True
    return declared not in all_computed and None not in all_computed


def _why_unknown(scope: Scope, targets: Sequence[DeclaredDefinition]) -> str:
    computed = [target for target in targets if scope.primary.id is not None]
    if not computed:
        return scope.primary.why
    places = ", ".join(f"`{target.id}` ({target.origin(mode_path(target))})" for target in computed)
    return f"whether these deploy to Git is known only at deployment: {places}"


def _reason(scope: Scope, computed: Mode, first: DeclaredDefinition) -> str:
    if computed is Mode.GITOPS:
        return f"`{first.id}` deploys to Git"
    coming = scope.mode_change
    if coming is not None and coming.after is computed:
        return f"store `{coming.store}` is to become primary"
    words = {
        KnownFrom.LIVE: "is the live primary store",
        KnownFrom.DECLARED: "is declared as the primary store",
        KnownFrom.SETTINGS: "is the primary store in the settings",
        KnownFrom.NOTHING: "",
    }
    return f"`{scope.primary_store}` {words[scope.primary.known_from]}"


def _other_mode(
    subject: Subject[Scope], declared: Mode, computed: Mode, differing: Sequence[DeclaredDefinition]
) -> Answer:
    scope, (first, *others) = subject.scope, differing
    more = f" and {len(others)} more" if others else ""
    coming = scope.mode_change
    reason = None
    if computed is not Mode.GITOPS:
        reason = scope.primary.origin if coming is None else coming.origin
    places = dict.fromkeys((Origin(FILE_NAME), *(() if reason is None else (reason,))))
    return subject.says(
        f"Definition `{first.id}`{more} of target `{scope.target}` is declared {declared} but would run in {computed}: "
        + _reason(scope, computed, first),
        at=first.origin(mode_path(first)),
        key=scope.key(Kind.DEFINITION, first.id),
        others=(*(other.origin(mode_path(other)) for other in others[:_SHOWN]), *places),
        advice=_next_step(scope, declared, computed),
    )


def _next_step(scope: Scope, declared: Mode, computed: Mode) -> str:
    correct = f"Set `targets.{scope.target}.mode: {computed}`"
    if declared is Mode.GITOPS and computed is Mode.DIRECT:
        return f"{correct}, or deploy with driver `humanitec/k8s-cluster-git`."
    if computed is Mode.GITOPS:
        return f"{correct}, or deploy with an ordinary cluster driver."
    if computed is Mode.LEGACY:
        return f"{correct}, or make an external secret store primary once every cluster has an Operator."
    return f"{correct}; going back to {declared} means making `{BUILT_IN_STORE}` the primary store."


def _organization_as_declared(subject: Subject[Scope], declared: Mode) -> Iterator[Answer]:
    """Findings where no cluster definition is declared: the store alone distinguishes legacy from the other modes."""
    scope = subject.scope
    coming = scope.mode_change
    computed = scope.primary.mode if coming is None else coming.after
    if computed is None:
        raise UnseenError(unspecified(scope.primary.why))
    if (declared is Mode.LEGACY) != (computed is Mode.LEGACY):
        place = scope.primary.origin or Origin(FILE_NAME)
        yield subject.says(
            f"Target `{scope.target}` is declared {declared} but organization `{scope.organization}` would run in "
            f"{computed}: primary store `{scope.primary_store if coming is None else coming.store}`",
            at=place,
            others=() if place == Origin(FILE_NAME) else (Origin(FILE_NAME),),
            advice=_next_step(scope, declared, computed),
        )


def _busy_operator(subject: Subject[DeclaredOperator]) -> Iterator[Answer]:
    if subject.seen.primary_store == BUILT_IN_STORE:
        yield subject.says(
            f"The Operator on cluster `{subject.fact.document.spec.cluster}` has nothing to do: organization "
            f"`{subject.scope.organization}` is in legacy mode until an external store is primary",
            at=subject.fact.origin(("spec", "cluster")),
            advice="Make an external secret store primary, or leave the Operator out until then; keeping it "
            "in place does no harm.",
        )


def _made_knowingly(subject: Subject[Scope]) -> Iterator[Answer]:
    scope = subject.scope
    found = scope.mode_change
    if found is None:
        if declared_primary(scope.secret_stores) is not None and scope.primary_now is None:
            raise UnseenError(unspecified("the current primary secret store is not known"))
        return
    count, without, undeclared = without_operator(scope)
    lacking = len(without) + undeclared
    names = listed((target.id for target in without), most=_NAMED)
    operators = f"{lacking} of them not known to have an Operator" if lacking else "all with an Operator"
    yield subject.says(
        f"Making `{found.store}` primary switches the whole organization `{scope.organization}` from "
        f"{found.before} to {found.after}: {plural(count, 'cluster definition')}, "
        f"{operators}" + (f" ({names})" if names else ""),
        at=found.origin,
        others=tuple(target.origin() for target in without[:_SHOWN]),
        advice="Prepare every cluster first; an apply holds the change until it is approved with "
        f"`--accept primary-store=SecretStore/{found.declared}`.",
    )


RULES = (
    Rule(
        id="R60",
        title="Deployment targets run in the declared mode",
        severity=Severity.ERROR,
        confidence=Confidence.VENDOR_CODE,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_as_declared,
    ),
    Rule(
        id="R62",
        title="An Operator has work to do",
        severity=Severity.WARNING,
        confidence=Confidence.INFERRED,
        sides=(Side.FILE, Side.LIVE),
        over=OPERATORS,
        check=_busy_operator,
    ),
    Rule(
        id="R63",
        title="A switch between legacy and direct mode is deliberate",
        severity=Severity.WARNING,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE, Side.LIVE),
        over=TARGET,
        check=_made_knowingly,
    ),
)
