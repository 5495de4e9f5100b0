"""The switch of an organization: a table of phases, and what must never look fine."""

from dataclasses import replace

import pytest

from reconciler.errors import ExitCode
from reconciler.model.stopping import Stopping
from reconciler.model.unread import Unread
from reconciler.procedure.store_switch import (
    STEPS,
    WORDS,
    DefinitionMode,
    ModeReport,
    OperatedCluster,
    Phase,
    StoreSwitch,
    store_switch,
)

UNREAD = Unread("not read")
SHOP = DefinitionMode("shop", "legacy", "direct", "eu-1", "shop.yaml:1:1")
READY = StoreSwitch("acme", "humanitec", "platform", definitions=(SHOP,), clusters=(OperatedCluster("eu-1"),))
BACK = StoreSwitch("acme", "platform", "humanitec", definitions=(DefinitionMode("shop", "direct", "legacy"),))


def on(**members: str | Unread) -> StoreSwitch:
    return replace(READY, clusters=(OperatedCluster("eu-1", **members),))


@pytest.mark.parametrize(
    ("facts", "phase", "missing"),
    [
        pytest.param(READY, Phase.PRIMARY, (), id="everything is there"),
        pytest.param(
            replace(on(chart="no Operator"), registered="not registered"),
            Phase.REGISTER,
            ("not registered",),
            id="the store first",
        ),
        pytest.param(
            replace(READY, registered="not registered"), Phase.PRIMARY, (), id="registered as primary at once"
        ),
        pytest.param(on(key="no Secret", chart="none"), Phase.KEY, ("cluster eu-1: no Secret",), id="key"),
        pytest.param(
            on(chart="1/2 ready", store="none"), Phase.CHART, ("cluster eu-1: 1/2 ready",), id="chart"
        ),
        pytest.param(on(store="none"), Phase.CUSTOM_RESOURCE, ("cluster eu-1: none",), id="custom resource"),
        pytest.param(
            on(key=UNREAD, store="none"), Phase.CUSTOM_RESOURCE, ("cluster eu-1: none",), id="known"
        ),
        pytest.param(on(key=UNREAD), Phase.UNKNOWN, ("cluster eu-1: not read",), id="key unread"),
        pytest.param(on(chart=UNREAD), Phase.UNKNOWN, ("cluster eu-1: not read",), id="chart unread"),
        pytest.param(on(store=UNREAD), Phase.UNKNOWN, ("cluster eu-1: not read",), id="store unread"),
        pytest.param(replace(READY, registered=UNREAD), Phase.UNKNOWN, ("not read",), id="stores unread"),
        pytest.param(replace(READY, before=UNREAD), Phase.UNKNOWN, ("not read",), id="primary unread"),
        pytest.param(replace(READY, after=UNREAD), Phase.UNKNOWN, ("not read",), id="what becomes primary"),
        pytest.param(replace(READY, before="other"), Phase.NONE, (), id="from one external store to another"),
        pytest.param(replace(READY, before=UNREAD, after=UNREAD), Phase.NONE, (), id="nothing is to change"),
        pytest.param(BACK, Phase.PRIMARY, (), id="back needs no Operator"),
        pytest.param(replace(BACK, registered=UNREAD), Phase.PRIMARY, (), id="back needs no store"),
        pytest.param(
            replace(BACK, clusters=(OperatedCluster("eu-1", chart="none"),)),
            Phase.PRIMARY,
            (),
            id="back although an Operator does not work",
        ),
    ],
)
def test_phases(facts: StoreSwitch, phase: Phase, missing: tuple[str, ...]) -> None:
    found = store_switch(replace(facts, definitions=()) if phase is Phase.NONE else facts)
    assert (found.phase, found.missing) == (phase, missing)
    assert found.is_ready is (phase is Phase.PRIMARY)


@pytest.mark.parametrize("member", ["key", "chart", "store"])
@pytest.mark.parametrize("lacking", ["missing", UNREAD])
@pytest.mark.parametrize("other", [OperatedCluster("us-1"), OperatedCluster("us-1", store="none")])
def test_no_cluster_may_lack_anything(member: str, lacking: str | Unread, other: OperatedCluster) -> None:
    """Whatever one of several clusters lacks, and wherever it is among them, the store does not become primary."""
    one = OperatedCluster("eu-1", **{member: lacking})
    for clusters in ((one, other), (other, one)):
        assert not store_switch(replace(READY, clusters=clusters)).is_ready


