"""Namespaces in GitOps: R72."""

import pytest

from tests import building
from tests.rules.gitops.documents import argo, git, of, unknown
from tests.rules.tree import judged, live

NAMESPACE = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {{id: {id}}}
entity:
  type: k8s-namespace
  driver_type: humanitec/{driver}
  driver_inputs: {{values: {{namespace: "{name}"}}}}
  criteria: {criteria}
---
"""


@pytest.mark.parametrize(
    ("namespaces", "count"),
    [
        pytest.param([("echo", "[{}]")], 0, id="echo"),
        pytest.param([("template", "[{}]")], 1, id="template"),
        pytest.param([("template", "[{env_type: test}]"), ("echo", "[{}]")], 0, id="template elsewhere"),
        pytest.param([("template", "[{}]"), ("echo", "[{env_type: live}]")], 0, id="echo wins"),
        pytest.param([("echo", "[{}]"), ("template", "[{env_type: live}]")], 1, id="template wins"),
        pytest.param([("echo", "[{}]"), ("template", "[{app_id: a}]")], 1, id="template wins for one"),
        pytest.param([("echo", "[{}]"), ("template", "[{class: big}]")], 0, id="other class"),
        pytest.param([("echo", "[{}]"), ("template", "[{res_id: other}]")], 0, id="other resource"),
        pytest.param([], 1, id="none"),
    ],
)
def test_namespaces_of_git_targets_are_returned_not_created(
    namespaces: list[tuple[str, str]], count: int
) -> None:
    texts = [
        NAMESPACE.format(id=f"ns-{n}", driver=driver, criteria=criteria, name="a")
        for n, (driver, criteria) in enumerate(namespaces)
    ]
    assert len(of("R72", judged(git(), *texts))) == count


def test_a_namespace_that_is_only_live_is_checked() -> None:
    held = building.definition(
        "default-humanitec-namespace",
        "",
        type_="k8s-namespace",
        driver_type="humanitec/static",
        is_built_in=True,
    )
    (found,) = (finding for finding in judged(git(), live=live(held)).findings if finding.rule == "R72")
    assert "`default-humanitec-namespace`" in found.message


def test_unread_namespaces_are_unknown() -> None:
    assert unknown("R72", judged(git(), live=None)) == 1


@pytest.mark.parametrize(
    ("name", "count"),
    [
        pytest.param("shop-live", 0, id="same"),
        pytest.param("${context.app.id}-${context.env.id}", 0, id="may be the same"),
        pytest.param("other", 1, id="another"),
        pytest.param("${context.app.id}-test", 1, id="cannot be the same"),
    ],
)
def test_the_returned_namespace_is_that_of_the_gitops_tool(name: str, count: int) -> None:
    namespace = NAMESPACE.format(id="ns-echo", driver="echo", criteria="[{}]", name=name)
    assert len(of("R72", judged(git(), namespace, argo(prune="false")))) == count
