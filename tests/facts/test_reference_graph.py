"""References between definitions: inheritance, precedence, deployments, cycles, paths."""

import pytest

from reconciler.facts.asking import Member
from reconciler.facts.context import ANYWHERE
from reconciler.facts.reference_graph import ReferenceGraph, Request, spelled
from reconciler.model.placeholder import Selector, parse_selector, resource_references, sole_reference
from reconciler.model.secret import Expression, Reference
from tests import building
from tests.rules.definitions import definition, to, unmanaged
from tests.rules.tree import declare, live, scope


def graph(*texts: str, **given: object) -> ReferenceGraph:
    return scope(declare(*texts), **given).references  # type: ignore[arg-type]  # tests pass what the scope takes


def named(found: ReferenceGraph, identifier: str) -> Member:
    (member,) = (member for member in found.members if member.id == identifier)
    return member


def asks(*texts: str) -> list[tuple[str, str]]:
    (member,) = graph(*texts).members
    return [(".".join(map(str, ask.path)), ask.name) for ask in member.asks]


def path(found: ReferenceGraph, start: str, goal: str) -> str:
    """The shortest path from one definition to another."""
    starts = tuple(found.starts(named(found, start)))
    ways = found.explore(starts, {m.type for m in found.members}).ways_to(lambda member: member.id == goal)
    ids = [" → ".join(m.id for m in ways.path_from(node)) for node in starts]
    return min(filter(None, ids), key=len, default="")


# What a definition asks for


def test_references_are_found_wherever_placeholders_work() -> None:
    found = asks(
        definition(
            "all",
            "s3",
            driver_account="${resources['config#account'].account}",
            values={"deep": [{"text": f"a {to('dns', 'host')} b {to('route.big#x', 'path')}"}]},
            secret_refs={"url": {"value": to("agent#agent")}},
            provision={"aws-policy.admin": {"params": {"host": to("dns#y", "host")}}},
        )
    )
    assert found == [
        ("driver_account", "config#account"),
        ("driver_inputs.values.deep.0.text", "dns"),
        ("driver_inputs.values.deep.0.text", "route.big#x"),
        ("driver_inputs.secret_refs.url.value", "agent#agent"),
        ("provision.aws-policy.admin", "aws-policy.admin"),
        ("provision.aws-policy.admin.params.host", "dns#y"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "$\\{resources.dns.outputs.host}",
        "${context.res.id}",
        "${resources.dns<route.outputs.path}",
        "resources",
    ],
)
def test_escapes_contexts_and_traversals_ask_for_nothing(text: str) -> None:
    assert asks(definition("one", "s3", values={"text": text})) == []


def test_definitions_that_are_only_live_ask_too() -> None:
    remote = building.definition(
        "remote",
        "app_id=shop",
        values={"host": to("dns", "host")},
        driver_account="${resources.config.account}",
        provision={"ingress": {}},
        secrets={"/agent_url/value": Expression(to("agent#agent")), "/deep/key": Reference("vault", "a/b")},
    )
    (member,) = graph(live=live(remote)).members
    assert [ask.name for ask in member.asks] == ["config", "dns", "agent#agent", "ingress"]
    assert member.stored_secret == ("driver_inputs", "secret_refs", "deep", "key")


def test_references_made_for_plain_secrets_are_not_stored_secrets() -> None:
    made = Reference("vault", "orgs--acme--resources--defs--one--driver_secrets--key", "1")
    (member,) = graph(live=live(building.definition("one", "", secrets={"/key": made}))).members
    assert member.stored_secret is None


def test_declared_definitions_replace_their_live_versions() -> None:
    found = graph(
        definition("one", "s3"), live=live(building.definition("one", ""), building.definition("two", ""))
    )
    assert [(m.id, m.declared is None) for m in found.members] == [("one", False), ("two", True)]


# Who is chosen


