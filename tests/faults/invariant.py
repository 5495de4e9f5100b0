"""What must hold whatever fails: sixteen invariants over the evidence of a trial."""

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.emulator import Entry
from reconciler.errors import ExitCode
from reconciler.model.kind import CLUSTER_KINDS, Kind
from reconciler.orchestrator.access import SAFE_VERBS
from reconciler.plan.action import Outcome, Status, Verb
from tests.faults.canary import leaks
from tests.faults.trial import LONGEST_RUN_S, MOST_ROUNDS, Evidence

MOST_GROWTH_BYTES = 256 * 1024 * 1024
"""Of one run; four times the largest answer that is read."""
LONGEST_WAIT_S = 66.0
"""Of one pause: what retries may take in all, with their jitter."""


@dataclass(frozen=True)
class Invariant:
    """A name, a sentence, and a check that returns what breaks it, or ""."""

    name: str
    sentence: str
    broken: Callable[[Evidence], str]


def _same_end(seen: Evidence) -> str:
    if not seen.last.is_settled:
        return f"after {seen.rounds} more runs there is still something to do: {_left(seen)}"
    wrong = [name for name, live in seen.wanted.live.items() if seen.end.live[name] != live]
    return f"the live state of {', '.join(wrong)} differs" if wrong else ""


def _left(seen: Evidence) -> str:
    result = seen.last.result
    if result is None or result.error:
        return repr(seen.last.raised if result is None else result.error)
    parts = []
    for target in result.targets:
        plan = target.plan
        parts += [target.error] if target.error else []
        parts += [f"{a.verb} {a.key}" for a in plan.actions] if plan else []
        parts += [f"refused: {r.guard}" for r in plan.refusals] if plan else []
        parts += [f"contested: {c.key}" for c in plan.contested] if plan else []
    return "; ".join(parts[:4])


def _record_agrees(seen: Evidence) -> str:
    for name, wanted in seen.wanted.record.items():
        found = seen.end.record[name]
        wrong = sorted(str(key) for key in {*wanted, *found} if wanted.get(key) != found.get(key))
        if wrong:
            return f"the record of {name} differs at {', '.join(wrong[:3])}"
    return ""


def _others_untouched(seen: Evidence) -> str:
    touched = [e.object for run in seen.runs for e in run.effects if "their" in e.object.split("/")[-1]]
    if touched:
        return f"{touched[0]} was changed"
    return "what belongs to others is different at the end" if seen.theirs_changed else ""


def _done_is_done(seen: Evidence) -> str:
    for outcome in _outcomes(seen):
        is_done = outcome.status is Status.DONE and outcome.action.writes_orchestrator
        if is_done and not any(_is_of(entry, outcome) for entry in seen.run.effects):
            return f"{_name(outcome)} is done, and the server shows no effect"
    return ""


def _nothing_in_silence(seen: Evidence) -> str:
    said = [o for o in _outcomes(seen) if o.status in (Status.DONE, Status.UNKNOWN) or o.is_written]
    for entry in seen.run.effects:
        if not any(_is_of(entry, outcome) for outcome in said):
            status = next((str(o.status) for o in _outcomes(seen) if _is_of(entry, o)), "not mentioned")
            return f"{entry.object} was {entry.effect} by {entry.verb}, and is {status}"
    return ""


def _exit_code_follows(seen: Evidence) -> str:
    result = seen.run.result
    if result is None:
        return ""
    code = result.exit_code()
    left = [o for o in _outcomes(seen) if o.status not in (Status.DONE, Status.UNCHANGED)]
    if code is ExitCode.DONE and left:
        return f"exit 0 although {_name(left[0])} is {left[0].status}"
    if code is ExitCode.DONE and any(target.error for target in result.targets):
        return "exit 0 although a target could not be read"
    if code is ExitCode.DONE and not seen.stays and (left_to_do := _to_do(seen)):
        return f"exit 0, and the next plan is not empty: {left_to_do}"
    if code is not ExitCode.DONE and not left and seen.after.is_settled and not _has_errors(seen):
        return f"exit {int(code)} although nothing failed and nothing is left"
    return ""


