"""What `doctor` asks the API server about is what `config/rbac` grants."""

from collections.abc import Iterable

import pytest

from reconciler.footprint.needed_right import Right as Needed
from reconciler.footprint.needed_right import rights_to_apply, rights_to_plan
from reconciler.footprint.permission import Purpose, key_secrets, permissions
from reconciler.footprint.value import Footprint
from tests.footprint.documents import agent, footprints, runner

STORE = """\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: platform}
spec: {vault: {url: "https://vault.test"}, clusters: [{cluster: eu-1, auth: {tokenSecretRef: {name: v, key: t}}}]}
"""
DECLARED = {
    "secret store": STORE,
    "Agent": agent("{cluster: eu-1, networkPolicy: true}"),
    "runner": runner("{cluster: eu-1, delivery: kubernetes, image: registry.test/runner:1}"),
}


def granted(found: Iterable[Footprint], *purposes: Purpose) -> set[tuple[str, str, str]]:
    names = [entry.name for entry in key_secrets(found)]
    return {
        (right.verb, right.group, right.resource)
        for purpose in purposes
        for permission in permissions(purpose, names)
        for right in permission.rights()
    }


def asked(rights: Iterable[Needed]) -> set[tuple[str, str, str]]:
    return {(right.verb, right.group, right.resource) for right in rights}


@pytest.mark.parametrize("name", DECLARED)
def test_every_right_that_is_asked_about_is_granted(name: str) -> None:
    found = footprints(DECLARED[name])
    assert asked(rights_to_plan(found)) <= granted(found, Purpose.PLAN, Purpose.STORES)
    assert asked(rights_to_apply(found)) <= granted(found, Purpose.APPLY, Purpose.RUNNERS, Purpose.STORES)
