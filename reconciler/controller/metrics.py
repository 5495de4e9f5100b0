"""Prometheus metrics, in their own registry.

Counters accumulate over the life of the process; gauges describe the last pass. Gauges about live
state are updated only by a pass that read every target: what could not be read is not counted as zero but
reported by `reconciler_unread_targets`. docs/watching.md lists names and meanings.
"""

from collections import Counter as Tally
from collections.abc import Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from reconciler.model.finding import Severity
from reconciler.model.kind import Kind
from reconciler.model.registration import Registration
from reconciler.model.state import Resource
from reconciler.passes.result import PassResult
from reconciler.plan.action import Action, TargetPlan, Verb

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RAISED = "error"
"""Value of the label `verdict` for passes that ended with an exception."""

_PASS_BUCKETS_S = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 900, 3600)


class Metrics:
    """All metrics of one loop."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._passes = Counter("reconciler_passes", "Passes by verdict.", ["verdict"], registry=self.registry)
        self._pass_seconds = Histogram(
            "reconciler_pass_seconds",
            "Duration of a pass that returned a result.",
            buckets=_PASS_BUCKETS_S,
            registry=self.registry,
        )
        self._look_failures = Counter(
            "reconciler_look_failures",
            "Polls of the repository that ended with an error.",
            registry=self.registry,
        )
        self._source_read = self._gauge(
            "reconciler_source_read",
            "1 if the last poll could read the repository, 0 if not or if there was none.",
        )
        self._actions = Counter(
            "reconciler_actions",
            "Actions by kind, verb and outcome.",
            ["kind", "verb", "status"],
            registry=self.registry,
        )
        self._requests = Counter(
            "reconciler_requests", "Requests sent to the APIs.", ["verb"], registry=self.registry
        )
        self._findings = self._gauge("reconciler_findings", "Findings of the last pass.", "severity")
        self._unknown = self._gauge(
            "reconciler_unknown_rules", "Rules that could not be evaluated in the last pass."
        )
        self._unread = self._gauge("reconciler_unread_targets", "Targets that the last pass did not read.")
        self._drift = self._gauge(
            "reconciler_drift_objects",
            "Objects with drift, corrected or only reported, in the last pass that read every target.",
        )
        self._managed = self._gauge(
            "reconciler_managed_objects", "Objects owned, in the last pass that read every target.", "kind"
        )
        self._declare_keys()
        self._last_success = self._gauge(
            "reconciler_last_success_timestamp_seconds",
            "Time of the last pass that found or made live state as desired; 0 if never.",
        )
        self._next_wake = self._gauge(
            "reconciler_next_wake_timestamp_seconds", "Time of the next poll; 0 while a pass runs."
        )

    def _declare_keys(self) -> None:
        self._key_expiry = self._gauge(
            "reconciler_key_expiry_timestamp_seconds",
            "When a registered key of an Agent or an Operator expires.",
            "organization",
            "key",
        )
        self._key_authorized = self._gauge(
            "reconciler_key_authorized",
            "1 if the organization accepts a registered key of an Agent, 0 if not yet.",
            "organization",
            "key",
        )
        self._rotation = self._gauge(
            "reconciler_key_rotation",
            "Rotations under way: 1 if the step is taken, 0 if it waits.",
            "cluster",
            "owner",
            "step",
        )

    def _gauge(self, name: str, meaning: str, *labels: str) -> Gauge:
        return Gauge(name, meaning, labels, registry=self.registry)

    def passed(self, result: PassResult, *, success_at: datetime | None) -> None:
        """Count a pass that returned. `success_at` is when it ended, None where it did not succeed."""
        self._passes.labels(result.verdict).inc()
        self._pass_seconds.observe(result.seconds)
        for outcome in result.outcomes:
            action = outcome.action
            self._actions.labels(action.key.kind, action.verb, outcome.status).inc()
        for verb, count in result.requests.items():
            self._requests.labels(verb).inc(count)
        plans = [target.plan for target in result.targets if target.plan is not None]
        found = Tally(finding.severity for finding in result.findings)
        found.update(finding.severity for plan in plans for finding in plan.problems)
        for severity in Severity:
            self._findings.labels(severity).set(found[severity])
        self._unknown.set(len(result.unknown))
        unread = sum(target.is_unread for target in result.targets)
        self._unread.set(unread)
        if result.targets and not unread:
            drifted = sum(1 for plan in plans for change in plan.diff.changes.values() if change.is_drift)
            self._drift.set(drifted)
            self._key_expiry.clear()
            self._key_authorized.clear()
            self._rotation.clear()
            for kind in Kind:
                self._managed.labels(kind).set(sum(plan.counts.get(kind, (0, 0, 0))[2] for plan in plans))
        self._keys(plans)
        if success_at is not None:
            self._last_success.set(success_at.timestamp())

    def _keys(self, plans: Sequence[TargetPlan]) -> None:
        """Registered keys, and the steps of those that are made here."""
        for change in (change for plan in plans for change in plan.diff.changes.values()):
            end, name = _end_of(change.live), f"{change.key.kind}/{change.key.id}"
            if end is not None:
                self._key_expiry.labels(change.key.place, name).set(end.timestamp())
            if change.live is not None and change.key.kind is Kind.KEY:
                self._key_authorized.labels(change.key.place, name).set(change.live.is_accepted)
        for plan in plans:
            for action in plan.actions:
                if action.key.kind is Kind.PRIVATE_KEY:
                    side = action.subject.desired or action.subject.live
                    owner = "" if side is None else str(side.document.get("for", ""))
                    labels = (action.key.place, owner, step_name(action))
                    self._rotation.labels(*labels).set(action.id not in plan.held)

    def raised(self) -> None:
        """Count a pass that ended with an exception."""
        self._passes.labels(RAISED).inc()

    def looked(self) -> None:
        """Record a poll that could read the repository."""
        self._source_read.set(1)

    def look_failed(self) -> None:
        """Count a poll of the repository that ended with an exception."""
        self._look_failures.inc()
        self._source_read.set(0)

    def next_wake(self, at: datetime | None) -> None:
        """Record the time of the next poll; None while a pass runs."""
        self._next_wake.set(0 if at is None else at.timestamp())

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format 0.0.4."""
        return generate_latest(self.registry)


def step_name(action: Action) -> str:
    """The step of a rotation that an action on an entry of a Secret is, as in `keys status -o json`."""
    is_next = action.key.id.endswith(".next")
    match action.verb:
        case Verb.CREATE:
            return "stage" if is_next else "generate"
        case Verb.DELETE:
            return "discard" if is_next else "drop"
        case _:
            desired = action.subject.desired
            return "restart" if desired is not None and "pods" in desired.document else "switch"


def _end_of(live: Resource | None) -> datetime | None:
    """When a registered key expires; None for everything else, and where the server does not say."""
    if live is None or live.key.kind not in (Kind.KEY, Kind.OPERATOR_KEY):
        return None
    return Registration(expired_at=live.status.get("expired_at", "")).end