def _to_do(seen: Evidence) -> str:
    """What the next plan changes or asks, without what only the record has to note, such as a seen absence."""
    targets = seen.after.result.targets if seen.after.result else ()
    plans = [target.plan for target in targets if target.plan]
    found = [f"{a.verb} {a.key}" for plan in plans for a in plan.actions if a.writes_orchestrator]
    found += [f"contested {change.key}" for plan in plans for change in plan.contested]
    found += [f"refused by {refusal.guard}" for plan in plans for refusal in plan.refusals]
    return ", ".join(found[:3])


def _has_errors(seen: Evidence) -> bool:
    result = seen.run.result
    assert result is not None
    return bool(result.error or any(t.error or t.inventory_error for t in result.targets))


def _never_our_bug(seen: Evidence) -> str:
    for run in (*seen.runs, seen.after, seen.last):
        if run.raised is not None:
            return f"{run.name} raised {type(run.raised).__name__}: {str(run.raised)[:120]}"
        if run.result is not None and run.result.exit_code() is ExitCode.BUG:
            return f"{run.name} ended with exit 1"
    return ""


def _no_canary(seen: Evidence) -> str:
    return next(leaks(seen.texts, seen.secrets), "")


def _bounded_requests(seen: Evidence) -> str:
    most = 2 * seen.undisturbed.requests
    return next((f"{r.name} sent {r.requests} requests" for r in seen.runs if r.requests > most), "")


def _bounded_time(seen: Evidence) -> str:
    for run in seen.runs:
        if run.seconds > LONGEST_RUN_S:
            return f"{run.name} took {run.seconds:.0f} s"
        if any(wait > LONGEST_WAIT_S for wait in run.waits_s):
            return f"{run.name} would wait {max(run.waits_s):.0f} s"
    return ""


def _bounded_memory(seen: Evidence) -> str:
    grown = max(run.grown_bytes for run in seen.runs)
    return f"grew by {grown // 1_048_576} MiB" if grown > MOST_GROWTH_BYTES else ""


def _look_writes_nothing(seen: Evidence) -> str:
    if seen.look is None:
        return ""
    if seen.look.verbs - SAFE_VERBS:
        return f"a plan sent {', '.join(sorted(seen.look.verbs - SAFE_VERBS))}"
    return f"a plan changed {seen.look_changed[0]}" if seen.look_changed else ""


def _only_once(seen: Evidence) -> str:
    found, wanted = seen.end.counts, seen.wanted.counts
    for what in sorted({*found, *wanted}):
        if found.get(what, 0) != wanted.get(what, 0):
            return f"{what[1]} was {what[0]} {found.get(what, 0)} times, undisturbed {wanted.get(what, 0)}"
    return ""


def _nothing_left_over(seen: Evidence) -> str:
    return seen.left_over[0] if seen.left_over else ""


def _token_stays(seen: Evidence) -> str:
    return f"{seen.strayed} requests went to another server" if seen.strayed else ""


def _organizations_apart(seen: Evidence) -> str:
    if not seen.organization or seen.run.result is None:
        return ""
    for target in seen.run.result.targets:
        if target.target == seen.organization:
            continue
        if target.error:
            return f"{target.target} stopped: {target.error[:120]}"
        for outcome in target.outcomes:
            independent = outcome.action.key.kind in (Kind.DEFINITION, Kind.RUNNER, Kind.CRITERION)
            if independent and outcome.status is not Status.DONE:
                return f"{_name(outcome)} of {target.target} is {outcome.status}: {outcome.message[:100]}"
    return ""


def _outcomes(seen: Evidence) -> tuple[Outcome, ...]:
    return seen.run.result.outcomes if seen.run.result is not None else ()


