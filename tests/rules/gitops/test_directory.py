"""Where Git targets write: R74."""

import pytest

from reconciler.model.finding import Severity
from tests import building
from tests.rules.gitops.documents import PATH, URL, WARNING, git, of, unknown
from tests.rules.tree import judged, live

NO_PATH = f"{{{URL}}}"


def at(path: str, branch: str = "main") -> str:
    return f"{{{URL}, branch: {branch}, path: '{path}'}}"


@pytest.mark.parametrize(
    ("one", "other", "errors"),
    [
        pytest.param((at("same"), "[{env_type: a}]"), (at("same"), "[{env_type: b}]"), 1, id="one path"),
        pytest.param((NO_PATH, "[{env_type: a}]"), (NO_PATH, "[{env_type: b}]"), 1, id="root"),
        pytest.param((at("same/"), "[{app_id: a}]"), (at("./same"), "[{app_id: b}]"), 1, id="spellings"),
        pytest.param((at("same"), "[{app_id: a}]"), (at("same", "b"), "[{app_id: b}]"), 0, id="branches"),
        pytest.param((at("one"), "[{app_id: a}]"), (at("two"), "[{app_id: b}]"), 0, id="paths"),
        pytest.param(
            (f"{{{URL}, {PATH}}}", "[{env_type: a}]"),
            (f"{{{URL}, {PATH}}}", "[{env_type: b}]"),
            0,
            id="distinguished by the path",
        ),
        pytest.param(
            (at("a/${context.env.id}"), "[{app_id: a, env_type: x}]"),
            (at("a/${context.env.id}"), "[{app_id: a}]"),
            0,
            id="one application, distinguished by environment",
        ),
        pytest.param(
            (at("${context.env.id}"), "[{app_id: a}]"),
            (at("${context.env.id}"), "[{app_id: b}]"),
            1,
            id="two applications, environments may be called the same",
        ),
        pytest.param(
            (at("${context.app.id}"), "[{app_id: a}]"),
            (at("${context.app.id}"), "[{app_id: b}]"),
            0,
            id="two applications, distinguished by application",
        ),
        pytest.param(
            (at("${resources.x.outputs.y}/a"), "[{app_id: a}]"),
            (at("${resources.x.outputs.y}/a"), "[{app_id: b}]"),
            0,
            id="something else may distinguish them",
        ),
        pytest.param((at("same"), "[]"), (at("same"), "[{env_type: b}]"), 0, id="one is never used"),
    ],
)
def test_git_targets_write_to_places_of_their_own(
    one: tuple[str, str], other: tuple[str, str], errors: int
) -> None:
    judgement = judged(
        git("git-1", values=one[0], criteria=one[1]), git("git-2", values=other[0], criteria=other[1])
    )
    assert of("R74", judgement).count(Severity.ERROR) == errors


@pytest.mark.parametrize(
    ("values", "criteria", "found"),
    [
        pytest.param(at("${context.app.id}/${context.env.id}"), "[{}]", [], id="both in the path"),
        pytest.param(at("a"), "[{app_id: a, env_id: live}]", [], id="one deployment"),
        pytest.param(at("a/${context.env.id}"), "[{app_id: a}]", [], id="one application"),
        pytest.param(at("${context.env.id}"), "[{}]", WARNING, id="no application"),
        pytest.param(at("a"), "[{app_id: a}]", WARNING, id="no environment"),
        pytest.param(at("a"), "[{app_id: a, env_id: x}, {app_id: a, env_id: y}]", WARNING, id="two criteria"),
        pytest.param(at("a"), "[]", [], id="never used"),
        pytest.param(at("{{ x }}"), "[{}]", [], id="computed"),
    ],
)
def test_the_path_distinguishes_what_the_criteria_match(
    values: str, criteria: str, found: list[Severity]
) -> None:
    assert of("R74", judged(git(values=values, criteria=criteria))) == found


def test_criteria_that_are_not_managed_are_read_from_live_or_unknown() -> None:
    text = git(values=at("a")).replace("  criteria: [{env_type: live}]\n", "")
    assert unknown("R74", judged(text, live=None)) == 1
    held = building.definition("git", "env_type=live", type_="k8s-cluster")
    assert of("R74", judged(text, live=live(held))) == WARNING
