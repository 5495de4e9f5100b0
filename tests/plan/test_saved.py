"""A saved plan: what it is bound to, what is said when something differs, and what is refused as one."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from reconciler.diff.change import CriteriaChange, Group
from reconciler.model.identity import TargetName
from reconciler.model.origin import Origin
from reconciler.model.record import Inventory
from reconciler.model.secret import Digest, Handed, Literal, Secret
from reconciler.model.secret_source import EnvironmentVariable
from reconciler.model.state import State
from reconciler.plan.action import Held, TargetPlan
from reconciler.plan.approval import Reviewed, parse
from reconciler.plan.saved import PARTS, VERSION, SavedPlan, bind, change_digest, state_digest
from reconciler.settings import Settings
from tests.building import definition, owning, state
from tests.plan.test_build import plan

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OLD, NEW = definition("old", "env_type=dev"), definition("new", "env_type=dev")
SETTINGS = Settings.model_validate({"version": 1, "targets": {"acme": {"organization": "acme"}}})
Part = tuple[TargetPlan, State, State, Inventory]
PART: Part = (plan(state(NEW), state(OLD), owning(OLD)), state(NEW), state(OLD), owning(OLD))


def saved(*parts: Part, **differing: Any) -> SavedPlan:
    given: dict[str, Any] = {
        "settings": SETTINGS, "revision": "c0ffee", "selection": "", "approvals": frozenset(), "now": NOW,
    }  # fmt: skip
    settings = differing.pop("settings", given.pop("settings"))
    return bind(parts or (PART,), settings, **{**given, **differing})


def document(**changed: object) -> Any:
    return {**saved().to_json(), **changed}


def test_a_plan_that_is_written_and_read_is_the_same_plan() -> None:
    kept = saved(approvals=frozenset({parse("contested=Definition/a")}))
    read = SavedPlan.from_json(json.loads(json.dumps(kept.to_json())))
    assert read == kept
    assert read.changed(kept) == ()
    assert read.approvals == ("contested=Definition/a",)
    assert read.summary == ("acme: delete Definition/old", "acme: create Definition/new")


def test_the_same_plan_made_later_has_not_changed() -> None:
    assert saved().changed(saved(now=datetime(2027, 1, 1, tzinfo=UTC))) == ()


STRICTER = SETTINGS.model_copy(update={"safety": SETTINGS.safety.model_copy(update={"maxDelete": "0"})})
REVIEWED = replace(
    parse("contested=Definition/a"),
    reviewed=Reviewed(Origin("approvals.yaml"), "team", date(2027, 1, 1), "because"),
)


@pytest.mark.parametrize(
    ("other", "said"),
    [
        pytest.param(lambda: saved(revision="beef"), ("the commit",), id="commit"),
        pytest.param(
            lambda: saved(selection="targets acme"), ("the selection of targets and objects",), id="selection"
        ),
        pytest.param(
            lambda: saved(approvals=frozenset({parse("contested=Definition/a")})), ("the approvals",),
            id="approval given",
        ),
        pytest.param(
            lambda: saved(approvals=frozenset({REVIEWED})), ("the approvals",), id="approval in the repository"
        ),
        pytest.param(
            lambda: saved(settings=STRICTER), ("the policy and safety settings",), id="safety settings"
        ),
        pytest.param(
            lambda: saved((PART[0], state(NEW, OLD), *PART[2:])), ("the files of target acme",), id="files"
        ),
        pytest.param(
            lambda: saved((*PART[:2], state(OLD, NEW), PART[3])), ("the live state of target acme",), id="live"
        ),
        pytest.param(
            lambda: saved((*PART[:3], owning(OLD, NEW))), ("the ownership record of target acme",), id="record"
        ),
        pytest.param(
            lambda: saved((replace(PART[0], actions=PART[0].actions[:1]), *PART[1:])),
            ("the actions of target acme",), id="an action less",
        ),
        pytest.param(
            lambda: saved((replace(PART[0], held={PART[0].actions[0].id: Held("waits")}), *PART[1:])),
            ("the actions of target acme",), id="an action is held",
        ),
        pytest.param(
            lambda: saved(
                (
                    replace(
                        PART[0], actions=(replace(PART[0].actions[0], forces=True), PART[0].actions[1])
                    ),
                    *PART[1:],
                )
            ),
            ("the actions of target acme",), id="an action is forced",
        ),
        pytest.param(
            lambda: saved(PART, (replace(PART[0], target=TargetName("beta")), *PART[1:])),
            (
                "the files of target beta", "the live state of target beta",
                "the ownership record of target beta", "the actions of target beta",
            ),
            id="a target more",
        ),
    ],
)  # fmt: skip
def test_each_part_that_differs_is_named_and_no_other(
    other: Callable[[], SavedPlan], said: tuple[str, ...]
) -> None:
    for one, another in ((saved(), other()), (other(), saved())):
        assert tuple(text.partition(":")[0] for text in one.changed(another)) == said


def test_the_most_telling_difference_is_said_first() -> None:
    other = saved((PART[0], state(), state(), owning()), revision="beef", selection="x", settings=STRICTER)
    assert saved().changed(other) == (
        "the commit", "the files of target acme", "the live state of target acme",
        "the ownership record of target acme", "the policy and safety settings",
        "the selection of targets and objects",
    )  # fmt: skip


@pytest.mark.parametrize("part", [*(f"acme/{one}" for one in ("desired", "live", "inventory", "actions")),
                                  "revision", "safety", "selection", "approvals"])  # fmt: skip
@pytest.mark.parametrize("value", ["0" * 64, "", None])
def test_a_digest_that_was_tampered_with_or_taken_out_makes_it_stale(part: str, value: str | None) -> None:
    kept = document()
    kept["digests"] = {name: text for name, text in kept["digests"].items() if name != part}
    if value is not None:
        kept["digests"][part] = value
    assert len(SavedPlan.from_json(kept).changed(saved())) == 1


def test_a_file_without_digests_is_bound_to_nothing_and_so_is_stale_in_everything() -> None:
    assert len(SavedPlan.from_json(document(digests={})).changed(saved())) == len(PARTS)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"kind": "Plan"}, "not a saved plan"),
        ({"version": VERSION - 1}, "of version 1; this is 2"),
        ({"version": "2"}, "of version '2'"),
        ({"version": None}, "of version None"),
        ({"digests": None}, "`digests` or `approvals` is missing"),
        ({"digests": []}, "`digests` or `approvals` is missing"),
        ({"approvals": None}, "`digests` or `approvals` is missing"),
        ({"approvals": "contested=Definition/a"}, "`digests` or `approvals` is missing"),
        ({"approvals": ["deletes=7"]}, "COUNT:DIGEST"),
        ({"approvals": [None]}, "is not GUARD"),
        ({"approvals": ["x" * 2000]}, "too long"),
        ({"digests": {"acme/unknown": "0"}}, "parts unknown here"),
        ({"digests": {"": "0"}}, "parts unknown here"),
    ],
)
def test_what_is_no_plan_of_this_version_is_refused(changed: dict[str, object], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        SavedPlan.from_json(document(**changed))


def test_a_hostile_version_is_quoted_in_part_only() -> None:
    with pytest.raises(ValueError, match="of version") as refused:
        SavedPlan.from_json(document(version="x" * 100_000))
    assert len(str(refused.value)) < 200


SOURCE = EnvironmentVariable("TOKEN")


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        pytest.param(
            Literal(Secret("a"), Digest("k", "1")), Literal(Secret("b"), Digest("k", "2")), False,
            id="a literal in the files changes",
        ),
        pytest.param(
            Literal(Secret("a"), Digest("k", "1"), SOURCE), Literal(Secret("b"), Digest("k", "2"), SOURCE), True,
            id="a value handed in is no part of the files",
        ),
        pytest.param(
            Literal(Secret("a"), Digest("k", "1"), SOURCE), Handed(SOURCE, "not set"), True,
            id="nor is whether it is at hand",
        ),
        pytest.param(Handed(SOURCE), Handed(EnvironmentVariable("OTHER")), False, id="another variable"),
        pytest.param(
            Literal(Secret("a"), Digest("k", "1")), Literal(Secret("a"), Digest("k", "1"), SOURCE), False,
            id="from the file to a variable",
        ),
    ],
)  # fmt: skip
def test_secrets_enter_by_digest_or_by_source(one: Any, other: Any, is_same: bool) -> None:  # noqa: FBT001
    digests = [state_digest(state(definition("a", secrets={"/t": leaf}))) for leaf in (one, other)]
    assert (digests[0] == digests[1]) is is_same


def test_managed_and_unmanaged_criteria_are_different_states() -> None:
    empty, unmanaged = definition("a"), definition("a", manages_criteria=False)
    assert state_digest(state(empty)) != state_digest(state(unmanaged))


def test_the_order_of_a_state_does_not_matter() -> None:
    assert state_digest(state(OLD, NEW)) == state_digest(state(NEW, OLD))


def test_equal_effects_have_equal_digests_and_others_do_not() -> None:
    change = PART[0].actions[1].subject
    assert change_digest(change) == change_digest(replace(change, is_drift=True))
    differing = [
        replace(change, group=Group.UPDATE),
        replace(change, criteria=CriteriaChange(added={"a": {}})),
        replace(change, criteria=CriteriaChange(removed={"a": {}})),
        replace(change, desired=definition("new", name="other")),
        replace(change, desired=None),
    ]
    assert len({change_digest(one) for one in (change, *differing)}) == len(differing) + 1
