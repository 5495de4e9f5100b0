"""Results of passes as the core would return them, for the views. `CANARY` is wherever a secret may be."""

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.diff.change import (
    ABSENT,
    Change,
    CriteriaChange,
    Diff,
    FieldChange,
    Group,
    SecretDifference,
    Visibility,
)
from reconciler.errors import ExitCode
from reconciler.model.excerpt import Excerpt
from reconciler.model.finding import Finding, Severity, Silenced, Unknown
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.json import Json, JsonObject
from reconciler.model.kind import Kind
from reconciler.model.origin import Origin
from reconciler.model.place import organization
from reconciler.model.secret import Expression, Literal, Reference, Secret
from reconciler.model.state import Resource
from reconciler.passes.result import PassResult, Preview, Purpose, SourceInfo, TargetResult
from reconciler.plan.action import (
    Action,
    Outcome,
    Status,
    TargetPlan,
    Unexamined,
    Verb,
)
from reconciler.plan.refusal import Refusal

CANARY = "c4n4ry-of-a-secret"
TARGET = TargetName("acme")
STARTED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SOURCE = SourceInfo(
    location=".",
    revision="0123456789abcdef0123456789abcdef01234567",
    is_dirty=True,
    file_count=12,
    document_count=31,
)
FINGERPRINT = "7f8e9a" + "0" * 58


def key(kind: Kind, identifier: str) -> ResourceKey:
    return ResourceKey(organization("acme"), kind, identifier)


def definition(identifier: str, line: int = 1, **values: Json) -> Resource:
    document: JsonObject = {
        "name": identifier,
        "type": "postgres",
        "driver_type": "humanitec/template",
        "in_place_driver_change": False,
    }
    if values:
        document["values"] = values
    return Resource(
        key(Kind.DEFINITION, identifier), document, origin=Origin(f"orgs/acme/{identifier}.yaml", line, 1)
    )


def created(resource: Resource) -> Change:
    return Change(resource.key, Group.CREATION, desired=resource)


def updated(resource: Resource, *fields: FieldChange, criteria: CriteriaChange | None = None) -> Change:
    return Change(
        resource.key,
        Group.UPDATE,
        desired=resource,
        live=replace(resource, origin=None),
        fields=fields,
        criteria=criteria or CriteriaChange(),
    )


def pruned(resource: Resource) -> Change:
    return Change(resource.key, Group.PRUNE, live=replace(resource, origin=None))


def diff_of(*changes: Change) -> Diff:
    return Diff({change.key: change for change in sorted(changes, key=lambda change: change.key)})


def unchanged(number: int) -> list[Change]:
    found = [definition(f"same-{index:04}") for index in range(number)]
    return [Change(item.key, Group.UNCHANGED, desired=item, live=item) for item in found]


def many_changes(number: int) -> TargetPlan:
    changes = [
        updated(
            definition(f"database-{index:05}"),
            FieldChange(("values", "size"), f"small-{index}", f"large-{index}"),
        )
        for index in range(number)
    ]
    actions = tuple(Action(Verb.UPDATE, change.key, change) for change in changes)
    return TargetPlan(TARGET, "acme", diff_of(*changes), actions)