@pytest.mark.parametrize(
    ("class_name", "res_id", "chosen"),
    [
        ("default", "x", ["any-id"]),
        ("default", "db", ["of-id"]),
        ("big", "db", ["big"]),
        ("small", "db", []),
    ],
)
def test_the_class_always_counts_and_a_resource_id_beats_everything(
    class_name: str, res_id: str, chosen: list[str]
) -> None:
    found = graph(
        definition("any-id", "s3", criteria=[{}]),
        definition("of-id", "s3", criteria=[{"res_id": "db"}]),
        definition("big", "s3", criteria=[{"class": "big"}]),
    )
    nodes = found.winners(Request("s3", class_name, res_id, ANYWHERE))
    assert [node.member.id for node in nodes] == chosen


def test_all_that_win_somewhere_are_chosen_and_those_always_beaten_are_not() -> None:
    found = graph(
        definition("any", "s3", criteria=[{}]),
        definition("test", "s3", criteria=[{"env_type": "test"}]),
        definition("shop", "s3", criteria=[{"app_id": "shop"}]),
        definition("shop-test", "s3", criteria=[{"app_id": "shop", "env_type": "test"}]),
    )

    def chosen(where: tuple[str | None, str | None, str | None]) -> list[str]:
        return sorted(node.member.id for node in found.winners(Request("s3", "default", "x", where)))

    assert chosen(ANYWHERE) == ["any", "shop", "shop-test", "test"]
    assert chosen(("shop", None, "test")) == ["shop-test"]
    assert chosen(("shop", None, "live")) == ["shop"]
    assert chosen((None, None, "test")) == ["shop-test", "test"]


def test_open_parts_may_have_other_definitions() -> None:
    found = graph(definition("of-id", "s3", criteria=[{"res_id": "db"}]), unmanaged("unknown", "dns"))
    assert found.may_have_others(Request("s3", "default", None, ANYWHERE))
    assert found.may_have_others(Request("s3", None, None, ANYWHERE))
    assert not found.may_have_others(Request("s3", "default", "other", ANYWHERE))
    assert not found.may_have_others(Request("s3", "big", None, ANYWHERE))
    assert found.may_have_others(Request("dns", "default", "x", ANYWHERE))


@pytest.mark.parametrize(
    ("type_", "criterion", "res_id"),
    [
        ("k8s-cluster", {}, "k8s-cluster"),
        ("k8s-cluster", {"class": "big"}, None),
        ("k8s-cluster", {"res_id": "k8s-cluster-runtime"}, "k8s-cluster-runtime"),
        ("s3", {}, None),
        ("s3", {"res_id": ""}, None),
    ],
)
def test_resources_of_every_deployment_have_their_type_as_id(
    type_: str, criterion: dict[str, str], res_id: str | None
) -> None:
    found = graph(definition("one", type_, criteria=[criterion]))
    (start,) = found.starts(named(found, "one"))
    assert start.res_id == res_id


def test_a_cluster_that_always_loses_for_that_id_does_not_have_it() -> None:
    found = graph(
        definition("general", "k8s-cluster", criteria=[{}]),
        definition("exact", "k8s-cluster", criteria=[{"res_id": "k8s-cluster"}]),
    )
    (start,) = found.starts(named(found, "general"))
    assert start.res_id is None


# Paths


def test_class_and_id_are_inherited_over_any_number_of_steps() -> None:
    steps = [
        definition(f"step-{n}", f"acme/t{n}", values={"x": to(f"acme/t{n + 1}")}, criteria=[{"class": "big"}])
        for n in range(1, 5)
    ]
    first = definition("first", "acme/t0", values={"x": to("acme/t1.big#db")})
    last = definition("last", "acme/t5", criteria=[{"class": "big", "res_id": "db"}])
    other = definition("other", "acme/t5", criteria=[{"class": "big", "res_id": "else"}])
    found = graph(first, *steps, last, other)
    assert path(found, "first", "last") == "first → step-1 → step-2 → step-3 → step-4 → last"
    assert path(found, "first", "other") == ""


