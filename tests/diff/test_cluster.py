"""Laws of the comparison with live objects, over generated objects; a real server is in `tests/cluster`."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.change import ABSENT, FieldChange
from reconciler.diff.cluster import ORDER, projection
from reconciler.diff.fields import document_changes
from reconciler.diff.managed_fields import FieldOwner, is_ours, managers_of, owned_paths
from reconciler.model.json import Path
from reconciler.model.kubernetes_object import FIELD_MANAGER

Body = dict[str, Any]
NAMES = st.sampled_from(["a", "b", "c", "image", "ports", "env", "limits"])
SCALARS = st.one_of(st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x", "1", "1Gi"]), st.just(0.5))
ATOMIC = st.lists(st.one_of(SCALARS, st.dictionaries(NAMES, SCALARS, min_size=1, max_size=2)), max_size=3)
JSON = st.recursive(
    st.one_of(st.none(), SCALARS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["f:a", "k:{}", "k:{", 'k:{"name":"a"}', "v:1", "i:1", "i:x", ".", "a"]), inner
        ),
    ),
    max_leaves=8,
)


class Keyed(dict[str, Any]):
    """A list whose elements have names: they are the keys here."""


# A tree of dicts, `Keyed` and values; every value, lists included, has one owner as a whole.
TREES = st.dictionaries(
    NAMES,
    st.recursive(
        st.one_of(SCALARS, ATOMIC),
        lambda inner: st.one_of(
            st.dictionaries(NAMES, inner, min_size=1, max_size=3),
            st.dictionaries(
                st.sampled_from(["one", "two", "8080"]), st.dictionaries(NAMES, inner), min_size=1
            ).map(Keyed),
        ),
        max_leaves=8,
    ),
    min_size=1,
    max_size=4,
)


def document(tree: Any) -> Any:
    if isinstance(tree, Keyed):
        return [{"name": name, **document(below)} for name, below in tree.items()]
    if isinstance(tree, dict):
        return {name: document(below) for name, below in tree.items()}
    return deepcopy(tree)


def fields(tree: Any) -> Body:
    """What the server records for a manager that applies a tree."""
    if isinstance(tree, Keyed):
        return {
            f"k:{json.dumps({'name': name}, separators=(',', ':'))}": {".": {}, "f:name": {}, **fields(below)}
            for name, below in tree.items()
        }
    if isinstance(tree, dict):
        return {f"f:{name}": fields(below) for name, below in tree.items()}
    return {}


def entry(tree: Any, manager: str = FIELD_MANAGER, operation: str = "Apply", **more: Any) -> Body:
    return {"manager": manager, "operation": operation, "fieldsType": "FieldsV1", "fieldsV1": tree, **more}


def live(spec: Body, *entries: Body) -> Body:
    return {"metadata": {"name": "x", "uid": "1", "managedFields": list(entries)}, "spec": spec, "status": {}}


def merged(one: Any, other: Any) -> Any:
    """A tree with what another writer adds to it."""
    if isinstance(one, dict) and isinstance(other, dict) and type(one) is type(other):
        both = [*one, *(name for name in other if name not in one)]
        return type(one)(
            (
                name,
                merged(one[name], other[name])
                if name in one and name in other
                else one.get(name, other.get(name)),
            )
            for name in both
        )
    return one


def changes(desired: Body, found: Body) -> list[FieldChange]:
    wanted, present = projection(desired, found, FIELD_MANAGER)
    return list(document_changes(present, wanted))


def leaves(tree: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(tree, dict):
        for name, below in tree.items():
            yield from leaves(below, (*path, name))
    else:
        yield path


@given(TREES)
def test_what_we_have_applied_is_equal(tree: Any) -> None:
    desired = {"metadata": {"name": "x"}, "spec": document(tree)}
    assert changes(desired, live(document(tree), entry({"f:spec": fields(tree)}))) == []


@given(TREES, TREES)
def test_nothing_that_others_add_is_a_difference(tree: Any, other: Any) -> None:
    both = merged(tree, other)
    desired = {"spec": document(tree)}
    found = live(
        document(both),
        entry({"f:spec": fields(tree)}),
        entry({"f:spec": fields(both)}, "injector", "Update"),
    )
    assert changes(desired, found) == []


@given(TREES, st.data())
def test_a_value_of_ours_that_somebody_changed_is_the_only_difference(tree: Any, data: st.DataObject) -> None:
    choices = list(leaves(tree))
    if not choices:
        return
    path = data.draw(st.sampled_from(choices))
    desired = {"spec": document(tree)}
    mine, theirs = deepcopy(tree), deepcopy(tree)
    at = (mine, theirs)
    for step in path[:-1]:
        at = (at[0][step], at[1][step])
    del at[0][path[-1]]
    at[1][path[-1]] = "changed"
    found = live(
        document(theirs),
        entry({"f:spec": fields(mine)}),
        entry({"f:spec": fields(theirs)}, "kubectl-edit", "Update", time="2026"),
    )
    [change] = changes(desired, found)
    assert change.path == ("spec", *path)
    assert change.before == "changed"
    assert managers_of(found, change.path)[0] == FieldOwner("kubectl-edit", "Update", "2026")


@given(TREES, st.data())
def test_a_field_that_is_owned_and_no_longer_desired_is_a_removal(tree: Any, data: st.DataObject) -> None:
    reduced = deepcopy(tree)
    at, path = reduced, [data.draw(st.sampled_from(sorted(tree)))]
    while isinstance(at[path[-1]], dict) and at[path[-1]] and data.draw(st.booleans()):
        at = at[path[-1]]
        path.append(data.draw(st.sampled_from(sorted(at))))
    del at[path[-1]]
    found = changes({"spec": document(reduced)}, live(document(tree), entry({"f:spec": fields(tree)})))
    assert found
    assert all(change.after is ABSENT for change in found)
    assert all(change.path[: len(path) + 1] == ("spec", *path)[: len(change.path)] for change in found)


@given(TREES, TREES)
def test_neither_object_is_changed(tree: Any, other: Any) -> None:
    desired = {"spec": document(tree)}
    found = live(document(other), entry({"f:spec": fields(other)}))
    before = deepcopy((desired, found))
    projection(desired, found, FIELD_MANAGER)
    assert (desired, found) == before


@given(TREES, JSON, JSON)
def test_whatever_a_server_says_the_comparison_ends(tree: Any, strange: Any, spec: Any) -> None:
    found = live(spec, entry({"f:spec": strange}), entry(strange), strange)
    changes({"spec": document(tree)}, found)
    owned_paths(found, FIELD_MANAGER)
    managers_of(found, ("spec", "a"))
    is_ours(found, "x")
    is_ours({"metadata": strange}, "x")


def test_fields_that_are_nested_very_deeply_are_followed_only_so_far() -> None:
    tree: Body = {}
    value: Body = {}
    for _ in range(900):
        tree, value = {"f:a": tree}, {"a": value}
    found = live(value, entry({"f:spec": tree}), entry({"f:spec": tree}, "other"))
    assert [change.path for change in changes({"spec": {"b": 1}}, found)][-1] == ("spec", "b")
    assert owned_paths(found, FIELD_MANAGER) == ()


@pytest.mark.parametrize(
    ("field", "element", "step"),
    [
        ("containers", {"name": "a", "image": "i"}, "a"),
        ("volumeMounts", {"mountPath": "/a", "name": "v"}, "/a"),
        ("ports", {"containerPort": 80}, "80/TCP"),
        ("ports", {"port": 80, "protocol": "UDP"}, "80/UDP"),
        (
            "topologySpreadConstraints",
            {"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"},
            "zone/DoNotSchedule",
        ),
    ],
)
def test_without_managed_fields_the_usual_keys_apply(field: str, element: Any, step: str) -> None:
    injected = {
        **element,
        **{name: "other" for name in element if name in ("name", "mountPath", "topologyKey")},
    }
    if field == "ports":
        injected = {**element, "containerPort" if "containerPort" in element else "port": 81}
    desired: Body = {"spec": {field: [element]}}
    found: Body = {"spec": {field: [injected, {**element, "added": 1}]}}
    wanted, present = projection(desired, found, FIELD_MANAGER)
    assert wanted == present == {"spec": {field: {step: element}}}


@pytest.mark.parametrize(
    ("desired", "found", "differs"),
    [
        ({"env": [{"value": "no name"}]}, {"env": [{"value": "no name", "x": 1}]}, True),
        ({"command": ["a", "b"]}, {"command": ["a", "c"]}, True),
        ({"command": ["a"]}, {"command": ["a", "c"]}, True),
        ({"flag": False}, {}, True),
        ({"flag": None}, {}, False),
        ({"limits": {"cpu": "0.250"}}, {"limits": {"cpu": "250m"}}, False),
        ({"limits": {"cpu": True}}, {"limits": {"cpu": "1"}}, True),
        ({"metadata": {"limits": {"cpu": "1"}}}, {"metadata": {"limits": {"cpu": "1000m"}}}, True),
    ],
)
def test_values_that_nobody_owns_are_compared_as_far_as_they_are_desired(
    desired: Body,
    found: Body,
    differs: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert bool(changes({"spec": desired}, {"spec": found})) is differs


def test_elements_of_a_set_are_owned_one_by_one() -> None:
    mine = entry({"f:metadata": {"f:finalizers": {'v:"a"': {}, 'v:"b"': {}}}})
    found: Body = {"metadata": {"managedFields": [mine], "finalizers": ["other", "b", "a"]}}
    assert changes({"metadata": {"finalizers": ["a", "b"]}}, found) == []
    assert changes({"metadata": {"finalizers": ["a"]}}, found) == [
        FieldChange(("metadata", "finalizers", "b"), "b", ABSENT)
    ]
    assert changes({"metadata": {}}, found)[0].before == {"a": "a", "b": "b"}
    assert owned_paths(found, FIELD_MANAGER) == (
        ("metadata", "finalizers", "a"),
        ("metadata", "finalizers", "b"),
    )


def test_the_order_is_compared_of_common_elements_only() -> None:
    tree = Keyed(a={}, b={}, c={})
    found = live({"env": [{"name": n} for n in ("c", "z", "a")]}, entry({"f:spec": {"f:env": fields(tree)}}))
    assert [change.path for change in changes({"spec": {"env": document(tree)}}, found)] == [
        ("spec", "env", ORDER, 0),
        ("spec", "env", ORDER, 1),
        ("spec", "env", "b"),
    ]


def test_an_object_is_ours_by_its_label_and_what_we_have_applied() -> None:
    labelled: Body = {"labels": {"reconciler/instance": "prod"}}
    whole = entry({"f:data": {"f:a": {}}})
    assert is_ours({"metadata": {**labelled, "managedFields": [whole]}}, "prod")
    others: list[list[Body]] = [
        [],
        [entry({}, "other")],
        [entry({}, operation="Update")],
        [entry({}, subresource="status")],
    ]
    for entries in others:
        metadata: Body = {**labelled, "managedFields": entries}
        assert not is_ours({"metadata": metadata}, "prod")
    assert not is_ours({"metadata": {"managedFields": [whole]}}, "prod")