def _name(outcome: Outcome) -> str:
    return f"{outcome.action.verb} {outcome.action.key}"


_COLLECTIONS = {
    "definitions": Kind.DEFINITION,
    "agents": Kind.AGENT,
    "agent_keys": Kind.KEY,
    "runners": Kind.RUNNER,
    "runner_rules": Kind.RUNNER_RULE,
}
_VERBS = {"created": (Verb.CREATE,), "deleted": (Verb.DELETE,), "updated": (Verb.UPDATE, Verb.CREATE)}


def _is_of(entry: Entry, outcome: Outcome) -> bool:
    """True if a change on the server belongs to an action."""
    collection, place, *names = entry.object.split("/")
    key = outcome.action.key
    if str(key.place) != place:
        return False
    if key.kind in CLUSTER_KINDS:
        is_delete = outcome.action.verb is Verb.DELETE
        return (collection, "/".join(names)) == (key.kind, key.id) and is_delete is (entry.verb == "DELETE")
    if "/criteria" in entry.path:
        wanted = Verb.DELETE if entry.verb == "DELETE" else Verb.CREATE
        return (
            key.kind is Kind.CRITERION and outcome.action.verb is wanted and key.id.startswith(f"{names[0]}[")
        )
    if key.kind is not _COLLECTIONS.get(collection) or outcome.action.verb not in _VERBS[str(entry.effect)]:
        return False
    if key.kind is Kind.RUNNER_RULE:
        return True  # the id of a rule is the server's
    return "/".join(names).startswith(key.id) if key.kind is Kind.KEY else names == [key.id]


INVARIANTS = (
    Invariant("same end", f"Once the fault is gone, at most {MOST_ROUNDS} runs, with no other approvals than those "
              "that the output asks for, lead to the same live state, and the plan is empty.", _same_end),
    Invariant("record agrees", "The record then names exactly what is owned, without a pending mark.", _record_agrees),
    Invariant("others untouched", "Nothing that belongs to others is changed.", _others_untouched),
    Invariant("done is done", "What is reported as done has its effect in the log of the server.", _done_is_done),
    Invariant("nothing in silence", "Every effect in the log of the server is reported as done or unknown, or "
              "as applied where a workload does not run.", _nothing_in_silence),
    Invariant("exit code follows", "Exit 0 means that nothing failed and that the next plan changes nothing on the "
              "server; another code means that something failed or is left.", _exit_code_follows),
    Invariant("never a bug", "No run ends with an exception or with exit 1.", _never_our_bug),
    Invariant("no secret shows", "No secret shows in any output, log, record or plan file, as it is or in base64, "
              "hex, percent-encoding or reversed.", _no_canary),
    Invariant("bounded requests", "No run sends more than twice the requests of an undisturbed one.",
              _bounded_requests),
    Invariant("bounded time", "No run takes longer than its limit, and no pause is longer than the limit of retries.",
              _bounded_time),
    Invariant("bounded memory", f"No run grows by more than {MOST_GROWTH_BYTES // 1_048_576} MiB.", _bounded_memory),
    Invariant("a look writes nothing", "A plan sends only requests that read, and changes neither record nor files.",
              _look_writes_nothing),
    Invariant("only once", "Nothing is created or deleted more often than without the fault.", _only_once),
    Invariant("nothing left over", "No temporary file is left.", _nothing_left_over),
    Invariant("token stays", "Nothing is sent to another address than the configured one.", _token_stays),
    Invariant("organizations apart", "A failing call of one organization does not stop the others.",
              _organizations_apart),
)  # fmt: skip


def broken(seen: Evidence) -> dict[str, str]:
    """What breaks which invariant: name -> sentence; empty if all hold."""
    found = {invariant.name: invariant.broken(seen) for invariant in INVARIANTS}
    return {name: why for name, why in found.items() if why}
