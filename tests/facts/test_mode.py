"""How the mode of a deployment target and the primary store are derived."""

import json
from typing import Any

import pytest

from reconciler.facts.git_target import git_target, is_git_target
from reconciler.facts.mode import KnownFrom
from reconciler.settings import Mode
from tests.matrix.matrix_trees import Document, Tree, cluster, definition, git, scopes_of, store
from tests.rules.tree import declare, scope

BUILT_IN = {"id": "humanitec", "primary": True, "humanitec": {}}
EXTERNAL = {"id": "aws", "primary": True, "awssm": {"region": "eu-central-1"}}
SECOND = {"id": "second", "primary": False, "awssm": {"region": "eu-central-1"}}
UNREGISTERED = store(orchestrator=None)


@pytest.mark.parametrize(
    ("documents", "target", "stores", "found", "known_from"),
    [
        pytest.param([], {}, None, None, KnownFrom.NOTHING, id="nothing known"),
        pytest.param([], {"primaryStore": "vault"}, None, "vault", KnownFrom.SETTINGS, id="settings"),
        pytest.param([store()], {}, None, "aws", KnownFrom.DECLARED, id="declared"),
        pytest.param([store()], {"primaryStore": "vault"}, None, "aws", KnownFrom.DECLARED, id="files first"),
        pytest.param(
            [UNREGISTERED], {"primaryStore": "vault"}, None, "vault", KnownFrom.SETTINGS, id="unregistered"
        ),
        pytest.param([store()], {}, [BUILT_IN], "humanitec", KnownFrom.LIVE, id="live beats declared"),
        pytest.param(
            [], {"primaryStore": "humanitec"}, [EXTERNAL, SECOND], "aws", KnownFrom.LIVE, id="live first"
        ),
        pytest.param(
            [store()], {"primaryStore": "aws"}, [SECOND], None, KnownFrom.NOTHING, id="none is primary"
        ),
        pytest.param([store()], {}, [], None, KnownFrom.NOTHING, id="no live store at all"),
        pytest.param([], {}, [BUILT_IN, EXTERNAL], None, KnownFrom.NOTHING, id="built-in and another"),
        pytest.param(
            [], {}, [EXTERNAL, {**SECOND, "primary": True}], "aws", KnownFrom.LIVE, id="two external ones"
        ),
    ],
)
def test_the_primary_store_is_known_from_live_then_files_then_settings(
    documents: list[Document],
    target: Document,
    stores: list[Document] | None,
    found: str | None,
    known_from: KnownFrom,
) -> None:
    live = {} if stores is None else {"stores": stores}
    (one,) = scopes_of(Tree(tuple(documents), target, live=live))
    assert (one.primary.id, one.primary.known_from) == (found, known_from)
    assert one.primary_store == found
    assert one.primary.why


@pytest.mark.parametrize(
    ("target", "mode"), [("humanitec", Mode.LEGACY), ("vault", Mode.DIRECT), (None, None)]
)
def test_the_store_decides_between_legacy_and_direct_and_git_before_both(
    target: str | None, mode: Mode | None
) -> None:
    settings = {} if target is None else {"primaryStore": target}
    (one,) = scopes_of(Tree((cluster(), git(identifier="by-git")), settings))
    assert [one.mode(found) for found in one.definitions] == [mode, Mode.GITOPS]
    assert [found.id for found in one.git_targets] == ["by-git"]


def echo(values: Document) -> Document:
    return definition("own", "k8s-cluster", "humanitec/echo", values=values)


def template(outputs: Any) -> Document:
    return definition("own", "k8s-cluster", "humanitec/template", values={"templates": {"outputs": outputs}})


@pytest.mark.parametrize(
    ("document", "is_git"),
    [
        pytest.param(git(), True, id="Git driver"),
        pytest.param(cluster(), False, id="EKS driver"),
        pytest.param(definition("own", "k8s-cluster", "humanitec/k8s-cluster"), False, id="generic driver"),
        pytest.param(definition("own", "redis", "humanitec/k8s-cluster-git"), False, id="another type"),
        pytest.param(template({"cluster_type": "git"}), True, id="template"),
        pytest.param(
            template("cluster_type: git\nurl: git@git.example.com:a/b.git"), True, id="template as text"
        ),
        pytest.param(template({"cluster_type": "eks"}), False, id="template of a cluster"),
        pytest.param(template({"cluster_type": "${resources.config.outputs.type}"}), None, id="reference"),
        pytest.param(template({"cluster_type": "${context.env.type}"}), None, id="context"),
        pytest.param(template("cluster_type: {{ .init.type }}"), None, id="computed"),
        pytest.param(echo({"cluster_type": "git"}), True, id="Echo"),
        pytest.param(echo({"cluster_type": "gke"}), False, id="Echo, EKS"),
        pytest.param(definition("own", "k8s-cluster", "humanitec/echo"), False, id="Echo of nothing"),
        pytest.param(definition("own", "k8s-cluster", "acme/clusters"), None, id="own driver"),
        pytest.param(definition("own", "k8s-cluster", "humanitec/terraform"), None, id="Terraform"),
    ],
)
def test_what_deploys_to_git_is_known_or_unknown(document: Document, is_git: bool | None) -> None:  # noqa: FBT001  a column
    (found,) = scope(declare(json.dumps(document))).definitions
    assert is_git_target(found) is is_git


def test_an_echo_definition_passes_on_its_repository() -> None:
    values = {"cluster_type": "git", "url": "git@git.example.com:acme/manifests.git", "path": "shop"}
    document = echo(values)
    (found,) = scope(declare(json.dumps(document))).definitions
    target = git_target(found)
    assert (target.url.text, target.directory.text) == (values["url"], "shop")
