"""Names after `target/` that fit several targets, or none."""

from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from tests.cli.running import add, call

CLUSTER = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: @ID@}
entity:
  name: @ID@
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs: {values: {name: eu, region: eu-1}}
  criteria: [{env_type: production}]
"""


def settings(folder: Path, **organizations: str) -> None:
    lines = [f"  {name}: {{organization: {organization}}}\n" for name, organization in organizations.items()]
    (folder / "reconciler.yaml").write_text("version: 1\ntargets:\n" + "".join(lines))


@pytest.mark.parametrize(
    ("organizations", "name", "heading"),
    [
        ({"beta": "acme", "acme": "beta"}, "acme", "Target acme, organization beta"),
        ({"beta": "acme", "acme": "beta"}, "beta", "Target beta, organization acme"),
        ({"beta": "acme", "other": "beta-inc"}, "acme", "Target beta, organization acme"),
    ],
)
def test_the_name_of_a_target_wins_over_the_organization_of_another(
    tree: Path, organizations: dict[str, str], name: str, heading: str
) -> None:
    settings(tree, **organizations)
    code, shown, _ = call(tree, "explain", f"target/{name}")
    assert code == ExitCode.DONE
    assert shown.startswith(heading + "\n")


@pytest.mark.parametrize(
    ("name", "choice"),
    [("acme", "target/one, target/two"), ("acme/shop", "target/one/shop, target/two/shop")],
)
def test_an_organization_of_two_targets_is_not_chosen_for_the_user(
    tree: Path, name: str, choice: str
) -> None:
    settings(tree, one="acme", two="acme", three="other")
    (tree / "shop.yaml").write_text(CLUSTER.replace("@ID@", "shop"))
    code, shown, said = call(tree, "explain", f"target/{name}")
    assert (code, shown) == (ExitCode.USAGE, "")
    assert said.split("\n")[:2] == [
        "error: several targets have the organization 'acme'",
        f"name one of {choice}",
    ]


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("on", "did you mean one?"),
        ("acme-in", "did you mean acme-inc?"),
        ("shopp", "did you mean shop?"),
        ("zzz", "targets are one, two"),
        ("one/shopp", "did you mean shop?"),
        ("one/zzz", "it has shop"),
        ("one/", ""),
    ],
)
def test_a_name_that_fits_nothing_gets_the_nearest_or_all(tree: Path, name: str, advice: str) -> None:
    settings(tree, one="acme-inc", two="beta-inc")
    (tree / "shop.yaml").write_text(CLUSTER.replace("@ID@", "shop"))
    code, shown, said = call(tree, "explain", f"target/{name}")
    if advice:
        assert (code, shown) == (ExitCode.USAGE, "")
        assert said.split("\n")[1:] == [advice, "Nothing was changed.", ""]
    else:  # an empty definition means all of them
        assert code == ExitCode.DONE
        assert "shop" in shown


def test_objects_of_unreadable_files_are_counted_in_the_singular_and_the_plural(tree: Path) -> None:
    (tree / "first.yaml").write_text("kind: [\n")
    assert call(tree, "explain", "target/local")[2].startswith("1 error in the files ")
    (tree / "second.yaml").write_text("kind: [\n")
    assert call(tree, "explain", "target/local")[2].startswith("2 errors in the files ")


def test_without_a_cluster_definition_it_says_that_the_files_deploy_to_none(tree: Path) -> None:
    add(tree, "users-db")
    _, shown, said = call(tree, "explain", "target/local")
    assert "No definition of type k8s-cluster is declared" in shown
    assert said == ""
