"""What belongs to which target."""

from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.declaration import Declarations
from reconciler.model.identity import TargetName
from reconciler.settings import Limits, Target
from reconciler.source.loader import Loader
from reconciler.source.selection import select, unassigned
from reconciler.source.tree import Tree
from tests.building import ESCAPED_PUBLIC_KEY

ACME = Target(organization="acme", paths=("orgs/acme/**", "shared/", "!**/draft-*.yaml"))
BETA = Target(organization="beta", paths=("orgs/beta/**",))
TARGETS = {TargetName("acme"): ACME, TargetName("beta"): BETA}


def definition(name: str) -> str:
    return (
        f"apiVersion: entity.humanitec.io/v1b1\nkind: Definition\nmetadata: {{id: {name}}}\n"
        "entity: {type: s3, driver_type: humanitec/echo}\n"
    )


def agent(name: str, organizations: str = "") -> str:
    listed = f"organizations: {organizations}" if organizations else ""
    return f"apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {{id: {name}}}\nspec: {{{listed}}}\n"


def key(name: str, owner: str) -> str:
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: Key\nmetadata: {{id: {name}}}\n"
        f'spec: {{for: {{agent: {owner}}}, publicKey: "{ESCAPED_PUBLIC_KEY}"}}\n'
    )


def declarations(files: dict[str, str]) -> Declarations:
    contents = {path: text.encode() for path, text in sorted(files.items())}
    loaded = Loader(Limits(), inspect_public_key).load(Tree("here", "", is_dirty=False, files=contents))
    assert loaded.findings == ()
    return loaded


def ids(part: Declarations) -> dict[str, list[str]]:
    return {
        "definitions": [d.document.metadata.id for d in part.definitions],
        "agents": [a.document.metadata.id for a in part.agents],
        "keys": [k.document.metadata.id for k in part.keys],
        "foreign": [f.file for f in part.foreign],
    }


FILES = {
    "orgs/acme/a.yaml": definition("a"),
    "orgs/acme/draft-b.yaml": definition("b"),
    "orgs/beta/c.yaml": definition("c"),
    "shared/d.yaml": definition("d"),
    "agents/both.yaml": agent("both", "[acme, beta]") + "---\n" + key("both-1", "both"),
    "orgs/beta/acme-only.yaml": agent("acme-only", "[acme]"),
    "orgs/beta/own.yaml": agent("own"),
    "orgs/acme/own-key.yaml": key("own-1", "own"),
    "orgs/acme/stray.yaml": key("stray", "made-elsewhere"),
    "orgs/acme/k8s.yaml": "apiVersion: v1\nkind: Secret\n",
}


def test_each_target_gets_what_its_patterns_and_organizations_select() -> None:
    loaded = declarations(FILES)
    assert ids(select(loaded, ACME)) == {
        "definitions": ["a", "d"],
        "agents": ["both", "acme-only"],
        "keys": ["both-1", "stray"],
        "foreign": ["orgs/acme/k8s.yaml"],
    }
    assert ids(select(loaded, BETA)) == {
        "definitions": ["c"],
        "agents": ["both", "own"],
        "keys": ["both-1", "own-1"],
        "foreign": [],
    }


def test_the_facts_of_keys_go_with_their_documents() -> None:
    part = select(declarations(FILES), BETA)
    assert set(part.public_keys) == {k.origin() for k in part.keys}


def test_a_file_of_no_target_is_a_warning_naming_it_once() -> None:
    loaded = declarations({**FILES, "elsewhere/x.yaml": definition("x") + "---\n" + definition("y")})
    assert [(f.rule, str(f.origin), str(f.severity)) for f in unassigned(loaded, TARGETS)] == [
        ("F11", "elsewhere/x.yaml", "warning"),
        ("F11", "orgs/acme/draft-b.yaml", "warning"),
    ]


def test_an_agent_that_lists_organizations_needs_no_pattern() -> None:
    assert unassigned(declarations({"agents/both.yaml": FILES["agents/both.yaml"]}), TARGETS) == ()


def test_an_organization_that_no_target_has_is_an_error_with_the_nearest_name() -> None:
    loaded = declarations({"orgs/acme/x.yaml": agent("x", "[acme, bta]")})
    [found] = unassigned(loaded, TARGETS)
    assert (found.rule, str(found.origin), found.advice) == (
        "F12",
        "orgs/acme/x.yaml:4:30",
        "did you mean `beta`?",
    )


def operator(name: str, organization: str = "") -> str:
    served = f", organization: {organization}" if organization else ""
    head = f"apiVersion: reconciler/v1alpha1\nkind: Operator\nmetadata: {{id: {name}}}\n"
    return f"{head}spec: {{cluster: eu-1{served}}}\n"


def store(name: str, organizations: str = "") -> str:
    listed = f", organizations: {organizations}" if organizations else ""
    return (
        f"apiVersion: reconciler/v1alpha1\nkind: SecretStore\nmetadata: {{id: {name}}}\n"
        f"spec: {{awssm: {{region: eu-central-1}}{listed}}}\n"
    )


def test_operators_and_secret_stores_go_where_their_organization_is() -> None:
    loaded = declarations(
        {
            "orgs/acme/a.yaml": operator("here"),
            "orgs/acme/b.yaml": operator("elsewhere", "beta"),
            "orgs/acme/c.yaml": store("mine"),
            "orgs/acme/d.yaml": store("both", "[acme, beta]"),
        }
    )
    acme, beta = select(loaded, ACME), select(loaded, BETA)
    assert [o.document.metadata.id for o in acme.operators] == ["here"]
    assert [o.document.metadata.id for o in beta.operators] == ["elsewhere"]
    assert [s.document.metadata.id for s in acme.secret_stores] == ["mine", "both"]
    assert [s.document.metadata.id for s in beta.secret_stores] == ["both"]


def test_an_operator_or_a_store_of_an_unknown_organization_is_an_error() -> None:
    loaded = declarations({"orgs/acme/a.yaml": operator("a", "acmee"), "x.yaml": store("b", "[betta]")})
    found = [finding for finding in unassigned(loaded, TARGETS) if finding.rule == "F12"]
    assert [(finding.origin.file, finding.advice) for finding in found] == [
        ("orgs/acme/a.yaml", "did you mean `acme`?"),
        ("x.yaml", "did you mean `beta`?"),
    ]


def test_a_store_of_no_organization_in_a_file_of_no_target_is_a_warning() -> None:
    loaded = declarations({"elsewhere/a.yaml": store("a"), "elsewhere/b.yaml": operator("b")})
    found = [finding.origin.file for finding in unassigned(loaded, TARGETS) if finding.rule == "F11"]
    assert found == ["elsewhere/a.yaml", "elsewhere/b.yaml"]
