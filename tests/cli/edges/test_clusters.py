"""Folders in place of clusters: none of them leads out of the tree."""

from pathlib import Path

import pytest

from reconciler.cli.edges.clusters import Clusters
from reconciler.errors import ClusterError
from reconciler.settings import Settings


def clusters(tree: Path, directory: str) -> Clusters:
    target = {"organization": "acme", "orchestrator": {"url": "https://api.test", "token": {"env": "T"}}}
    settings = Settings.model_validate(
        {"version": 1, "targets": {"acme": target}, "clusters": {"eu-1": {"directory": directory}}}
    )
    return Clusters(settings, {}, base=tree, tree=tree)


@pytest.mark.parametrize(
    ("directory", "says"), [("rendered/eu-1", "symbolic link"), (".git/hooks", "folder of Git")]
)
def test_a_folder_that_leads_elsewhere_is_refused(tmp_path: Path, directory: str, says: str) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tmp_path / "outside").mkdir()
    (tree / "rendered").symlink_to(tmp_path / "outside")
    with pytest.raises(ClusterError, match=says):
        clusters(tree, directory).client("eu-1", is_read_only=False)


@pytest.mark.parametrize("name", ["../../x", "/x", ".."])
def test_a_cluster_without_settings_has_a_folder_of_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClusterError, match="no name of a folder"):
        clusters(tmp_path, "in").client(name, is_read_only=True)


def test_a_folder_outside_of_the_tree_is_the_choice_of_the_settings(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    assert clusters(tree, str(tmp_path / "out")).client("eu-1", is_read_only=True).is_directory
