"""The API server of a cluster, the APIs of a target, and Helm: every check once red and once green."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.diagnosis.check import Check, Examination, PlaceChecks, Status, ok, problem, unknown, warning
from reconciler.diagnosis.cluster import server_checks, unreached
from reconciler.diagnosis.organization import target_checks
from reconciler.diagnosis.sight import ApiSight, Refusal, Rights, ServerSight
from reconciler.diagnosis.tool import helm_check
from reconciler.errors import ExitCode
from reconciler.footprint.needed_right import Right
from reconciler.model.unread import Unread
from tests.diagnosis.sights import bad

FLUX = ("helm.toolkit.fluxcd.io/v2", "HelmRelease")
WELL = ServerSight(
    "https://10.0.0.1", "v1.34.2", timedelta(seconds=1), Rights(9), Rights(2), Rights(5), {FLUX: True}
)
LIST = Right("list", "apps", "deployments")
LACKS = Rights(9, ((LIST, "no RBAC policy matched"),))
CASES = {
    "clock behind": (
        replace(WELL, ahead=timedelta(minutes=-10)),
        (Status.WARNING, "clock", "its clock is 10 minutes behind that of this machine"),
    ),
    "clock ahead": (
        replace(WELL, ahead=timedelta(seconds=61)),
        (Status.WARNING, "clock", "its clock is 61 seconds ahead of that of this machine"),
    ),
    "plan": (
        replace(WELL, plan=LACKS),
        (
            Status.PROBLEM,
            "rights-plan",
            "a plan lacks a right: list deployments.apps (no RBAC policy matched)",
        ),
    ),
    "apply": (
        replace(WELL, apply=LACKS),
        (
            Status.WARNING,
            "rights-apply",
            "an apply with these credentials would lack a right: list deployments.apps (no RBAC policy matched)",
        ),
    ),
    "more": (
        replace(WELL, more=Rights(2, ((LIST, ""),))),
        (
            Status.WARNING,
            "rights-more",
            "rules, and what files no longer declare, stay unknown without a right: list deployments.apps",
        ),
    ),
    "rights unread": (
        replace(WELL, plan=Unread("timeout")),
        (
            Status.UNKNOWN,
            "rights-plan",
            "whether every right that a plan needs is granted is not known: timeout",
        ),
    ),
    "narrowed": (
        replace(WELL, plan=Rights(9, (), (LIST,))),
        (
            Status.WARNING,
            "rights-plan",
            "list deployments.apps is granted in the declared namespaces only",
        ),
    ),
    "kind": (
        replace(WELL, kinds={FLUX: False}),
        (Status.PROBLEM, "kind", "does not have kind HelmRelease (helm.toolkit.fluxcd.io/v2)"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_with_a_server_is_one_line(case: str) -> None:
    server, expected = CASES[case]
    assert bad(list(server_checks(server))) == [expected]


def test_a_server_that_is_well_says_its_version() -> None:
    checks = list(server_checks(WELL))
    assert bad(checks) == []
    assert checks[0].what == "https://10.0.0.1 answers: Kubernetes v1.34.2"
    assert unreached(Unread("connection refused", "check the network")).advice == ("check the network",)


def test_of_many_missing_rights_the_rest_is_counted() -> None:
    missing = tuple((LIST._replace(namespace=f"n{number}"), "") for number in range(15))
    found = bad(list(server_checks(replace(WELL, plan=Rights(15, missing)))))
    assert len(found) == 13
    assert found[-1][2] == "a plan lacks a right: 3 more"


API = ApiSight("v1 API", "https://api.test", "1 agent, 2 definitions")
TARGETS: dict[str, tuple[tuple[ApiSight, ...] | Unread, tuple[Status, str, str]]] = {
    "token": (
        (replace(API, refusal=(Refusal.TOKEN, Unread("401", "renew it"))),),
        (Status.PROBLEM, "token", "v1 API at https://api.test does not accept the token: 401"),
    ),
    "organization": (
        (replace(API, refusal=(Refusal.ORGANIZATION, Unread("there is none"))),),
        (Status.PROBLEM, "organization", "v1 API at https://api.test: there is none"),
    ),
    "other": (
        (replace(API, refusal=(Refusal.OTHER, Unread("timeout"))),),
        (Status.UNKNOWN, "api", "v1 API at https://api.test cannot be read: timeout"),
    ),
    "unproven": (
        (replace(API, is_proven=False),),
        (
            Status.WARNING,
            "api",
            "v1 API at https://api.test accepts the token, and nothing shows that organization acme exists",
        ),
    ),
    "no token": (Unread("TOKEN is not set"), (Status.PROBLEM, "token", "TOKEN is not set")),
}


@pytest.mark.parametrize("case", TARGETS)
def test_what_is_wrong_with_a_target_is_one_line(case: str) -> None:
    apis, expected = TARGETS[case]
    assert bad(list(target_checks("acme", apis))) == [expected]


def test_a_target_that_answers_is_well() -> None:
    (check,) = target_checks("acme", (API,))
    assert check == ok("api", "v1 API at https://api.test accepts the token: 1 agent, 2 definitions")


@pytest.mark.parametrize(
    ("output", "status"),
    [
        ("v3.8.0+gd141386", Status.OK),
        ("v4.0.1", Status.OK),
        ("v3.7.2+g663a896", Status.PROBLEM),
        ("helm!", Status.PROBLEM),
        ("", Status.PROBLEM),
        (None, Status.PROBLEM),
    ],
)
def test_helm_must_read_charts_from_registries(output: str | None, status: Status) -> None:
    assert helm_check(output).status is status


@pytest.mark.parametrize(
    ("checks", "code"),
    [
        ((ok("a", "a"), warning("b", "b"), Check("c", Status.MANUAL, "c")), ExitCode.DONE),
        ((ok("a", "a"), unknown("b", "b")), ExitCode.UNREADABLE),
        ((problem("a", "a"), unknown("b", "b")), ExitCode.PARTIAL),
        ((), ExitCode.DONE),
    ],
)
def test_the_exit_code_is_that_of_the_worst_check(checks: tuple[Check, ...], code: ExitCode) -> None:
    assert Examination((PlaceChecks("p", "P", checks),)).exit_code is code
