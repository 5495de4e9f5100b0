"""GitOps tools that prune: R73."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.gitops.documents import ARGO, WARNING, argo, git, of, unknown
from tests.rules.tree import judged

FLUX = """\
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {{name: {repository}, namespace: flux-system}}
spec: {{url: 'https://git.example.com/acme/manifests'}}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {{name: shop, namespace: flux-system}}
spec: {{prune: {prune}, path: ./shop, targetNamespace: shop-live, sourceRef: {{kind: GitRepository, name: manifests}}}}
---
"""


@pytest.mark.parametrize(
    ("tool", "found", "unknowns"),
    [
        pytest.param(argo(), WARNING, 1, id="Argo CD"),
        pytest.param(argo(prune="false"), [], 1, id="no pruning"),
        pytest.param(argo(prune="'true'"), [], 1, id="string is not a switch"),
        pytest.param(argo(repo="git@git.example.com:acme/manifests.git"), WARNING, 1, id="SSH spelling"),
        pytest.param(argo(repo="https://git.example.com/acme/other"), [], 1, id="other repository"),
        pytest.param(argo(path="/"), WARNING, 1, id="root"),
        pytest.param(argo(path="shop/live/deep"), WARNING, 1, id="below"),
        pytest.param(argo(repo="{{ .repo }}"), [], 2, id="repository not known"),
        pytest.param(
            ARGO.format(
                kind="ApplicationSet",
                spec="{template: {spec: {sources: [{repoURL: 'https://git.example.com/acme/manifests', "
                "path: '{{path}}'}], syncPolicy: {automated: {prune: true}}}}}",
            ),
            WARNING,
            1,
            id="ApplicationSet",
        ),
        pytest.param(FLUX.format(repository="manifests", prune="true"), WARNING, 1, id="Flux"),
        pytest.param(FLUX.format(repository="manifests", prune="false"), [], 1, id="Flux without pruning"),
        pytest.param(
            FLUX.format(repository="others", prune="true"), [], 2, id="Flux, source not in the tree"
        ),
        pytest.param(ARGO.format(kind="Application", spec="[]"), [], 1, id="nonsense"),
        pytest.param(ARGO.format(kind="Application", spec="{sources: [5]}"), [], 1, id="nonsense inside"),
    ],
)
def test_tools_that_prune_what_is_written_are_reported(
    tool: str, found: list[Severity], unknowns: int
) -> None:
    """There is always one unknown: the tools on the clusters."""
    judgement = judged(git(), tool)
    assert of("R73", judgement) == found
    assert unknown("R73", judgement) == unknowns