def rich_plan() -> TargetPlan:
    """One of everything that a plan can contain."""
    secret = Literal(Secret(CANARY))
    new = replace(
        definition("analytics-db", 7, host="db.internal", port=5432),
        secrets={
            "/password": secret,
            "/user": Expression("${resources.user.outputs.name}"),
            "/token": Reference("vault", "team/token"),
        },
        criteria={
            "env_type=development": {"env_type": "development", "class": "default"},
            "": {"class": "default"},
        },
        payload=Secret({"secrets": {"password": CANARY}}),
    )
    agent = Resource(
        key(Kind.AGENT, "eu-1"),
        {"description": "Agent of the EU cluster"},
        origin=Origin("orgs/acme/agent.yaml", 1, 1),
    )
    agent_key = Resource(
        key(Kind.KEY, f"eu-1/{FINGERPRINT}"),
        {"public_key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"},
        origin=Origin("orgs/acme/agent.yaml", 12, 1),
    )
    template = 'init: |\n  {{ $x := 1 }}\n  name: old\nmanifests: ""\n'
    resized = updated(
        definition("orders-db", 3),
        FieldChange(("values", "size"), "small", "large"),
        FieldChange(("values", "replicas"), ABSENT, 3),
        FieldChange(("values", "templates", "init"), template, template.replace("old", "new")),
        FieldChange(
            ("values", "connection"),
            "postgres://orders.internal.example.com:5432/orders?sslmode=require&application_name=orders",
            "postgres://orders.internal.example.com:5432/orders?sslmode=verify-full&application_name=orders",
        ),
        # A view must not rely on `diff` to empty hidden fields.
        FieldChange(("secrets", "password"), CANARY, CANARY, Visibility.HIDDEN, SecretDifference.CHANGED),
        criteria=CriteriaChange(
            added={"env_type=production": {"env_type": "production", "class": "default"}},
            removed={"env_type=staging": {"env_type": "staging", "class": "default"}},
        ),
    )
    storage = Resource(
        key(Kind.RUNNER, "eu-runner"), {"description": ""}, origin=Origin("orgs/acme/runner.yaml", 1, 1)
    )
    moved = updated(storage, FieldChange(("state_storage_configuration", "bucket"), "state-old", "state-new"))
    retyped = updated(definition("cache"), FieldChange(("type",), "redis", "valkey"))
    gone = pruned(definition("legacy-redis"))
    accounts = [
        updated(definition(f"account-{index:02}"), FieldChange(("driver_account",), "aws-old", "aws-new"))
        for index in range(14)
    ]
    foreign = definition("shared-dns", 4)
    contested = Change(
        foreign.key,
        Group.CONTESTED,
        desired=foreign,
        live=replace(foreign, origin=None),
        fields=(FieldChange(("name",), "Somebody's DNS", "shared-dns"),),
    )
    drifted = replace(
        updated(definition("logging"), FieldChange(("values", "level"), "debug", "info")), is_drift=True
    )
    kept = pruned(definition("archive"))
    adopted = [
        Change(item.key, Group.ADOPTION, desired=item, live=item)
        for item in (definition(f"adopted-{index}") for index in range(3))
    ]
    forgotten = Change(key(Kind.DEFINITION, "lost"), Group.FORGOTTEN)
    new_change, agent_change, key_change = created(new), created(agent), created(agent_key)
    actions = (
        Action(Verb.CREATE, agent.key, agent_change, carried=(key_change,)),
        Action(Verb.UPDATE, resized.key, resized),
        Action(Verb.DELETE, key(Kind.CRITERION, "orders-db[env_type=staging]"), resized),
        Action(
            Verb.CREATE,
            key(Kind.CRITERION, "orders-db[env_type=production]"),
            resized,
            requires=frozenset({(Verb.DELETE, key(Kind.CRITERION, "orders-db[env_type=staging]"))}),
        ),
        Action(Verb.CREATE, new.key, new_change),
        Action(Verb.UPDATE, moved.key, moved),
        Action(Verb.DELETE, retyped.key, retyped, reason="replaced"),
        Action(Verb.CREATE, retyped.key, retyped, reason="replaced"),
        Action(Verb.DELETE, gone.key, gone, reason="no longer declared"),
        *(Action(Verb.UPDATE, change.key, change) for change in accounts),
        *(
            Action(Verb.ADOPT, change.key, change, reason="equal, and not owned by anybody")
            for change in adopted
        ),
        Action(Verb.FORGET, forgotten.key, forgotten, reason="owned, and gone"),
    )
    changes = (
        new_change, agent_change, key_change, resized, moved, retyped, gone, *accounts, contested, drifted, kept,
        *adopted, forgotten, *unchanged(540),
    )  # fmt: skip
    return TargetPlan(
        TARGET,
        "acme",
        diff_of(*changes),
        actions,
        drift_reported=(drifted,),
        kept=(kept,),
        contested=(contested,),
        unexamined=(Unexamined("2 secret values", "no digest of what was last sent"),),
        counts={Kind.DEFINITION: (562, 561, 545), Kind.AGENT: (1, 0, 0), Kind.RUNNER: (1, 1, 1)},
    )


def target(plan: TargetPlan | None, *outcomes: Outcome) -> TargetResult:
    return TargetResult(
        TARGET,
        "acme",
        endpoints=("https://api.humanitec.io", "https://api.humanitec.dev"),
        plan=plan,
        outcomes=outcomes,
    )


UNKNOWN = (
    Unknown("R70", "the primary secret store of target acme is not known"),
    Unknown("R86", "the primary secret store of target acme is not known"),
)


def planned() -> PassResult:
    return PassResult(
        Purpose.PLAN,
        SOURCE,
        STARTED,
        unknown=UNKNOWN,
        rules_off=(("R71", "our Git host is reached through a proxy"),),
        findings=(
            Finding(
                "R56",
                Severity.WARNING,
                "the API server of cluster eu-1 is private and its definition names no agent",
                Origin("orgs/acme/cluster.yaml", 14, 7),
                advice="add `agent_url: ${resources.agent#agent.outputs.url}`",
            ),
        ),
        targets=(target(rich_plan()),),
        seconds=1.25,
        requests={"GET": 9},
    )


def empty() -> PassResult:
    plan = TargetPlan(TARGET, "acme", diff_of(*unchanged(540)), counts={Kind.DEFINITION: (540, 545, 540)})
    return PassResult(Purpose.PLAN, replace(SOURCE, is_dirty=False), STARTED, targets=(target(plan),))


def refused() -> PassResult:
    gone = [pruned(definition(f"gone-{index:02}")) for index in range(16)]
    keys = tuple(change.key for change in gone)
    plan = TargetPlan(
        TARGET,
        "acme",
        diff_of(*gone, *unchanged(4)),
        tuple(Action(Verb.DELETE, change.key, change, reason="no longer declared") for change in gone),
        refusals=(
            Refusal(
                "deletes",
                TARGET,
                "16 of 20 owned Definition objects would be deleted; safety.maxDelete (10% or 5) allows 5",
                keys,
            ),
        ),
        counts={Kind.DEFINITION: (4, 20, 20)},
    )
    return PassResult(Purpose.PLAN, SOURCE, STARTED, targets=(target(plan),))


