import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from reconciler.controller.metrics import Metrics
from reconciler.diff.change import Change, Diff, Group
from reconciler.model.identity import TargetName
from reconciler.model.key_entries import KeyEntries
from reconciler.model.state import Resource
from reconciler.passes.result import TargetResult
from reconciler.plan.action import Action, Held, Status, TargetPlan, Verb
from tests.controller.moving import START, finding, outcome, passed, target

DOCUMENT = Path(__file__).parents[2] / "docs" / "watching.md"


def value(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(name, labels)


def test_actions_add_up_over_passes() -> None:
    metrics = Metrics()
    for _ in range(2):
        metrics.passed(passed(target(outcome(Status.DONE), outcome(Status.FAILED))), success_at=None)
    labels = {"kind": "Agent", "verb": "update", "status": "done"}
    assert value(metrics.registry, "reconciler_actions_total", **labels) == 2
    assert value(metrics.registry, "reconciler_passes_total", verdict="partly applied") == 2


def test_findings_are_those_of_the_last_pass() -> None:
    metrics = Metrics()
    metrics.passed(passed(findings=(finding("a"), finding("b"))), success_at=None)
    assert value(metrics.registry, "reconciler_findings", severity="error") == 2
    metrics.passed(passed(), success_at=START)
    assert value(metrics.registry, "reconciler_findings", severity="error") == 0


def test_what_could_not_be_read_is_not_counted_as_zero() -> None:
    """An unreachable API must neither fire an alert on lost objects nor silence one on drift."""
    metrics = Metrics()
    metrics.passed(passed(target(drifted=2, owned=7)), success_at=START)
    metrics.passed(passed(target(error="503", is_transient=True)), success_at=None)
    assert value(metrics.registry, "reconciler_drift_objects") == 2
    assert value(metrics.registry, "reconciler_managed_objects", kind="Agent") == 7
    assert value(metrics.registry, "reconciler_unread_targets") == 1
    assert value(metrics.registry, "reconciler_last_success_timestamp_seconds") == START.timestamp()


def test_the_end_of_each_registered_key_is_shown_until_it_is_seen_to_be_gone() -> None:
    metrics = Metrics()

    def end(key: str) -> float | None:
        labels = {"organization": "acme", "key": f"Key/eu-1/{key}"}
        return value(metrics.registry, "reconciler_key_expiry_timestamp_seconds", **labels)

    known = {"eu-1/aa": "2028-01-01T00:00:00Z", "eu-1/bb": "", "eu-1/cc": "soon"}
    metrics.passed(passed(target(keys=known)), success_at=START)
    assert [end("aa"), end("bb"), end("cc")] == [datetime(2028, 1, 1, tzinfo=UTC).timestamp(), None, None]
    accepted = {"organization": "acme", "key": "Key/eu-1/bb"}
    assert value(metrics.registry, "reconciler_key_authorized", **accepted) == 1
    metrics.passed(passed(target(error="503", is_transient=True)), success_at=None)
    assert end("aa") is not None
    metrics.passed(passed(target(keys={})), success_at=START)
    assert end("aa") is None


def test_the_table_in_the_documentation_lists_exactly_the_metrics_that_exist() -> None:
    metrics = Metrics()
    metrics.passed(
        passed(
            target(outcome(Status.DONE), keys={"a/b": "2028-01-01T00:00:00Z"}),
            rotating(Verb.CREATE, "private_key"),
            findings=(finding(),),
            requests={"GET": 1},
        ),
        success_at=START,
    )
    there = {
        (
            family.name + ("_total" if family.type == "counter" else ""),
            family.type,
            frozenset(label for sample in family.samples for label in sample.labels if label != "le"),
        )
        for family in metrics.registry.collect()
    }
    rows = re.findall(
        r"^\| `(reconciler_\w+)` \| (\w+) \|([^|]*)\|", DOCUMENT.read_text("utf-8"), re.MULTILINE
    )
    documented = {(name, kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert documented == there


def rotating(verb: Verb, entry: str, *, is_held: bool = False) -> TargetResult:
    key = KeyEntries("eu-1", "agents", "key", entry).key(entry)
    side = Resource(key, {"for": "Agent/eu-1", "key": "abc"})
    is_gone = verb is Verb.DELETE
    change = Change(key, Group.UPDATE, desired=None if is_gone else side, live=side if is_gone else None)
    action = Action(verb, key, change)
    held = {action.id: Held("waits: for a reason")} if is_held else {}
    plan = TargetPlan(TargetName("cluster:eu-1"), "eu-1", Diff({}), (action,), held)
    return TargetResult(TargetName("cluster:eu-1"), "eu-1", plan=plan)


@pytest.mark.parametrize(
    ("verb", "entry", "step"),
    [
        (Verb.CREATE, "private_key", "generate"),
        (Verb.CREATE, "private_key.next", "stage"),
        (Verb.UPDATE, "private_key", "switch"),
        (Verb.DELETE, "private_key.previous", "drop"),
        (Verb.DELETE, "private_key.next", "discard"),
    ],
)
@pytest.mark.parametrize("is_held", [True, False])
def test_a_rotation_under_way_says_its_step_and_whether_it_waits(
    verb: Verb, entry: str, step: str, *, is_held: bool
) -> None:
    metrics = Metrics()
    found = rotating(verb, entry, is_held=is_held)
    metrics.passed(passed(found), success_at=START)
    labels = {"cluster": "eu-1", "owner": "Agent/eu-1", "step": step}
    assert value(metrics.registry, "reconciler_key_rotation", **labels) == (0 if is_held else 1)
    metrics.passed(passed(target()), success_at=START)
    assert value(metrics.registry, "reconciler_key_rotation", **labels) is None