def test_deployments_narrow_along_the_path() -> None:
    """What only `a` asks for cannot lead to what only `b` gets, whatever is between them."""
    texts = [
        definition("first", "s3", values={"x": to("config#c")}, criteria=[{"app_id": "a"}]),
        definition("shared", "config", values={"x": to("dns#d")}),
        definition("of-a", "dns", criteria=[{"app_id": "a", "res_id": "d"}]),
        definition("of-b", "dns", criteria=[{"app_id": "b", "res_id": "d"}]),
    ]
    found = graph(*texts)
    assert path(found, "first", "of-a") == "first → shared → of-a"
    assert path(found, "first", "of-b") == ""
    assert path(found, "shared", "of-b") == "shared → of-b"


def test_deployments_narrow_by_the_criteria_along_the_path() -> None:
    found = graph(
        definition("first", "s3", values={"x": to("config#c")}),
        definition("of-a", "config", criteria=[{"app_id": "a"}], values={"x": to("dns#d")}),
        definition("of-b", "dns", criteria=[{"app_id": "b"}]),
        definition("test", "dns", criteria=[{"env_type": "test"}]),
    )
    assert path(found, "first", "of-b") == ""
    assert path(found, "first", "test") == "first → of-a → test"


def test_a_definition_that_is_always_beaten_is_on_no_path() -> None:
    found = graph(
        definition("first", "s3", values={"x": to("config#c")}, criteria=[{"env_type": "test"}]),
        definition("general", "config", values={"x": to("dns#d")}),
        definition("test", "config", criteria=[{"env_type": "test"}]),
        definition("goal", "dns"),
    )
    assert path(found, "first", "goal") == ""


def test_cycles_end_and_the_shortest_path_is_named() -> None:
    found = graph(
        definition("one", "s3", values={"x": to("dns#x"), "y": to("route#x")}),
        definition("two", "dns", values={"x": to("s3#x"), "y": to("route#x")}),
        definition("three", "route", values={"x": to("dns#x"), "y": to("ingress#x")}),
        definition("goal", "ingress", values={"x": to("ingress#x")}),
    )
    assert path(found, "one", "goal") == "one → three → goal"
    assert path(found, "goal", "one") == ""


def test_a_provisioned_resource_is_not_a_reference() -> None:
    found = graph(definition("one", "dns", provision={"ingress#x": {}}), definition("goal", "ingress"))
    assert path(found, "one", "goal") == ""
    assert [member.id for member, _ in found.asking_for("ingress")] == ["one"]


def test_types_that_lead_to_others_are_found_over_any_number_of_steps() -> None:
    found = graph(
        definition("one", "s3", values={"x": to("config")}),
        definition("two", "config", values={"x": to("agent")}),
        definition("three", "dns", provision={"agent": {}}),
    )
    assert found.leading_to({"agent"}) == {"agent", "config", "s3"}


def test_a_chain_longer_than_the_stack_is_followed() -> None:
    count = 3000
    texts = [
        definition(f"step-{n}", f"acme/t{n}", values={"x": to(f"acme/t{n + 1}#x")}) for n in range(count)
    ]
    found = graph("".join(texts))
    assert path(found, "step-0", f"step-{count - 1}").count("→") == count - 1


def test_long_paths_are_cut_in_the_middle() -> None:
    assert (
        spelled([f"s{n}" for n in range(20)])
        == "`s0` → `s1` → `s2` → `s3` → … 12 more … → `s16` → `s17` → `s18` → `s19`"
    )
    assert spelled([f"s{n}" for n in range(8)]).count("→") == 7