def invalid() -> PassResult:
    return PassResult(
        Purpose.VALIDATE,
        SOURCE,
        STARTED,
        findings=(
            Finding(
                "R68",
                Severity.ERROR,
                "Definition/eu-cluster asks for GitOps mode and for agent eu-1; they exclude each other",
                Origin("orgs/acme/cluster.yaml", 9, 3),
                key=key(Kind.DEFINITION, "eu-cluster"),
                others=(Origin("orgs/acme/agent.yaml", 2, 1),),
                advice="use direct mode with the Agent, or GitOps without it",
            ),
            Finding("F02", Severity.WARNING, "the file is empty", Origin("orgs/acme/empty.yaml")),
        ),
        unknown=UNKNOWN[:1],
        silenced=(
            Silenced("R71", "its GitOps tool has one elsewhere", Origin("orgs/acme/cluster.yaml", 4, 28)),
        ),
        checked_only=(("Operator", 1), ("SecretStore", 2)),
        left_alone=(("Account", 1),),
        excerpts={
            Origin("orgs/acme/cluster.yaml", 9, 3): Excerpt("  driver_inputs: {values: {url: ***}}", 2)
        },
    )


def previewed() -> PassResult:
    change = updated(definition("orders-db", 3), FieldChange(("values", "size"), "small", "large"))
    own = TargetPlan(
        TARGET,
        "acme",
        diff_of(change, *unchanged(12)),
        (Action(Verb.UPDATE, change.key, change),),
        counts={Kind.DEFINITION: (13, 13, 13)},
    )
    there = invalid().findings[1]
    return replace(
        planned(),
        preview=Preview("origin/main", (own,), existing_count=5, withdrawn=("update Definition/old-db",)),
        findings=(*planned().findings, there),
        existing=frozenset((there,)),
    )


def applied() -> PassResult:
    plan = rich_plan()
    outcomes = [Outcome(action, Status.DONE, seconds=0.25) for action in plan.actions]
    return PassResult(
        Purpose.APPLY,
        SOURCE,
        STARTED,
        targets=(target(plan, *outcomes),),
        seconds=3.5,
        requests={"GET": 9, "POST": 4},
    )


def partial() -> PassResult:
    plan = rich_plan()
    words = {
        0: (Status.FAILED, "503: the server is busy", True),
        1: (Status.REFUSED, "400: `size` must be one of: small, medium", False),
        3: (Status.BLOCKED, "Criterion/orders-db[env_type=staging] was not deleted", False),
        4: (Status.UNKNOWN, "the connection broke after the request was sent", True),
    }
    outcomes = [
        Outcome(action, *words.get(index, (Status.DONE, "", False)), seconds=0.25)
        for index, action in enumerate(plan.actions)
    ]
    return PassResult(Purpose.APPLY, SOURCE, STARTED, targets=(target(plan, *outcomes),), seconds=3.5)


def interrupted() -> PassResult:
    plan = rich_plan()
    outcomes = [
        Outcome(
            action, Status.DONE if index < 2 else Status.SKIPPED, "" if index < 2 else "the run was stopped"
        )
        for index, action in enumerate(plan.actions)
    ]
    return PassResult(Purpose.APPLY, SOURCE, STARTED, targets=(target(plan, *outcomes),), stopped=True)


def unreadable() -> PassResult:
    down = TargetResult(
        TargetName("beta"),
        "beta",
        endpoints=("https://api.humanitec.io",),
        error="GET /orgs/beta/agents: 503 after 5 attempts",
        advice="try again later",
        is_transient=True,
    )
    plan = TargetPlan(TARGET, "acme", diff_of(*unchanged(3)), counts={Kind.DEFINITION: (3, 3, 3)})
    return PassResult(Purpose.PLAN, SOURCE, STARTED, targets=(target(plan), down))


def stale() -> PassResult:
    return PassResult(
        Purpose.APPLY,
        SOURCE,
        STARTED,
        changed=("the commit: 0123456789ab, now fedcba987654", "live: Definition/orders-db"),
        error_code=ExitCode.STALE,
    )


ALL = {
    "planned": planned,
    "empty": empty,
    "refused": refused,
    "invalid": invalid,
    "previewed": previewed,
    "applied": applied,
    "partial": partial,
    "interrupted": interrupted,
    "unreadable": unreadable,
    "stale": stale,
}


def many_unknown() -> tuple[Unknown, ...]:
    """Checks of thirty rules that miss the same cluster, and some with other reasons."""
    missed = [Unknown(f"R{number:02}", "cluster `eu-1` was not read") for number in range(30, 60)]
    own = [Unknown("R70", f"the store of target `t-{number:02}` is not known") for number in range(15)]
    return (*own, *missed)