def test_a_definition_whose_cluster_is_not_known_keeps_the_gate_closed() -> None:
    found = store_switch(replace(READY, definitions=(SHOP, replace(SHOP, id="far", cluster=""))))
    assert (found.phase, found.is_ready) == (Phase.UNKNOWN, False)
    assert found.missing == (
        "which cluster far deploys to is not known, so neither is whether it has an Operator",
    )


@pytest.mark.parametrize(
    ("one", "is_moving"),
    [
        (SHOP, True),
        (replace(SHOP, before="direct"), False),
        (replace(SHOP, before=""), True),
        (replace(SHOP, before=UNREAD), True),
        (replace(SHOP, after=UNREAD), True),
        (replace(SHOP, before=UNREAD, after=UNREAD), True),
    ],
)
def test_a_mode_that_is_not_known_may_change(one: DefinitionMode, *, is_moving: bool) -> None:
    found = store_switch(replace(READY, definitions=(one,)))
    assert found.moving == ((one,) if is_moving else ())


@pytest.mark.parametrize(
    ("before", "clusters", "phase"),
    [
        ("direct", (OperatedCluster("eu-1"),), Phase.NONE),
        ("legacy", (OperatedCluster("eu-1", chart="no Operator"),), Phase.CHART),
        ("direct", (OperatedCluster("eu-1", chart=UNREAD),), Phase.UNKNOWN),
        ("", (OperatedCluster("eu-1", chart="no Operator"),), Phase.NONE),
    ],
)
def test_a_definition_that_becomes_a_git_target_needs_an_operator_as_well(
    before: str, clusters: tuple[OperatedCluster, ...], phase: Phase
) -> None:
    to_git = replace(SHOP, before=before, after="gitops")
    facts = replace(READY, before="platform", definitions=(to_git,), clusters=clusters)
    assert store_switch(facts).phase is phase


def test_what_stops_and_what_was_not_read_of_it_is_handed_on() -> None:
    stopping = (Stopping("R81", "db", "its secret", "db.yaml:1:1"), Stopping("R95", "dns", "built in"))
    found = store_switch(replace(READY, stopping=stopping))
    assert (found.stopping, found.unread, found.is_ready) == (stopping, (), True)
    found = store_switch(replace(READY, stopping=stopping, unread=(UNREAD,)))
    assert (found.stopping, found.unread, found.is_ready) == (stopping, ("not read",), False)
    assert (found.phase, found.missing) == (Phase.UNKNOWN, ("not read",))
    assert [str(one) for one in stopping] == [
        "db: its secret (db.yaml:1:1), R81",
        "dns: built in (only live), R95",
    ]


def test_every_phase_has_words_and_steps_are_in_the_documented_order() -> None:
    assert set(WORDS) == set(Phase)
    assert STEPS == (Phase.REGISTER, Phase.KEY, Phase.CHART, Phase.CUSTOM_RESOURCE)


RESTING = StoreSwitch("acme", "platform", "platform", definitions=(replace(SHOP, before="direct"),))


@pytest.mark.parametrize(
    ("report", "code"),
    [
        pytest.param(ModeReport({"acme": RESTING}, {}), ExitCode.DONE, id="everything is known"),
        pytest.param(ModeReport({"acme": on(key="none")}, {}), ExitCode.DONE, id="what is missing is known"),
        pytest.param(ModeReport({"acme": RESTING}, {"beta": UNREAD}), ExitCode.UNREADABLE, id="a target"),
        pytest.param(
            ModeReport({"acme": replace(RESTING, unread=(UNREAD,))}, {}), ExitCode.UNREADABLE, id="a fact"
        ),
        pytest.param(ModeReport({"acme": on(key=UNREAD)}, {}), ExitCode.UNREADABLE, id="a key"),
        pytest.param(
            ModeReport({"acme": replace(RESTING, before=UNREAD, after=UNREAD)}, {}),
            ExitCode.UNREADABLE,
            id="a store",
        ),
        pytest.param(
            ModeReport({"acme": replace(RESTING, definitions=(replace(SHOP, before=UNREAD),))}, {}),
            ExitCode.UNREADABLE,
            id="a mode",
        ),
        pytest.param(
            ModeReport({"acme": RESTING, "beta": on(chart=UNREAD)}, {}),
            ExitCode.UNREADABLE,
            id="one of several",
        ),
    ],
)
def test_whatever_is_not_known_ends_the_report_with_another_code(report: ModeReport, code: ExitCode) -> None:
    assert report.exit_code is code
