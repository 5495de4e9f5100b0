"""What making and rotating keys needs on a cluster: exactly the rights of `config/rbac`, tried by an ordinary user."""

from pathlib import Path

import pytest

from reconciler.errors import ExitCode
from reconciler.footprint.permission import Purpose, Right, permissions
from reconciler.passes.deed import cluster_hand
from reconciler.passes.result import Verdict
from tests.control_plane.plane import ControlPlane
from tests.scenarios.kept import APPLY, Kept, everything_said
from tests.scenarios.test_installation_cluster import CONNECTED, SECRET, Pair, messages

pytestmark = pytest.mark.xdist_group("control_plane_keys")

AGENT = frozenset(("Agent/eu-1",))


@pytest.fixture(scope="module")
def pair() -> Pair:
    return Pair.make()


@pytest.fixture
def kept(cluster: ControlPlane, tmp_path: Path, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """An Agent whose key is made, in a namespace without a Secret."""
    monkeypatch.setattr(cluster_hand, "POLL_S", 0.05)
    made = Kept.make(cluster, tmp_path, pair)
    made.declare()
    made.world.write(
        "key.yaml",
        "apiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {id: eu-1}\nspec:\n"
        "  for: {agent: eu-1}\n  generate: {}\n"
        f"  privateKey: {{cluster: eu-1, namespace: {made.agents}, secret: {SECRET}}}\n",
    )
    cluster.namespace(made.agents)
    cluster.write_log(made.agents, *CONNECTED)
    made.grant(*APPLY)
    return made


def test_the_rights_of_the_files_are_enough_in_the_namespace_of_the_key(kept: Kept) -> None:
    kept.allow(rights(), kept.agents)
    result = kept.world.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)
    result = kept.world.apply(rotate=AGENT)
    assert result.verdict is Verdict.APPLIED, messages(result)
    assert kept.world.apply().verdict is Verdict.EMPTY


@pytest.mark.parametrize("verb", ["create", "patch"])
def test_a_missing_right_is_named_and_nothing_is_cut_off(kept: Kept, verb: str) -> None:
    if verb == "patch":
        kept.allow([one for one in rights() if one.verb == "create"], kept.agents)
        result = kept.world.apply()
        assert result.verdict is Verdict.APPLIED, messages(result)
    before = kept.world.live()
    result = kept.world.apply(rotate=AGENT)
    assert result.exit_code() is ExitCode.PARTIAL
    assert f'cannot {verb} resource "secrets"' in everything_said(result)
    assert kept.world.live() == before


def test_a_secret_that_exists_needs_no_right_to_create(kept: Kept) -> None:
    kept.plane.secret(kept.agents, SECRET)
    kept.allow([one for one in rights() if one.verb == "patch"], kept.agents)
    result = kept.world.apply()
    assert result.verdict is Verdict.APPLIED, messages(result)


def rights() -> list[Right]:
    return [right for one in permissions(Purpose.KEYS) for right in one.rights()]
