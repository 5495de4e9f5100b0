"""Performs single actions on one cluster. The only code that changes a cluster.

Every object is read right before it is changed: what is not this instance's, or became something else since the plan
was made, is left alone.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import BoundedSemaphore, Event, Lock
from time import monotonic

from reconciler.cluster.client import ClusterClient
from reconciler.diff.cluster import projection
from reconciler.diff.fields import is_same
from reconciler.diff.managed_fields import is_ours
from reconciler.errors import (
    ClusterAccessError,
    ClusterError,
    ClusterForbiddenError,
    ClusterLostAnswerError,
    DeniedError,
    OrchestratorError,
)
from reconciler.facts.agent_log import Connection as LogConnection
from reconciler.facts.agent_log import read_log
from reconciler.facts.cluster_demand import STORES
from reconciler.facts.definition import dig
from reconciler.facts.delivered import delivered
from reconciler.facts.operator_state import default_stores
from reconciler.facts.rollout import Trouble, rollout
from reconciler.model.identity import ResourceKey
from reconciler.model.json import JsonObject
from reconciler.model.kind import WORKLOAD_KINDS, Kind
from reconciler.model.kubernetes_object import (
    FIELD_MANAGER,
    INSTALLATION_ANNOTATION,
    OPERATOR_INSTALLATIONS,
    metadata_of,
    namespace_and_name,
    text_of,
)
from reconciler.model.redaction import redact
from reconciler.model.state import Resource
from reconciler.passes.deed.key_hand import KeyHand, KeyMaking
from reconciler.passes.deed.operator_check import OperatorWork, operator_running, still_deployed
from reconciler.passes.deed.read_back import compared, upgrade_of
from reconciler.passes.deed.running import Running, selector
from reconciler.passes.key_turn import KeyTurn
from reconciler.plan.action import Action, Outcome, Status, Verb

__all__ = ["MOST_ROLLOUTS", "POLL_S", "ClusterHand", "ClusterWork", "selector"]

log = logging.getLogger(__name__)

POLL_S = 1.0
_SLOWEST = 5
"""Factor of the interval where many rollouts are waited for, so that they do not ask more often than a few would."""
MOST_ROLLOUTS = 200
"""Rollouts of one cluster at the same time."""
_LONGEST_LINE = 300
WAIT_S = 300
"""How long a rollout may take unless the installation sets another limit."""
_SHOWN_TROUBLES = 3
_SHOWN_CONTENTS = 5
_SHOWN_FIELDS = 3
_NOTHING_DONE = (ClusterAccessError, ClusterForbiddenError, DeniedError)
"""Refusals that come before any effect. Any other answer can be a gateway's, whatever the API server did."""


@dataclass(frozen=True, slots=True)
class ClusterWork:
    """What is applied on a cluster.

    `bodies` are whole objects; `unforced` are those that are not proven to be owned, whose conflicts are therefore
    left to a person; `owned` were this instance's when the plan was made; `waits_s` is the limit of a rollout, by
    workload.
    """

    making: KeyMaking
    bodies: Mapping[ResourceKey, JsonObject]
    unforced: frozenset[ResourceKey] = frozenset()
    owned: frozenset[ResourceKey] = frozenset()
    waits_s: Mapping[ResourceKey, int] = field(default_factory=dict)
    agents: Mapping[ResourceKey, str] = field(default_factory=dict)
    """Workloads that are Agents, with the container whose log shows whether they are connected."""
    turns: Mapping[ResourceKey, KeyTurn] = field(default_factory=dict)
    """The next steps of keys, by the entry that they change."""
    operators: Mapping[ResourceKey, OperatorWork] = field(default_factory=dict)
    """Workloads that are Operators."""