def test_a_hub_is_walked_once_for_each_place_that_it_is_asked_from() -> None:
    """A definition that everything refers to and that refers to everything must not take quadratic time."""
    count = 300
    own = [
        definition(f"b-{n}", "s3", values={"x": to("config#hub")}, criteria=[{"app_id": f"a{n}"}])
        for n in range(count)
    ]
    found = graph("".join((definition("hub", "config", values={"x": to("s3#x")}), *own)))
    starts = [node for member in found.members for node in found.starts(member)]
    assert len(found.explore(starts, {"s3", "config"}).reached) < 6 * count


def test_equal_criteria_are_not_compared_pairwise() -> None:
    """Thousands of equal criteria are an error of another rule; here they must not take cubic time."""
    count = 1500
    own = [definition(f"c-{n}", "k8s-cluster", criteria=[{"env_type": "test"}]) for n in range(count)]
    found = graph("".join(own))
    looked_at = 0
    for member in found.members:
        for node in found.starts(member):
            looked_at += len(found.winners(Request("k8s-cluster", "default", "k8s-cluster", node.where)))
    assert looked_at == count * count


def test_the_first_winner_is_found_without_the_others() -> None:
    own = [definition(f"c-{n}", "s3", criteria=[{"app_id": f"a{n}"}]) for n in range(9)]
    found = graph("".join(own))
    request = Request("s3", "default", "x", ANYWHERE)
    assert next(found.winning(request)).member.id == "c-0"
    assert found.has_winner(request)
    assert not found.has_winner(request._replace(class_name="other"))
    assert not found.has_winner(request._replace(class_name=None))


def test_winners_of_one_request_are_not_mistaken_for_those_of_another() -> None:
    found = graph(
        definition("shop", "s3", criteria=[{"app_id": "shop"}]),
        definition("till", "s3", criteria=[{"app_id": "till"}]),
    )
    for app in ("shop", "till", "shop", "till"):
        (winner,) = found.winners(Request("s3", "default", "x", (app, None, None)))
        assert winner.member.id == app


def test_a_walk_that_deployments_multiply_ends_and_says_so() -> None:
    """A hundred and fifty definitions by application, environment and type combine in 125,000 ways."""
    kinds = (("s3", "dns", "app_id"), ("dns", "config", "env_id"), ("config", "s3", "env_type"))
    texts = [
        definition(f"{name}-{n}", name, values={"x": to(asked)}, criteria=[{field: f"v{n}"}])
        for name, asked, field in kinds
        for n in range(50)
    ]
    few = graph("".join((definition("start", "route", values={"x": to("s3")}), *texts[:3])))
    many = graph("".join((definition("start", "route", values={"x": to("s3")}), *texts)))
    through = {"s3", "dns", "config"}
    assert few.explore(few.starts(named(few, "start")), through).is_whole
    walk = many.explore(many.starts(named(many, "start")), through)
    assert not walk.is_whole
    assert len(walk.reached) < 210_000


# Placeholders


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("${resources.agent.outputs.url}", ("outputs", "url")),
        ("${resources['agent#a'].outputs['a.b'].c}", ("outputs", "a.b", "c")),
        ("${resources['agent#a'].account}", ("account",)),
    ],
)
def test_accessors_are_read_whichever_way_they_are_written(text: str, steps: tuple[str, ...]) -> None:
    (found,) = resource_references(text)
    assert found.steps == steps


@pytest.mark.parametrize(
    "text",
    ["a${resources.dns.guresid}", "${resources.dns.guresid}${context.app.id}", "${context.app.id}", ""],
)
def test_only_a_string_that_is_wholly_a_reference_is_one(text: str) -> None:
    assert sole_reference(text) is None
    assert sole_reference(" ${ resources.dns.guresid } ") is not None


def test_selectors_of_provision_are_read() -> None:
    assert parse_selector("k8s-cluster#k8s-cluster-runtime") == Selector(
        "k8s-cluster", None, "k8s-cluster-runtime"
    )
    assert parse_selector("acme/thing.big#modules.web.externals.db") == Selector(
        "acme/thing", "big", "modules.web.externals.db"
    )
    assert parse_selector("a<b") is None
