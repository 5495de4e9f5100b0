"""An organization before and after another store becomes primary: modes, and what stops working."""

from typing import Any

import pytest

from reconciler.facts.mode_switch import mode_changes, stopping, unread_stopping, with_primary
from reconciler.facts.scope import Scope
from tests.matrix.matrix_trees import Document, Tree, cluster, definition, git, runtime, scopes_of, store

BUILT_IN = {"id": "humanitec", "primary": True, "humanitec": {}}
EXTERNAL = {"id": "aws", "primary": True, "awssm": {"region": "eu-central-1"}}


def live_definition(identifier: str, kind: str, driver: str = "humanitec/echo", **more: Any) -> Document:
    return {"id": identifier, "name": identifier, "type": kind, "driver_type": driver, **more}


def before(*documents: Document, live: Document | None = None) -> Scope:
    (one,) = scopes_of(Tree(documents, {}, live={"stores": [BUILT_IN], **(live or {})}))
    return one


def found(scope: Scope, primary: str = "aws") -> list[tuple[str, str, bool]]:
    return [(one.rule, one.name, one.is_sure) for one in stopping(scope, with_primary(scope, primary))]


def inside(store_id: str = "humanitec") -> Document:
    return {"driver_inputs": {"secret_refs": {"p": {"store": store_id, "ref": "r", "version": "1"}}}}


LEGACY_CLUSTER = live_definition("shop", "k8s-cluster", "humanitec/k8s-cluster-eks")


@pytest.mark.parametrize(
    ("documents", "live", "modes"),
    [
        pytest.param([cluster()], [], [("shop", "", "direct")], id="new"),
        pytest.param([cluster()], [LEGACY_CLUSTER], [("shop", "legacy", "direct")], id="as it is"),
        pytest.param([git()], [LEGACY_CLUSTER], [("shop", "legacy", "gitops")], id="to Git as well"),
        pytest.param([], [LEGACY_CLUSTER], [("shop", "legacy", "direct")], id="only live"),
        pytest.param([runtime()], [], [], id="a runtime cluster gets no deployments"),
        pytest.param(
            [cluster()],
            [live_definition("shop", "k8s-cluster", "humanitec/k8s-cluster-git")],
            [("shop", "gitops", "direct")],
            id="from Git",
        ),
        pytest.param(
            [cluster()],
            [live_definition("shop", "k8s-cluster", "humanitec/template")],
            [("shop", None, "direct")],
            id="computed by a template",
        ),
    ],
)
def test_modes_before_and_after(documents: list[Document], live: list[Document], modes: list[object]) -> None:
    scope = before(*documents, live={"definitions": live})
    changes = mode_changes(scope, with_primary(scope, "aws"))
    assert [(one.id, one.before, one.after) for one in changes] == modes


def test_modes_are_unknown_where_definitions_were_not_read() -> None:
    scope = before(cluster(), live={"unread": ["Definition"]})
    (one,) = mode_changes(scope, with_primary(scope, "aws"))
    assert (one.before, one.after) == (None, "direct")
    (unread,) = unread_stopping(scope, with_primary(scope, "aws"))
    assert unread.startswith("definitions of organization acme")


def test_a_cluster_type_that_is_computed_is_not_known() -> None:
    """What refers to the cluster is listed, as what may stop working."""
    computed = definition("shop", "k8s-cluster", "acme/custom")
    scope = before(computed, TO_CLUSTER)
    (unread,) = unread_stopping(scope, with_primary(scope, "aws"))
    assert unread == "whether shop deploys to Git, which is known at deployment only"


DB = definition("db", "postgres", "humanitec/echo", values={"a": "b"})
TO_CLUSTER = definition(
    "db",
    "postgres",
    "humanitec/echo",
    values={"a": "${resources['k8s-cluster.default#k8s-cluster'].outputs.x}"},
)
TO_NAMESPACE = definition(
    "db",
    "postgres",
    "humanitec/echo",
    values={"a": "${resources['k8s-namespace.default#k8s-namespace'].outputs.x}"},
)
LITERAL_CLUSTER = definition(
    "shop", "k8s-cluster", "humanitec/k8s-cluster-eks", secrets={"credentials": "made-up"}
)
DNS = live_definition("default-humanitec-dns", "dns", is_default=True, criteria=[{"id": "c"}])
TO_DNS = definition("db", "postgres", "humanitec/echo", values={"a": "${resources['dns#x'].outputs.host}"})