class ClusterHand:
    """Performs single actions. Expected failures become outcomes; anything else is a bug and propagates."""

    def __init__(
        self,
        client: ClusterClient,
        work: ClusterWork,
        *,
        read: Callable[[ResourceKey], Resource | None],
        stop: Event,
        concurrency: int = 8,
    ) -> None:
        """`read` gets an object of an organization; `stop` ends a wait for a rollout.

        So many actions are under way at once, without those that wait between two looks at a rollout.
        """
        self._concurrency = concurrency
        self._turns = BoundedSemaphore(concurrency)
        self._lock = Lock()
        self._waiting = 0
        self._client = client
        self._work = work
        self._read = read
        self._stop = stop
        self._keys = KeyHand(client, work.making, check=self._uses_successor, wait=self._restarted)

    def perform(self, action: Action) -> Outcome:
        """Outcome of one action."""
        with self._turns:
            if self._stop.is_set():
                return Outcome(action, Status.SKIPPED, "not reached: the run was stopped")
            try:
                if action.key.kind is Kind.PRIVATE_KEY:
                    return self._keys.perform(action, self._work.turns[action.key])
                if action.verb is Verb.DELETE:
                    return self._delete(action)
                if action.verb is Verb.VERIFY:
                    return self._verify(action)
                return self._apply(action)
            except ClusterError as error:
                return _failure(action, error)

    def conclude(self, outcome: Outcome) -> None:
        """Nothing: objects on a cluster carry the marks of their owner themselves."""

    def _apply(self, action: Action) -> Outcome:
        if (blocked := self._awaited(action)) is not None:
            return blocked
        body = self._work.bodies[action.key]
        namespace, name = namespace_and_name(action.key)
        found = self._client.get(action.key.kind, namespace, name)
        if action.verb is Verb.CREATE and found is not None:
            return self._existing(action, body, found)
        if action.verb is Verb.UPDATE and found is None:
            return _later(action, "not sent: it is gone; run again to create it")
        if found is not None and (changed := self._changed(action, found)) is not None:
            return changed
        is_forced = found is not None and action.key not in self._work.unforced
        try:
            applied = self._client.apply(body, force=is_forced, is_new=found is None)
        except ClusterError as error:
            return self._after_failure(action, body, error)
        is_restarted = found is None or dig(found, "spec", "template") != dig(applied, "spec", "template")
        outcome = _written(self._rolled_out(action, applied, is_restarted=is_restarted))
        outcome = self._only_default(outcome, applied)
        upgrade = "" if found is None else upgrade_of(found, applied)
        message = "; ".join(filter(None, (upgrade, outcome.message)))
        return compared(replace(outcome, message=message), body, found, applied)

    def _changed(self, action: Action, found: JsonObject) -> Outcome | None:
        """Outcome of an action on an object that became something else since the plan was made; None if it did not."""
        if action.key in self._work.owned and not is_ours(found, self._work.making.instance):
            return Outcome(action, Status.REFUSED, "not sent: it no longer belongs to this instance")
        uid, live = str(metadata_of(found).get("uid", "")), action.subject.live
        if live is not None and live.handle.get("uid", uid) != uid:
            return _later(
                action, "not sent: it was replaced since the plan was made; run again to compare it"
            )
        if not action.is_deletion and metadata_of(found).get("deletionTimestamp") is not None:
            return _later(action, "not sent: it is being deleted; run again once it is gone")
        return None

    def _existing(self, action: Action, body: JsonObject, found: JsonObject) -> Outcome:
        """Outcome of a create that finds an object: its own of an earlier run, or somebody else's."""
        if not is_ours(found, self._work.making.instance):
            return _later(action, "not sent; somebody else created it in the meantime: left alone")
        if _is_applied(body, found):
            return Outcome(action, Status.UNCHANGED, "already exists, equal: a list did not show it")
        return _later(action, "exists, although a list did not show it; run again to compare it")

    def _after_failure(self, action: Action, body: JsonObject, error: ClusterError) -> Outcome:
        """Outcome of an apply that failed, after reading the object unless nothing can have been done."""
        if isinstance(error, _NOTHING_DONE):
            return _failure(action, error)
        namespace, name = namespace_and_name(action.key)
        try:
            found = self._client.get(action.key.kind, namespace, name)
        except ClusterError as second:
            message = f"{error}; reading again failed too: {second}"
            return Outcome(action, Status.UNKNOWN, message, is_transient=True)
        if found is not None and is_ours(found, self._work.making.instance) and _is_applied(body, found):
            outcome = self._rolled_out(action, found, is_restarted=True)
            if outcome.status is Status.DONE:
                return replace(outcome, message=_found_done(error))
            return _written(outcome)
        return _failure(action, error)

    def _awaited(self, action: Action) -> Outcome | None:
        """Outcome of an action while a key it waits for is not accepted; None if all are."""
        for key in action.awaits:
            try:
                found = self._read(key)
            except OrchestratorError as error:
                return Outcome(action, Status.FAILED, str(error), is_transient=error.is_transient)
            if found is None or not found.is_accepted:
                lacks = "registered" if found is None else "authorized"
                message = f"waits until {key} is {lacks} in {key.place}; run again afterwards"
                return Outcome(action, Status.BLOCKED, message, is_transient=True)
        return None

    def _rolled_out(self, action: Action, applied: JsonObject, *, is_restarted: bool) -> Outcome:
        """Outcome of an applied object: a workload is done once its pods run as they should and older ones are gone."""
        if action.key.kind not in WORKLOAD_KINDS or self._client.is_directory:
            return Outcome(action, Status.DONE)
        limit = self._work.waits_s.get(action.key, WAIT_S)
        until = monotonic() + limit
        while True:
            uid = str(metadata_of(applied).get("uid", ""))
            try:
                seen = self._running(action.key, uid, is_restarted=is_restarted)
            except ClusterError as error:
                return _failure(action, error, "applied; how it runs is not known: ")
            if seen is None:
                return _later(action, "applied, and then deleted or replaced by somebody else")
            if seen.is_done:
                return Outcome(action, Status.DONE, seen.note)
            if seen.is_lasting:
                return _later(action, f"applied, and not ready: {seen.missing}{self._why(action.key, seen)}")
            if monotonic() > until:
                return _later(
                    action,
                    f"applied, and not ready after {limit} s: {seen.missing}{self._why(action.key, seen)}",
                )
            if self._pause():
                message = f"applied; stopped before it was ready: {seen.missing}"
                return Outcome(action, Status.UNKNOWN, message, is_transient=True)

    def _only_default(self, outcome: Outcome, applied: JsonObject) -> Outcome:
        """The outcome of a store that the Operator is to write to: there must not be another one."""
        action = outcome.action
        namespace, name = namespace_and_name(action.key)
        is_asked = action.key.kind is Kind.STORE_RESOURCE and name in default_stores((applied,), namespace)
        if not is_asked or outcome.status is not Status.DONE or self._client.is_directory:
            return outcome
        try:
            names = default_stores(self._client.observe(STORES), namespace)
        except ClusterError as error:
            return replace(outcome, message=f"whether it is the only default store is not known: {error}")
        if len(names) > 1:
            message = f"applied; {len(names)} default stores, expected one: {', '.join(names)}"
            return replace(outcome, status=Status.FAILED, message=message, is_transient=True, is_written=True)
        return outcome

    def _pause(self) -> bool:
        """Let other actions go on until the next look; true if the run is to end. Many look less often."""
        with self._lock:
            self._waiting += 1
            interval = POLL_S * min(_SLOWEST, max(1.0, self._waiting / self._concurrency))
        self._turns.release()
        try:
            return self._stop.wait(interval)
        finally:
            self._turns.acquire()
            with self._lock:
                self._waiting -= 1

    def _restarted(self, action: Action, namespace: str, name: str) -> Outcome:
        """Outcome of waiting until the pods of a Deployment that was restarted are ready, and older ones gone."""
        key = ResourceKey(action.key.place, Kind.DEPLOYMENT, f"{namespace}/{name}")
        until = monotonic() + WAIT_S
        while True:
            try:
                seen = self._running(key)
            except ClusterError as error:
                return _failure(action, error, "restarted; how it runs is not known: ")
            if seen is None:
                return _later(action, f"restarted, and then deleted by somebody else: {key}")
            if seen.is_done:
                return Outcome(action, Status.DONE, f"{key} restarted")
            if seen.is_lasting or monotonic() > until:
                return _later(action, f"{key} restarted, and not ready: {seen.missing}{self._why(key, seen)}")
            if self._pause():
                message = f"{key} restarted; stopped before it was ready: {seen.missing}"
                return Outcome(action, Status.UNKNOWN, message, is_transient=True)

    def _uses_successor(self, action: Action, turn: KeyTurn) -> Outcome | None:
        """Why a key that was replaced must stay: what mounts its successor does not run with it as it should."""
        place = action.key.place
        made_by_others = (
            ResourceKey(place, Kind.DEPLOYMENT, f"{namespace}/{name}") for namespace, name in turn.deployments
        )
        for workload in (*turn.workloads, *made_by_others):
            seen = self._running(workload)
            if seen is not None and not seen.is_done:
                return Outcome(
                    action,
                    Status.BLOCKED,
                    f"waits: {workload} is not ready: {seen.missing}{self._why(workload, seen)}",
                    is_transient=True,
                )
        return None

    def _verify(self, action: Action) -> Outcome:
        """Outcome of a look at a workload that is as declared: an earlier run may have ended before it was ready."""
        seen = self._running(action.key)
        if seen is None:
            return _later(action, "it is gone; run again to create it")
        if seen.is_done:
            return Outcome(action, Status.UNCHANGED, seen.note)
        return _later(action, f"not ready: {seen.missing}{self._why(action.key, seen)}")

    def _running(self, key: ResourceKey, uid: str = "", *, is_restarted: bool = False) -> Running | None:
        """How a workload runs; None if it does not exist, or not with this uid.

        `is_restarted` is true if its pods are new, so that their logs still have the first lines.
        """
        namespace, name = namespace_and_name(key)
        found = self._client.get(key.kind, namespace, name)
        if found is None or (uid and metadata_of(found).get("uid") != uid):
            return None
        if key.kind is not Kind.DEPLOYMENT:
            return self._installed(key, found)
        pods = self._client.pods(namespace, selector(found))
        seen = rollout(found, pods)
        if not seen.is_complete or key not in self._work.agents:
            is_lasting = seen.is_paused or any(one.is_lasting for one in seen.troubles)
            return Running(seen.missing, seen.troubles, is_lasting=is_lasting)
        names = [str(metadata_of(pod).get("name", "")) for pod in pods]
        return self._connected(key, names, is_restarted=is_restarted)

    def _installed(self, key: ResourceKey, found: JsonObject) -> Running:
        """How a chart runs that another tool installs: as that tool says, and an Operator as it shows itself."""
        missing = delivered(found)
        operator = self._work.operators.get(key)
        if missing or operator is None:
            return Running(missing)
        return operator_running(self._client, operator, self._read)

    def _connected(self, key: ResourceKey, pods: Sequence[str], *, is_restarted: bool) -> Running:
        """How an Agent runs whose pods are ready: each has to be connected, which only its log shows."""
        namespace, _ = namespace_and_name(key)
        versions = set()
        for pod in pods:
            try:
                log = read_log(self._client.log(namespace, pod, self._work.agents[key]))
            except ClusterForbiddenError as error:
                return Running("", note=f"pods are ready; whether they are connected is not known: {error}")
            if log.connection is LogConnection.UNKNOWN and not is_restarted:
                return Running(
                    "", note="pods are ready; their logs no longer show whether they are connected"
                )
            if log.connection is not LogConnection.CONNECTED:
                return Running(
                    f"pod {pod} runs, and is not connected", detail=log.trouble or "its log does not say why"
                )
            versions.add(log.version)
        known = ", ".join(sorted(versions - {""}))
        return Running("", note=f"connected, version {known}" if known else "connected")

    def _why(self, key: ResourceKey, seen: Running) -> str:
        """What keeps pods from being ready, with the last line that each logged."""
        namespace, _ = namespace_and_name(key)
        lines = [seen.detail] if seen.detail else []
        for trouble in seen.troubles[:_SHOWN_TROUBLES]:
            last = self._last_line(namespace, trouble) if trouble.container else ""
            lines.append(f"{trouble}" + (f"; last log line: {last}" if last else ""))
        more = len(seen.troubles) - _SHOWN_TROUBLES
        lines += [f"{more} more"] if more > 0 else []
        return f": {'; '.join(lines)}" if lines else ""

    def _last_line(self, namespace: str, trouble: Trouble) -> str:
        """The last line of a container, also of the one before a restart; "" if it cannot be read."""
        for is_previous in (False, True):
            try:
                lines = self._client.log(namespace, trouble.pod, trouble.container, previous=is_previous)
            except ClusterError:
                continue
            # As a whole: a key has many lines, of which the last alone does not look like one.
            shown = redact("\n".join(lines)).splitlines()
            if shown:
                return shown[-1][:_LONGEST_LINE]
        return ""

    def _delete(self, action: Action) -> Outcome:
        namespace, name = namespace_and_name(action.key)
        found = self._client.get(action.key.kind, namespace, name)
        if found is None:
            return Outcome(action, Status.UNCHANGED, "was already gone")
        if (changed := self._changed(action, found)) is not None:
            return changed
        uid = str(metadata_of(found).get("uid", ""))
        if action.key.kind is Kind.NAMESPACE and (left := self._client.contents(name)):
            shown = ", ".join(left[:_SHOWN_CONTENTS])
            more = f" and {len(left) - _SHOWN_CONTENTS} more" if len(left) > _SHOWN_CONTENTS else ""
            return Outcome(
                action, Status.REFUSED, f"not sent: it still contains {shown}{more}, which would go with it"
            )
        is_operator = action.key.kind in WORKLOAD_KINDS and _is_of_operator(found)
        if is_operator and (left_over := still_deployed(self._client)):
            return Outcome(action, Status.REFUSED, f"not sent: {left_over}; undeploy it first")
        if pods := selector(found):
            self._client.pods(
                namespace, pods
            )  # nothing is sent where it could not be seen whether they are gone
        refused: ClusterError | None = None
        try:
            self._client.delete(action.key.kind, namespace, name, uid=uid)
        except ClusterError as error:
            if isinstance(error, _NOTHING_DONE):
                return _failure(action, error)
            refused = error
        try:
            return self._gone(action, uid, pods, refused)
        except ClusterError as error:
            message = f"sent; whether it is gone is not known: {error}"
            return Outcome(action, Status.UNKNOWN, message, is_transient=True)

    def _gone(self, action: Action, uid: str, pods: str, refused: ClusterError | None) -> Outcome:
        """Outcome of a delete, once the object and the pods of a workload are gone; `refused` was the answer to it."""
        namespace, name = namespace_and_name(action.key)
        until = monotonic() + WAIT_S
        while True:
            found = self._client.get(action.key.kind, namespace, name)
            is_gone = found is None or metadata_of(found).get("uid") != uid
            left = self._client.pods(namespace, pods) if is_gone and pods else ()
            is_replaced = is_gone and found is not None
            if refused and is_replaced and not isinstance(refused, ClusterLostAnswerError):
                return _failure(action, refused)
            if is_gone and not left:
                return Outcome(action, Status.DONE, _found_done(refused) if refused else "")
            if found is not None and not is_gone and metadata_of(found).get("deletionTimestamp") is None:
                return _failure(action, refused) if refused else _later(action, "sent, and it still exists")
            if monotonic() > until:
                left = left or (self._client.pods(namespace, pods) if pods else ())
                waits = f"{len(left)} of its pods are not gone" if left else _held_back(found)
                return _written(_later(action, f"being deleted: {waits}"))
            if self._pause():
                return Outcome(
                    action, Status.UNKNOWN, "being deleted; stopped before it was gone", is_transient=True
                )


