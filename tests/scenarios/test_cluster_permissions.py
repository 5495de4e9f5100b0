"""The rights of `config/rbac` are enough, and none is needless: ordinary users on a real cluster."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml
from _pytest.mark import ParameterSet

from reconciler.cluster.deadline import Deadline
from reconciler.cluster.request import Request
from reconciler.cluster.transport import Transport
from reconciler.footprint.permission import (
    AGENT_KINDS,
    CHART_KINDS,
    RUNNER_KINDS,
    STORE_KINDS,
    Purpose,
    Right,
    permissions,
)
from reconciler.footprint.rbac import rbac_files
from reconciler.model.kind import CLUSTER_KINDS, FACTS, Kind
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import Verdict
from reconciler.plan.action import Status
from tests.control_plane.plane import ControlPlane
from tests.scenarios.kept import APPLY, PLAN, Kept, everything_said, right_of
from tests.scenarios.test_installation_cluster import Pair, messages, of_cluster, outcomes
from tests.scenarios.world import operator_yaml

pytestmark = pytest.mark.xdist_group("control_plane")

CREATED = 201


def granted(*purposes: Purpose) -> Iterator[Right]:
    for purpose in purposes:
        for one in permissions(purpose):
            yield from one.rights()


def sliced(rights: Iterable[Right], always: int) -> list[ParameterSet]:
    """One parameter for each right; all but every n-th run with `--whole` alone."""
    return [
        pytest.param(right, marks=() if number % always == 0 else pytest.mark.whole, id="-".join(right))
        for number, right in enumerate(sorted(rights))
    ]


WRITTEN = tuple(granted(Purpose.APPLY, Purpose.RUNNERS))
PLANNED = sliced(granted(Purpose.PLAN), 3)
APPLIED = sliced((right for right in WRITTEN if right.verb != "delete"), 4)
DELETED = sliced((right for right in WRITTEN if right.verb == "delete"), 3)
HELD = sliced(granted(Purpose.JOBS), 6)


def lacks(right: Right) -> str:
    """How the API server says it."""
    return f'cannot {right.verb} resource "{right.resource}" in API group "{right.group}"'


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture
def kept(cluster: ControlPlane, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.1)
    made = Kept.make(cluster, tmp_path, pair)
    made.declare()
    made.declare_runner()
    return made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> set[Right]:
    """Rights that the requests needed so far."""
    found: set[Right] = set()
    inner = Transport._response

    def recorded(
        self: Transport, request: Request, headers: dict[str, str], body: object, deadline: Deadline
    ) -> object:
        response = inner(self, request, headers, body, deadline)
        right = right_of(request)
        if right is not None:
            found.add(right)
            if right.verb == "patch" and response.status == CREATED:
                found.add(right._replace(verb="create"))
        return response

    monkeypatch.setattr(Transport, "_response", recorded)
    return found


def test_exactly_the_rights_of_the_files_are_used_by_the_whole_life(kept: Kept, sent: set[Right]) -> None:
    """Plan, install, upgrade and uninstall, until not even the namespaces are left."""
    kept.grant(*APPLY, Purpose.JOBS, Purpose.NAMESPACES)
    kept.world.write("operator.yaml", operator_yaml("op") + "  driverKey: {}\n")
    planned = kept.world.plan()
    assert "cannot" not in everything_said(planned)
    assert sent <= set(granted(*PLAN))
    kept.world.apply()
    kept.hand_in_keys()
    installed = kept.world.apply()
    assert installed.verdict is Verdict.APPLIED, messages(installed)
    workload = f"create Deployment/{kept.agents}/humanitec-agent"
    assert outcomes(installed)[workload].message == "connected, version 1.8.4"
    kept.declare("1.8.5")
    assert kept.world.apply().verdict is Verdict.APPLIED
    kept.take_keys_away()
    kept.remove()
    gone = kept.apply_approved()
    assert {one.status for one in of_cluster(gone).outcomes} == {Status.DONE}, messages(gone)
    assert kept.objects() == {}
    every = set(granted(*APPLY, Purpose.NAMESPACES))
    inside = {right for right in sent - every if right.verb == "list"}
    assert sent - every == inside  # what a namespace contains: covered by `list` on everything
    assert inside
    assert every - sent == {Right("list", "*", "*")}


def test_a_plan_is_complete_with_the_rights_of_a_plan_and_an_apply_says_what_it_lacks(kept: Kept) -> None:
    kept.grant(*PLAN)
    planned = of_cluster(kept.world.plan()).plan
    assert planned is not None
    assert not planned.unexamined
    assert {action.key.kind for action in planned.actions} == set(CLUSTER_KINDS) - {
        *CHART_KINDS,
        *STORE_KINDS,
    }
    applied = kept.world.apply()
    said = everything_said(applied)
    assert applied.exit_code() == 5
    where = f'in the namespace "{kept.agents}"'
    assert f"{lacks(Right('patch', '', 'namespaces'))} {where}" in said, said
    assert "grant `patch` on `namespaces` with a ClusterRole" in said
    assert kept.objects() == {}
    assert not kept.plane.client.get(f"/api/v1/namespaces/{kept.agents}").is_success


def test_without_the_rights_of_rules_a_plan_says_what_is_not_seen(kept: Kept) -> None:
    kept.grant(Purpose.PLAN)
    said = everything_said(kept.world.plan())
    assert lacks(Right("list", "autoscaling", "horizontalpodautoscalers")) in said


def test_an_agent_needs_no_right_on_what_only_runners_have(kept: Kept) -> None:
    kept.world.remove("runner.yaml")
    kept.make_namespaces()
    of_agents = [one for one in granted(*APPLY) if one.resource not in resources(*RUNNER_KINDS)]
    kept.allow(of_agents)
    result = kept.world.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    said = everything_said(result)
    assert lacks(Right("list", "", "serviceaccounts")) in said
    assert "service accounts, roles, role bindings on cluster eu-1" in said


def resources(*kinds: Kind) -> set[str]:
    return {FACTS[kind].resource for kind in kinds}


def test_the_rights_in_one_namespace_are_enough_for_an_agent_there(kept: Kept) -> None:
    kept.world.remove("runner.yaml")
    kept.make_namespaces()
    kept.grant_in_namespace(kept.agents)
    result = kept.world.apply()
    assert result.verdict is Verdict.APPLIED, everything_said(result)
    assert "outside of the declared namespaces" in everything_said(result)
    kept.declare("1.8.5")
    assert kept.world.apply().verdict is Verdict.APPLIED


@pytest.mark.parametrize("without", PLANNED)
def test_a_plan_names_the_right_that_it_lacks(kept: Kept, without: Right) -> None:
    kept.grant(Purpose.PLAN, without=without)
    if (without.verb, without.resource) != ("get", "namespaces"):
        kept.make_namespaces()  # in one that is missing, nothing else is looked for
    said = everything_said(kept.world.plan())
    assert lacks(without) in said, said


@pytest.mark.parametrize("without", APPLIED)
def test_an_apply_names_the_right_that_it_lacks_and_makes_what_needs_it_not(
    kept: Kept, without: Right
) -> None:
    """Whatever is refused is of that kind, and whatever is blocked requires it."""
    kept.grant(*APPLY, Purpose.JOBS, without=without)
    if without.resource != "namespaces":
        kept.make_namespaces()
    before = kept.objects()
    result = kept.world.apply()
    said = everything_said(result)
    assert lacks(without) in said, said
    refused = {one.action.key.kind for one in result.outcomes if one.status is Status.FAILED}
    if without.resource == "pods":
        assert refused <= {Kind.DEPLOYMENT, Kind.ROLE}  # the runner's role grants this right
        assert "applied; how it runs is not known" in said
    elif without.resource == "pods/log":
        assert not refused
        assert "whether they are connected is not known" in said
    else:
        assert {FACTS[kind].resource for kind in refused} == {without.resource}
        assert not before
        assert not any(name.startswith(f"{without.resource} ") for name in kept.objects())


@pytest.mark.parametrize("without", DELETED)
def test_an_uninstall_names_the_right_that_it_lacks_and_deletes_the_rest(kept: Kept, without: Right) -> None:
    kept.make_namespaces()
    kept.grant(*APPLY, Purpose.JOBS, without=without)
    assert kept.world.apply().verdict is Verdict.APPLIED
    before = kept.objects()
    kept.remove()
    said = everything_said(kept.apply_approved())
    assert lacks(without) in said, said
    left = kept.objects()
    of_the_kind = {name: uid for name, uid in before.items() if name.startswith(f"{without.resource} ")}
    assert of_the_kind
    assert of_the_kind.items() <= left.items() <= before.items()
    # What a workload still reads is left with it.
    assert left == of_the_kind or without.resource in ("deployments", "rolebindings")


def test_a_workload_whose_pods_cannot_be_seen_is_not_deleted(kept: Kept) -> None:
    kept.make_namespaces()
    kept.grant(*APPLY, Purpose.JOBS, without=Right("list", "", "pods"))
    kept.world.apply()
    kept.remove()
    result = kept.apply_approved()
    failed = outcomes(result)[f"delete Deployment/{kept.agents}/humanitec-agent"]
    assert failed.status is Status.FAILED
    assert lacks(Right("list", "", "pods")) in failed.message
    assert f"deployments {kept.agents}/humanitec-agent" in kept.objects()


@pytest.mark.parametrize("without", HELD)
def test_a_role_that_grants_more_than_its_author_has_is_refused(kept: Kept, without: Right) -> None:
    """Holding the rights in the namespace of the jobs is enough: neither `escalate` nor `bind` is needed."""
    kept.make_namespaces()
    kept.grant(*APPLY, Purpose.JOBS, without=without)
    result = kept.world.apply()
    verb, group, resource, _ = without
    missing = f'{{APIGroups:["{group}"], Resources:["{resource}"], Verbs:["{verb}"]}}'
    failed = [one for one in result.outcomes if one.status is Status.FAILED]
    assert any(missing in one.message and one.action.key.kind is Kind.ROLE for one in failed)
    assert outcomes(result)[f"create Deployment/{kept.agents}/humanitec-agent"].status is (
        Status.FAILED if resource == "pods" else Status.DONE
    )


def test_the_kinds_of_agents_and_runners_are_all_kinds_of_the_table() -> None:
    assert {*AGENT_KINDS, *RUNNER_KINDS, *CHART_KINDS, *STORE_KINDS} == set(CLUSTER_KINDS)


def test_the_files_are_taken_by_an_api_server(control_plane: ControlPlane) -> None:
    for name, text in rbac_files().items():
        for document in yaml.safe_load_all(text):
            path = f"/apis/{document['apiVersion']}"
            if "namespace" in document["metadata"]:
                namespace = document["metadata"]["namespace"]
                if not control_plane.client.get(f"/api/v1/namespaces/{namespace}").is_success:
                    control_plane.create("/api/v1/namespaces", {"metadata": {"name": namespace}})
                path += f"/namespaces/{namespace}"
            plural = f"{document['kind'].lower()}s"
            answer = control_plane.client.patch(
                f"{path}/{plural}/{document['metadata']['name']}",
                params={"fieldManager": "test", "fieldValidation": "Strict", "dryRun": "All"},
                content=yaml.safe_dump(document),
                headers={"Content-Type": "application/apply-patch+yaml"},
            )
            assert answer.is_success, (name, answer.text)
