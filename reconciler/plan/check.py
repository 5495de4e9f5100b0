"""Finds the problems of a plan: what the server is known to refuse, and what nothing can put in order."""

from collections.abc import Iterator, Sequence

from reconciler.diff.change import Change, Diff, Group
from reconciler.model.finding import Finding, Severity
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.state import State
from reconciler.plan.action import Action, Verb
from reconciler.plan.graph import CycleError
from reconciler.plan.parts import agent_of, criterion_key, criterion_selector, type_of
from reconciler.plan.problem import AGENT_WITHOUT_KEY, BUILT_IN, CIRCLE, CRITERION_TAKEN, KEY_WITHOUT_AGENT


def problems(
    actions: Sequence[Action], diff: Diff, live: State, contested: Sequence[Change]
) -> tuple[Finding, ...]:
    """Problems of one place, sorted."""
    found = [
        *_agents_without_key(actions, live),
        *_keys_without_agent(actions, live),
        *_built_in(contested),
        *_taken_criteria(actions, diff),
    ]
    return tuple(sorted(found, key=Finding.sort_key))


def circle(error: CycleError, actions: Sequence[Action]) -> tuple[Finding, ...]:
    """One problem for each action that cannot be put in order."""
    stuck = [action for action in actions if action.id in set(error.actions)]
    names = ", ".join(f"{action.verb} {action.key}" for action in stuck)
    return tuple(
        _problem(
            CIRCLE,
            action.subject,
            f"{action.verb} {action.key} is in a circle of actions that require each other: {names}",
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
    for action in actions:
        if action.verb is Verb.CREATE and action.key.kind is Kind.KEY:
            owner = agent_of(action.key)
            if (Verb.CREATE, owner) not in action.requires and owner not in live.resources:
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
            yield _problem(
                BUILT_IN,
                change,
                f"{change.key} is a built-in definition of {change.key.place}; it is never touched",
                "declare a definition with an id of your own",
            )


def _taken_criteria(actions: Sequence[Action], diff: Diff) -> Iterator[Finding]:
    """Criteria that live holds elsewhere and this plan does not free."""
    holders: dict[tuple[str, str], Change] = {}
    for change in diff.changes.values():
        if change.key.kind is Kind.DEFINITION and change.live is not None:
            for selector in change.live.criteria or ():
                holders[type_of(change.live), selector] = change
    deleted = {action.key for action in actions if action.verb is Verb.DELETE}
    for action in actions:
        for selector in _criteria_added(action):
            kind = type_of(action.subject.desired)
            holder = holders.get((kind, selector))
            if (
                holder is None
                or holder.key == action.subject.key
                or holder.key in deleted
                or criterion_key(holder.key, selector) in deleted
            ):
                continue
            yield _problem(
                CRITERION_TAKEN,
                action.subject,
                f"{action.subject.key} asks for the criterion [{selector or 'any'}] of type {kind}, "
                f"which {holder.key} holds ({_standing(holder)}); the server refuses a second one",
                f"change the criterion here, or remove it from {holder.key} first",
            )


def _criteria_added(action: Action) -> tuple[str, ...]:
    if action.verb is not Verb.CREATE or action.subject.desired is None:
        return ()
    if action.key.kind is Kind.DEFINITION:
        return tuple(action.subject.desired.criteria or ())
    if action.key.kind is Kind.CRITERION:
        return (criterion_selector(action.key),)
    return ()


def _standing(change: Change) -> str:
    if change.live is not None and change.live.is_built_in:
        return "built in"
    return {
        Group.UNMANAGED: "not managed by us",
        Group.CONTESTED: "contested",
        Group.PRUNE: "ours, and not deleted by this plan",
    }.get(change.group, "ours")


def _problem(rule: str, change: Change, message: str, advice: str) -> Finding:
    origin = change.desired.origin if change.desired is not None else None
    return Finding(rule, Severity.ERROR, message, origin or Origin(""), key=change.key, advice=advice)