def _is_of_operator(found: JsonObject) -> bool:
    """True for an object of an installed Operator."""
    return text_of(found, "annotations", INSTALLATION_ANNOTATION).startswith(OPERATOR_INSTALLATIONS)


def _held_back(found: JsonObject | None) -> str:
    finalizers = metadata_of(found or {}).get("finalizers")
    names = ", ".join(map(str, finalizers)) if isinstance(finalizers, list) and finalizers else ""
    return f"finalizers {names} hold it back" if names else "the cluster has not finished"


def _is_applied(body: JsonObject, found: JsonObject) -> bool:
    wanted, present = projection(body, found, FIELD_MANAGER)
    return is_same(wanted, present)


def _written(outcome: Outcome) -> Outcome:
    """The outcome of what was sent, whatever came after."""
    return replace(outcome, is_written=outcome.status is Status.FAILED)


def _found_done(error: ClusterError) -> str:
    if isinstance(error, ClusterLostAnswerError):
        return f"answer lost, found done when read again: {error}"
    return f"found done when read again; the answer was: {error}"


def _later(action: Action, message: str) -> Outcome:
    return Outcome(action, Status.FAILED, message, is_transient=True)


def _failure(action: Action, error: ClusterError, done: str = "") -> Outcome:
    message = done + error.with_advice
    return Outcome(action, Status.FAILED, message, is_transient=error.is_transient)
