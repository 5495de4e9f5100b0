"""Problems of a plan: what the server is known to refuse, and requirements that no order satisfies."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from reconciler.diff.change import Change, Diff, Group
from reconciler.model.finding import Finding, Severity
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.state import State
from reconciler.plan.action import Action, ActionId, Verb
from reconciler.plan.graph import CycleError
from reconciler.plan.parts import agent_of, criterion_key, criterion_selector, type_of
from reconciler.plan.problem import AGENT_WITHOUT_KEY, BUILT_IN, CRITERION_TAKEN, CYCLE, KEY_WITHOUT_AGENT
from reconciler.settings import FILE_NAME


def problems(
    actions: Sequence[Action],
    diff: Diff,
    live: State,
    contested: Sequence[Change],
    *,
    waits: Collection[ActionId] = (),
) -> tuple[Finding, ...]:
    """Problems of one place, sorted. `waits` are actions that something else has to precede."""
    found = [
        *_agents_without_key([action for action in actions if action.id not in waits], live),
        *_keys_without_agent(actions, live),
        *_built_in(contested),
        *(taken.problem() for taken in taken_criteria(actions, diff)),
    ]
    return tuple(sorted(found, key=Finding.sort_key))


def cycle(error: CycleError, actions: Sequence[Action]) -> tuple[Finding, ...]:
    """One problem for each action of a target that cannot be put in order; one in all for a target without any.

    Even such a target has a problem, because the whole run has no order.
    """
    stuck = [action for action in actions if action.id in set(error.actions)]
    names = ", ".join(f"{verb} {key}" for verb, key in error.actions)
    if not stuck:
        message = f"the plan has no order, because actions of another target require each other: {names}"
        return (Finding(CYCLE, Severity.ERROR, message, Origin(""), advice="correct that target first"),)
    return tuple(
        _problem(
            CYCLE,
            action.subject,
            f"{action.verb} {action.key} is in a cycle of actions that require each other: {names}",
            "make the change in two steps, each of which can be applied by itself",
        )
        for action in stuck
    )


def _agents_without_key(actions: Sequence[Action], live: State) -> Iterator[Finding]:
    for action in actions:
        if (
            action.verb is Verb.CREATE
            and action.key.kind is Kind.AGENT
            and not action.carried
            and Kind.KEY in live.complete
        ):
            yield _problem(
                AGENT_WITHOUT_KEY,
                action.subject,
                f"agent {action.key.id} does not exist in {action.key.place} and no Key declares its public key",
                "declare a Key with `for: {agent: " + action.key.id + "}`",
            )


def _keys_without_agent(actions: Sequence[Action], live: State) -> Iterator[Finding]:
    deleted = {action.key for action in actions if action.verb is Verb.DELETE}
    for action in actions:
        if action.verb is Verb.CREATE and action.key.kind is Kind.KEY:
            owner = agent_of(action.key)
            if (Verb.CREATE, owner) in action.requires:
                continue
            if owner in deleted:
                yield _problem(
                    KEY_WITHOUT_AGENT,
                    action.subject,
                    f"{action.key} belongs to agent {owner.id}, which is no longer declared and would be deleted "
                    f"in {owner.place}",
                    f"declare an Agent `{owner.id}`, or remove the Key with it",
                )
            elif owner not in live.resources:
                yield _problem(
                    KEY_WITHOUT_AGENT,
                    action.subject,
                    f"{action.key} belongs to agent {owner.id}, which is neither declared nor registered in "
                    f"{owner.place}",
                    f"declare an Agent `{owner.id}`, or name one that exists",
                )


def _built_in(contested: Sequence[Change]) -> Iterator[Finding]:
    for change in contested:
        if change.live is not None and change.live.is_built_in:
            advice = "declare one with an id of your own"
            if change.key.kind is Kind.DEFINITION:
                setting = f"list `{change.key.id}` under `builtIn.disabled` of the target"
                advice = f"{advice}; to replace the built-in one, {setting}"
            message = f"{change.key} is built into {change.key.place}; it is never adopted"
            yield _problem(BUILT_IN, change, message, advice)


@dataclass(frozen=True, slots=True)
class Taken:
    """A criterion that an action adds although another definition has it, or is to have it."""

    action: Action
    type: str
    selector: str
    holder: Change

    @property
    def is_given_back(self) -> bool:
        """True if a built-in definition gets back what was taken from it."""
        return self.action.subject.live is not None and self.action.subject.live.is_built_in

    @property
    def is_held_by_built_in(self) -> bool:
        """True if a built-in definition has it."""
        return self.holder.live is not None and self.holder.live.is_built_in

    def problem(self) -> Finding:
        """What is wrong and what to do."""
        asking, holder = self.action.subject.key, self.holder.key
        criterion = f"the criterion [{self.selector or 'any'}] of type {self.type}"
        if self.is_given_back:
            message = f"{asking} is to get back {criterion}, which {holder} holds"
            advice = f"list `{asking.id}` under `builtIn.disabled` again, or take the criterion from {holder}"
        else:
            message = f"{asking} asks for {criterion}, which {holder} holds ({_ownership(self.holder)})"
            advice = f"change the criterion here, or remove it from {holder} first"
            if self.is_held_by_built_in:
                advice = (
                    f"list `{holder.id}` under `builtIn.disabled` of the target, or change the criterion here"
                )
        message += "; the server refuses a second one"
        return _problem(CRITERION_TAKEN, self.action.subject, message, advice)


Criterion = tuple[str, str]
"""Resource type and selector."""


def taken_criteria(actions: Sequence[Action], diff: Diff) -> Iterator[Taken]:
    """Added criteria that another definition has and this plan does not free, or that two would have after it."""
    holders, declared = _holders(diff)
    deleted = {action.key for action in actions if action.verb is Verb.DELETE}
    for action in actions:
        subject = action.subject
        for selector in _criteria_added(action):
            criterion = type_of(subject.desired), selector
            holder = holders.get(criterion)
            if holder is not None and (
                holder.key == subject.key
                or holder.key in deleted
                or criterion_key(holder.key, selector) in deleted
            ):
                holder = None
            if holder is None and subject.desired is not None and subject.desired.is_built_in:
                holder = declared.get(criterion)
            if holder is not None:
                yield Taken(action, *criterion, holder)


def _holders(diff: Diff) -> tuple[dict[Criterion, Change], dict[Criterion, Change]]:
    """The definition that has each criterion live, and the one that declares it."""
    live: dict[Criterion, Change] = {}
    declared: dict[Criterion, Change] = {}
    for change in diff.changes.values():
        if change.key.kind is Kind.DEFINITION:
            for side, held in ((change.live, live), (change.desired, declared)):
                if side is not None and not (held is declared and side.is_built_in):
                    held.update({(type_of(side), selector): change for selector in side.criteria or ()})
    return live, declared


def _criteria_added(action: Action) -> tuple[str, ...]:
    if action.verb is not Verb.CREATE or action.subject.desired is None:
        return ()
    if action.key.kind is Kind.DEFINITION:
        return tuple(action.subject.desired.criteria or ())
    if action.key.kind is Kind.CRITERION:
        return (criterion_selector(action.key),)
    return ()


def _ownership(change: Change) -> str:
    if change.live is not None and change.live.is_built_in:
        return "built in"
    return {
        Group.UNMANAGED: "unmanaged",
        Group.CONTESTED: "contested",
        Group.PRUNE: "owned, and not deleted by this plan",
    }.get(change.group, "owned")


def _problem(rule: str, change: Change, message: str, advice: str) -> Finding:
    origin = change.desired.origin if change.desired is not None else None
    if change.desired is not None and change.desired.is_built_in:
        origin = Origin(FILE_NAME)
    return Finding(rule, Severity.ERROR, message, origin or Origin(""), key=change.key, advice=advice)
