"""Pods of one installation: every check once red, and all green."""

from dataclasses import replace

import pytest

from reconciler.diagnosis.check import Status
from reconciler.diagnosis.sight import InstallationSight
from reconciler.diagnosis.workload import workload_checks
from reconciler.facts.delivery import Delivery
from reconciler.model.unread import Unread
from tests.diagnosis.sights import (
    CONNECTED,
    FINGERPRINT,
    OTHER,
    REFUSED,
    agent,
    bad,
    deployment,
    organizations,
    pod,
    runner,
)

CRASHED = pod(
    conditions=[{"type": "Ready", "status": "False"}],
    containerStatuses=[
        {
            "name": "humanitec-agent",
            "restartCount": 3,
            "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error"}},
        }
    ],
)
PROBLEM, WARNING, UNKNOWN = Status.PROBLEM, Status.WARNING, Status.UNKNOWN
CASES: dict[str, tuple[InstallationSight, list[tuple[Status, str, str]]]] = {
    "deployment unread": (agent(deployment=Unread("403")), [(UNKNOWN, "workload", "cannot be read: 403")]),
    "no deployment": (
        agent(deployment=None),
        [(PROBLEM, "workload", "agents/humanitec-agent does not exist")],
    ),
    "pods unread": (agent(pods=Unread("403")), [(UNKNOWN, "workload", "pods of Deployment")]),
    "crash": (
        agent(deployment=deployment(ready=0), pods=(CRASHED,), logs={"agent-0": ("panic: no key",)}),
        [
            (PROBLEM, "workload", "not ready: 0 of 1 pod ready"),
            (WARNING, "restarts", "restarted 3 times, last with Error, exit code 1"),
        ],
    ),
    "image": (
        agent(footprint=replace(agent().footprint, image="ghcr.io/humanitec/agent:1.9.0")),
        [
            (
                WARNING,
                "image",
                "runs ghcr.io/humanitec/agent:1.8.4; declared is ghcr.io/humanitec/agent:1.9.0",
            ),
            (WARNING, "version", "reports version 1.8.4; the declared image has tag 1.9.0"),
        ],
    ),
    "log unread": (agent(logs={"agent-0": Unread("403")}), [(UNKNOWN, "log", "log of pod agent-0")]),
    "log silent": (agent(logs={"agent-0": ("hello",)}), [(WARNING, "log", "does not show whether")]),
    "refused": (
        agent(logs={"agent-0": REFUSED}),
        [(PROBLEM, "log", "organization acme lacks the mounted key, organization shop has not authorized")],
    ),
    "runner refused": (
        runner(logs={"agent-0": ("poll-requests: failed to validate JWT token",)}),
        [(PROBLEM, "log", "organization acme has another key of the runner")],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_pods_is_said(case: str) -> None:
    sight, expected = CASES[case]
    known = organizations(acme={OTHER: True}, shop={FINGERPRINT: False})
    found = bad(list(workload_checks(sight, known)))
    assert [(status, name) for status, name, _ in found] == [(status, name) for status, name, _ in expected]
    for (_, _, what), (_, _, words) in zip(found, expected, strict=True):
        assert words in what


def test_pods_that_run_as_declared_are_well() -> None:
    checks = list(workload_checks(agent(), organizations()))
    assert bad(checks) == []
    assert [check.what for check in checks] == [
        "1 pod ready",
        "runs the declared image ghcr.io/humanitec/agent:1.8.4",
        "1 pod connected",
        "reports version 1.8.4",
    ]
    assert bad(list(workload_checks(runner(), organizations()))) == []


def test_a_crash_is_advised_with_its_reason_and_the_last_line() -> None:
    sight = agent(deployment=deployment(ready=0), pods=(CRASHED,), logs={"agent-0": ("panic: no key",)})
    (check, *_) = workload_checks(sight, organizations())
    assert check.advice[0].startswith("pod agent-0, container humanitec-agent: CrashLoopBackOff")
    assert check.advice[1] == "last log line: panic: no key"


def test_the_log_of_each_replica_counts() -> None:
    sight = agent(pods=(pod(), pod("agent-1")), logs={"agent-0": CONNECTED, "agent-1": REFUSED})
    found = [check.what for check in workload_checks(sight, organizations()) if check.id == "log"]
    assert found[0].startswith("pod agent-1: its key is refused")
    assert found[1] == "1 pod connected"


def test_what_helm_installs_is_not_advised_to_be_applied() -> None:
    footprint = replace(agent().footprint, delivery=Delivery.HELM)
    (check,) = workload_checks(agent(footprint=footprint, deployment=None), organizations())
    assert "Helm" in check.advice[0]
