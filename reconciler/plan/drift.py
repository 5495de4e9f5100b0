"""Drift that the policy only reports, with the changes that need it corrected first."""

from collections.abc import Iterator

from reconciler.diff.change import Change, Diff, Group
from reconciler.model.identity import ResourceKey
from reconciler.model.kind import Kind
from reconciler.plan.parts import agent_of, runner_of
from reconciler.settings import Drift, Policy


def reported(diff: Diff, policy: Policy) -> tuple[Change, ...]:
    """Changes that are left as they are, by key.

    Deletion outside Git is drift like any other change. An agent and its keys are lost together, so the
    policy of agents decides about both. A key or a rule cannot be created while the agent or runner it
    belongs to is missing, so it is left too, drift or not.
    """
    lost = {
        change.key: policy.drift(change.key.kind) is Drift.REPORT
        for change in diff.of(Group.CREATION)
        if change.is_drift and change.key.kind in (Kind.AGENT, Kind.RUNNER)
    }
    created = {change.key for change in diff.of(Group.CREATION)}
    return tuple(_reported(diff, policy, lost, created))


def _reported(
    diff: Diff, policy: Policy, lost: dict[ResourceKey, bool], created: set[ResourceKey]
) -> Iterator[Change]:
    for change in diff.of(Group.CREATION, Group.UPDATE):
        holder = _holder(change)
        waits = holder is not None and lost.get(holder, False)
        # A new agent is sent with its first key, so its keys cannot be left alone.
        goes_along = change.key.kind is Kind.KEY and holder in created
        is_left = change.is_drift and policy.drift(change.key.kind) is Drift.REPORT
        if waits or (is_left and not goes_along):
            yield change


def _holder(change: Change) -> ResourceKey | None:
    """The agent of a key, the runner of a rule; None for everything else."""
    match change.key.kind:
        case Kind.KEY:
            return agent_of(change.key)
        case Kind.RUNNER_RULE:
            return runner_of(change.desired)
        case _:
            return None
