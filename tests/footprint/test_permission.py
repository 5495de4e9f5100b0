"""Rights on a cluster, and the files with them. The scenarios try on a real cluster whether they are enough."""

import pytest
import yaml

from reconciler.footprint.permission import (
    AGENT_KINDS,
    KEY_SECRETS,
    RUNNER_KINDS,
    Purpose,
    Right,
    key_secrets,
    permissions,
    within_namespace,
)
from reconciler.footprint.rbac import rbac_files
from reconciler.model.kind import FACTS
from tests.footprint.combinations import IMAGE
from tests.footprint.documents import agent, footprints, operator, runner
from tests.footprint.rbac_on_disk import DIRECTORY

SAMPLES = (
    agent("{cluster: eu-1, networkPolicy: true}"),
    runner(f"{{cluster: eu-1, {IMAGE}}}"),
    operator("{cluster: eu-1, driverKey: {}}"),
)


def rights(purpose: Purpose) -> set[Right]:
    return {right for one in permissions(purpose) for right in one.rights()}


def test_the_files_are_current() -> None:
    """`make rbac` writes them; a pull request that changes what is sent includes them."""
    kept = {file.name: file.read_text(encoding="utf-8") for file in DIRECTORY.glob("*.yaml")}
    assert kept == rbac_files()


def test_kinds_and_secrets_are_those_of_the_footprints() -> None:
    found = footprints(*SAMPLES)
    made = {body["kind"] for one in found for body in one.objects}
    assert made == {str(kind) for kind in (*AGENT_KINDS, *RUNNER_KINDS)}
    assert {entry.name for entry in key_secrets(found)} == set(KEY_SECRETS)


@pytest.mark.parametrize("purpose", [Purpose.PLAN, Purpose.RULES])
def test_a_plan_only_reads(purpose: Purpose) -> None:
    assert {right.verb for right in rights(purpose)} <= {"get", "list"}


def test_secrets_are_read_by_their_names_alone() -> None:
    asked = permissions(Purpose.PLAN, ("one", "two"))
    names = {right.name for one in asked for right in one.rights() if right.resource == "secrets"}
    assert names == {"one", "two"}
    every = [
        right for purpose in (Purpose.APPLY, Purpose.RUNNERS, Purpose.RULES) for right in rights(purpose)
    ]
    assert not [right for right in every if right.resource in ("secrets", "*")]


@pytest.mark.parametrize("purpose", [Purpose.PLAN, Purpose.APPLY, Purpose.RULES])
def test_nobody_may_grant_more_than_he_has(purpose: Purpose) -> None:
    assert not {"escalate", "bind", "impersonate", "*"} & {right.verb for right in rights(purpose)}


@pytest.mark.parametrize("purpose", [Purpose.PLAN, Purpose.APPLY])
def test_a_role_grants_nothing_that_is_outside_of_its_namespace(purpose: Purpose) -> None:
    without = {facts.resource for facts in FACTS.values() if not facts.is_namespaced and facts.resource}
    found = {
        right for one in within_namespace(purpose) for right in one.rights() if right.resource in without
    }
    assert found <= {Right("get", "", "namespaces")}


def test_the_bound_account_is_that_of_the_deployment() -> None:
    deployed = yaml.safe_load((DIRECTORY.parent / "deployment" / "service-account.yaml").read_text())
    namespace = yaml.safe_load((DIRECTORY.parent / "deployment" / "namespace.yaml").read_text())
    for text in rbac_files().values():
        for document in yaml.safe_load_all(text):
            for subject in document.get("subjects", ()):
                assert subject["name"] == deployed["metadata"]["name"]
                assert subject["namespace"] == namespace["metadata"]["name"]