@pytest.mark.parametrize(
    ("documents", "live", "stops"),
    [
        pytest.param(
            [DB], [live_definition("db", "postgres", **inside())], [("R81", "db", True)], id="kept inside"
        ),
        pytest.param(
            [],
            [live_definition("db", "postgres", **inside())],
            [("R81", "db", True)],
            id="nobody declares it",
        ),
        pytest.param([DB], [live_definition("db", "postgres", **inside("aws"))], [], id="kept outside"),
        pytest.param(
            [], [live_definition("db", "k8s-cluster", **inside())], [], id="the orchestrator provisions it"
        ),
        pytest.param(
            [definition("db", "postgres", "humanitec/echo", refs={"p": {"store": "aws", "ref": "x"}})],
            [live_definition("db", "postgres", **inside())],
            [],
            id="the files move it",
        ),
        pytest.param(
            [definition("db", "postgres", "humanitec/echo", secrets={"p": "made-up"})],
            [],
            [("R81", "db", False)],
            id="a literal that is not live yet",
        ),
        pytest.param(
            [definition("db", "postgres", "humanitec/echo", secrets={"p": "made-up"})],
            [live_definition("db", "postgres", **inside())],
            [("R81", "db", True)],
            id="a literal that is live",
        ),
        pytest.param([LITERAL_CLUSTER], [], [], id="a literal of a cluster"),
        pytest.param(
            [],
            [live_definition("default-humanitec-x", "postgres", is_default=True, **inside())],
            [],
            id="what is built in is listed where it is used",
        ),
        pytest.param([TO_CLUSTER, cluster()], [], [("R92", "db", True)], id="reference to the cluster"),
        pytest.param([TO_NAMESPACE, cluster()], [], [("R93", "db", False)], id="reference to the namespace"),
        pytest.param(
            [TO_DNS, cluster()], [DNS], [("R95", "default-humanitec-dns", False)], id="built-in definition"
        ),
        pytest.param([DB, cluster()], [DNS], [], id="built-in definition that nothing asks for"),
    ],
)
def test_what_stops_working_outside_legacy_mode(
    documents: list[Document], live: list[Document], stops: list[object]
) -> None:
    scope = before(*documents, live={"definitions": live})
    assert found(scope) == stops
    assert found(scope, "humanitec") == []
    for one in stopping(scope, with_primary(scope, "aws")):
        assert "made-up" not in str(one)


def test_what_is_wrong_already_does_not_stop() -> None:
    """A Git target needs an Operator under any store: what refers to its cluster is as wrong before."""
    scope = before(TO_CLUSTER, git())
    assert found(scope) == []


@pytest.mark.parametrize(
    ("documents", "live", "stops"),
    [
        pytest.param(
            [definition("db", "postgres", "humanitec/echo", refs={"p": {"store": "aws", "ref": "x"}})],
            [live_definition("db", "postgres", **inside("aws"))],
            [("R80", "db", True)],
            id="a reference, once",
        ),
        pytest.param(
            [], [live_definition("db", "postgres", **inside("aws"))], [("R80", "db", True)], id="only live"
        ),
        pytest.param([], [live_definition("db", "postgres", **inside())], [], id="kept inside"),
        pytest.param(
            [definition("db", "postgres", "humanitec/echo", in_place_driver_change=True)],
            [],
            [("R109", "db", False)],
            id="what legacy mode ignores",
        ),
    ],
)
def test_what_stops_working_in_legacy_mode(
    documents: list[Document], live: list[Document], stops: list[object]
) -> None:
    (scope,) = scopes_of(Tree((*documents, store()), {}, live={"stores": [EXTERNAL], "definitions": live}))
    assert found(scope, "humanitec") == stops
    assert found(scope, "other") == []


def test_an_unknown_primary_store_may_be_the_built_in_one() -> None:
    (scope,) = scopes_of(
        Tree((DB,), {}, live={"definitions": [live_definition("db", "postgres", **inside())]})
    )
    assert scope.primary.id is None
    assert found(scope) == [("R81", "db", True)]
