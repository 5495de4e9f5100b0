"""The comparison beside the server's own answer to what an apply would do, over random objects and random writers.

What a comparison from reading alone finds equal, an apply does not change; what it finds different, an apply changes,
in the object or in what we own of it; and after the apply nothing differs any more.
"""

import json
import random
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from reconciler.cluster.access import KubeconfigAccess
from reconciler.cluster.objects import ClusterObjects
from reconciler.cluster.request import Permit
from reconciler.diff.change import FieldChange
from reconciler.diff.cluster import projection
from reconciler.diff.fields import document_changes
from reconciler.errors import ClusterError, InvalidObjectError
from reconciler.model.kubernetes_object import FIELD_MANAGER
from tests.cluster.bodies import Body, realistic
from tests.cluster.test_projection import path_of
from tests.control_plane.plane import ADMIN, ControlPlane

pytestmark = pytest.mark.xdist_group("control_plane")
CASES = 40
KINDS = ["Deployment"] * 4 + ["NetworkPolicy", "Role", "RoleBinding", "ServiceAccount", "ConfigMap"]
FIXED = {("apiVersion",), ("kind",), ("metadata",), ("metadata", "name"), ("metadata", "namespace")}
OF_THE_SERVER = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid")


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path and path not in FIXED:
        yield path
    if isinstance(value, dict | list):
        for step in value if isinstance(value, dict) else range(len(value)):
            yield from paths(value[step], (*path, step))


def changed(chance: random.Random, body: Body, times: int) -> Body:
    """A copy with this many random changes, which the server may refuse.

    None makes a text or `policyTypes` empty: the server takes that for its default, and it would differ for ever.
    """
    made = deepcopy(body)
    for _ in range(times):
        *above, last = chance.choice([*paths(made)] or [("spec",)])
        at: Any = made
        for step in above:
            at = at[step]
        value = at[last] if isinstance(at, list) or last in at else None
        choices: list[Any] = ["x" if isinstance(value, str) else {} if value is None else type(value)()]
        if last == "policyTypes":
            choices.clear()
        if isinstance(value, list):
            choices.append(chance.sample(value, len(value)))
        elif isinstance(value, bool):
            choices.append(not value)
        elif isinstance(value, int):
            choices.append(value + 1)
        elif isinstance(value, str):
            choices.append(f"{value}x")
        if chance.random() < 0.45 and value is not None:
            del at[last]
        else:
            at[last] = chance.choice(choices)
    return made


def content(live: Body) -> Body:
    made = deepcopy(live)
    for name in OF_THE_SERVER:
        made["metadata"].pop(name, None)
    return made


def ours(live: Body) -> list[str]:
    entries = live["metadata"].get("managedFields", [])
    return sorted(json.dumps(one["fieldsV1"]) for one in entries if one.get("manager") == FIELD_MANAGER)


def differences(desired: Body, live: Body) -> list[FieldChange]:
    wanted, present = projection(desired, live, FIELD_MANAGER)
    return list(document_changes(present, wanted))


@pytest.mark.parametrize("seed", range(4))
def test_reading_alone_says_whether_an_apply_would_change_something(
    control_plane: ControlPlane, tmp_path: Path, seed: int
) -> None:
    namespace = f"test-{uuid4().hex[:8]}"
    control_plane.namespace(namespace)
    access = KubeconfigAccess(control_plane.kubeconfig(tmp_path / "config", ADMIN))
    cluster = ClusterObjects(access, {}, permit=Permit.CHANGE)
    chance = random.Random(seed)
    compared = 0
    for number in range(CASES):
        body = realistic(namespace)[chance.choice(KINDS)]
        body["metadata"]["name"] = f"it-{number}"
        first = changed(chance, body, chance.choice([0, 0, 1, 3]))
        desired = changed(chance, chance.choice([first, body]), chance.choice([0, 1, 1, 2]))
        try:
            live: Body = cluster.apply(first, is_new=True)
            edited = changed(chance, content(live), chance.choice([0, 1, 2]))
            answer = control_plane.client.put(
                path_of(live), json=edited, params={"fieldManager": "kubectl-edit"}
            )
            live = answer.json() if answer.is_success else live
            tried = cluster.apply(desired, force=True, dry_run=True)
        except InvalidObjectError:
            continue
        except ClusterError as error:
            pytest.fail(f"{error}")
        found = differences(desired, live)
        changes = content(tried) != content(live)
        assert found or not changes, (desired, live, tried)
        assert not found or changes or ours(tried) != ours(live), (found, desired, live)
        assert differences(desired, cluster.apply(desired, force=True)) == [], (found, desired, live)
        compared += 1
    assert compared > CASES / 3
