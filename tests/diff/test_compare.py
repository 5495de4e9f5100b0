"""Which group a key falls into, and which fields differ."""

from dataclasses import replace

import pytest

from reconciler.diff.change import Group, SecretDifference, Visibility
from reconciler.diff.compare import compare, criteria_digest, leaves_digest
from reconciler.diff.fields import literal_digests
from reconciler.model.json import digest
from reconciler.model.kind import Kind
from reconciler.model.record import Inventory, Ownership, Phase
from reconciler.model.secret import (
    Digest,
    Digester,
    Expression,
    Literal,
    Reference,
    Secret,
    SecretLeaf,
    Unreadable,
)
from reconciler.model.state import Resource
from tests.building import ALL_KINDS, agent, agent_key, definition, owning, runner, state

KEY = Digester(b"digest key")
FOREIGN_WRITE = SecretDifference.FOREIGN_WRITE
NOT_COMPARABLE = SecretDifference.NOT_COMPARABLE


def literal(value: str, digester: Digester = KEY) -> Literal:
    secret = Secret(value)
    return Literal(secret, digester.digest(secret))


def literal_digest(leaf: Literal) -> Digest:
    assert leaf.digest is not None
    return leaf.digest


def group_of(desired: Resource | None, live: Resource | None, inventory: Inventory) -> Group:
    sides = [state(*([side] if side else [])) for side in (desired, live)]
    (change,) = compare(sides[0], sides[1], inventory).changes.values()
    return change.group


A = definition("a", "env_type=dev")
B = definition("a", "env_type=dev", name="other")
NOBODY = owning()


@pytest.mark.parametrize(
    ("desired", "live", "inventory", "expected"),
    [
        pytest.param(A, None, NOBODY, Group.CREATION, id="only desired"),
        pytest.param(A, A, NOBODY, Group.ADOPTION, id="equal, unowned"),
        pytest.param(A, B, NOBODY, Group.CONTESTED, id="different, unowned"),
        pytest.param(A, A, owning(A), Group.UNCHANGED, id="equal, owned"),
        pytest.param(A, B, owning(A), Group.UPDATE, id="different, owned"),
        pytest.param(None, A, owning(A), Group.PRUNE, id="owned, not desired"),
        pytest.param(None, A, NOBODY, Group.UNMANAGED, id="unowned, not desired"),
        pytest.param(None, None, owning(A), Group.FORGOTTEN, id="owned, gone"),
        pytest.param(A, replace(A, is_built_in=True), owning(A), Group.CONTESTED, id="built in, desired"),
        pytest.param(
            None, replace(A, is_built_in=True), owning(A), Group.UNMANAGED, id="built in, owned by mistake"
        ),
        pytest.param(A, A, owning(A, phase=Phase.PENDING), Group.ADOPTION, id="pending, equal"),
        pytest.param(A, B, owning(A, phase=Phase.PENDING), Group.CONTESTED, id="pending, unmanaged"),
        pytest.param(
            B, A, owning(A, phase=Phase.PENDING), Group.UPDATE, id="pending, managed, file changed since"
        ),
        pytest.param(
            None, B, owning(A, phase=Phase.PENDING), Group.FORGOTTEN, id="pending, taken by another"
        ),
    ],
)
def test_every_key_falls_into_one_group(
    desired: Resource | None, live: Resource | None, inventory: Inventory, expected: Group
) -> None:
    assert group_of(desired, live, inventory) is expected


def test_kinds_that_were_not_read_to_the_end_are_left_out() -> None:
    """An error is not evidence of absence (design decision 4.1)."""
    live = state(complete=ALL_KINDS - {Kind.DEFINITION})
    diff = compare(state(A, agent("x")), live, owning(A))
    assert [change.key.kind for change in diff.changes.values()] == [Kind.AGENT]


def test_types_of_values_are_distinguished() -> None:
    """The server echoes 5432 and "5432" as sent (v1 reference 4.3)."""
    one, two = definition("a", values={"port": 5432}), definition("a", values={"port": "5432"})
    assert group_of(one, two, owning(two)) is Group.UPDATE
    yes, number = definition("a", values={"on": True}), definition("a", values={"on": 1})
    assert group_of(yes, number, owning(number)) is Group.UPDATE


def test_unmanaged_criteria_are_not_compared() -> None:
    desired = definition("a", manages_criteria=False)
    live = definition("a", "env_type=dev")
    assert group_of(desired, live, owning(live)) is Group.UNCHANGED


def test_an_empty_list_of_criteria_removes_all() -> None:
    change = compare(state(definition("a")), state(A), owning(A)).changes[A.key]
    assert list(change.criteria.removed) == ["env_type=dev"]


def test_the_pem_text_of_keys_is_never_compared() -> None:
    """Two spellings of one key have one fingerprint, which is the id (v1 reference 3.2)."""
    one = agent_key("eu", "ff")
    other = replace(one, document={"public_key": "same key, other wrapping"})
    assert group_of(one, other, owning(one)) is Group.UNCHANGED


def secret_case(
    wanted: object, present: object, remembered: Ownership | None
) -> tuple[Group, tuple[str, ...]]:
    desired = definition("a", secrets={"/token": wanted})  # type: ignore[dict-item]  # rows of a table
    live = definition("a", secrets={"/token": present} if present is not None else {})  # type: ignore[dict-item]
    inventory = Inventory("test", "acme", {remembered.key: remembered} if remembered else {})
    change = compare(state(desired), state(live), inventory).changes[desired.key]
    assert all(
        f.visibility is Visibility.SHOWN or repr(f.before) == repr(f.after) == "absent" for f in change.fields
    )
    return change.group, tuple(f.note for f in change.fields)


LITERAL = literal("hunter2")
WRITTEN = Reference("humanitec", "orgs/acme/…/token/.value", "1")
REWRITTEN = replace(WRITTEN, version="2")
SENT = Ownership(
    A.key,
    applied=digest(definition("a").document),
    secrets={"/token": literal_digest(LITERAL)},
    references={"/token": str(WRITTEN)},
)


@pytest.mark.parametrize(
    ("wanted", "present", "remembered", "expected"),
    [
        pytest.param(LITERAL, WRITTEN, SENT, (Group.UNCHANGED, ()), id="as last sent"),
        pytest.param(LITERAL, REWRITTEN, SENT, (Group.UPDATE, (FOREIGN_WRITE,)), id="rewritten by somebody"),
        pytest.param(literal("new"), WRITTEN, SENT, (Group.UPDATE, ("changed",)), id="changed in the file"),
        pytest.param(LITERAL, None, SENT, (Group.UPDATE, ("set",)), id="removed by somebody"),
        pytest.param(LITERAL, WRITTEN, None, (Group.CONTESTED, (NOT_COMPARABLE,)), id="unowned"),
        pytest.param(
            LITERAL,
            WRITTEN,
            replace(SENT, phase=Phase.PENDING),
            (Group.UPDATE, (FOREIGN_WRITE,)),
            id="pending",
        ),
        pytest.param(
            Expression("${a}"), Expression("${a}"), SENT, (Group.UNCHANGED, ()), id="same placeholder"
        ),
        pytest.param(
            Expression("${a}"), Expression("${b}"), SENT, (Group.UPDATE, ("",)), id="other placeholder"
        ),
        pytest.param(
            Reference("s", "r"),
            Reference("s", "r", "7"),
            SENT,
            (Group.UNCHANGED, ()),
            id="any version accepted",
        ),
        pytest.param(
            Reference("s", "r"), Reference("s", "q"), SENT, (Group.UPDATE, ("",)), id="other reference"
        ),
        pytest.param(literal("x ${a}"), Expression("x ${a}"), SENT, (Group.UNCHANGED, ()), id="mixed text"),
    ],
)
def test_secret_positions(
    wanted: object, present: object, remembered: Ownership | None, expected: tuple[Group, tuple[str, ...]]
) -> None:
    assert secret_case(wanted, present, remembered) == expected


def test_a_secret_that_is_gone_from_the_file_is_removed() -> None:
    live = definition("a", secrets={"/token": WRITTEN})
    change = compare(state(definition("a")), state(live), owning(live)).changes[live.key]
    assert [(f.visibility, f.note) for f in change.fields] == [(Visibility.HIDDEN, "removed")]


def test_without_a_digest_key_secrets_cannot_be_compared_and_change_nothing() -> None:
    desired = definition("a", secrets={"/token": literal("hunter2", Digester(None))})
    live = definition("a", secrets={"/token": WRITTEN})
    change = compare(state(desired), state(live), owning(live)).changes[live.key]
    assert change.group is Group.UNCHANGED
    assert [f.note for f in change.fields] == [NOT_COMPARABLE]


def test_runner_credentials_are_compared_by_digest_alone() -> None:
    """The API shows only that they are set (v2 reference 5.6)."""
    pointer = "/cluster/auth/client_key_data"
    desired = replace(runner("r"), secrets={pointer: LITERAL})
    live = replace(runner("r"), secrets={pointer: Unreadable()})
    entry = Ownership(
        live.key,
        applied=digest(live.document),
        secrets={pointer: literal_digest(LITERAL)},
        references={pointer: ""},
    )
    inventory = Inventory("test", "acme", {live.key: entry})
    assert compare(state(desired), state(live), inventory).changes[live.key].group is Group.UNCHANGED


@pytest.mark.parametrize(
    ("desired", "expected"),
    [
        pytest.param(A, True, id="file as applied, live changed"),
        pytest.param(definition("a", "env_type=dev", name="new"), False, id="file changed too"),
    ],
)
def test_drift_is_a_change_of_live_alone(desired: Resource, expected: bool) -> None:  # noqa: FBT001  a table's column
    change = compare(state(desired), state(B), owning(A)).changes[A.key]
    assert (change.group, change.is_drift) == (Group.UPDATE, expected)


@pytest.mark.parametrize(
    ("before", "after", "live", "expected"),
    [
        pytest.param(
            Expression("${a}"), Expression("${b}"), Expression("${a}"), False, id="placeholder changed in Git"
        ),
        pytest.param(
            Expression("${a}"), Expression("${a}"), Expression("${b}"), True, id="placeholder changed live"
        ),
        pytest.param(
            Reference("s", "r"),
            Reference("s", "q"),
            Reference("s", "r"),
            False,
            id="reference changed in Git",
        ),
        pytest.param(None, LITERAL, None, False, id="literal new in Git"),
        pytest.param(LITERAL, None, WRITTEN, False, id="literal removed in Git"),
        pytest.param(Expression("${a}"), None, Expression("${a}"), False, id="placeholder removed in Git"),
        pytest.param(None, None, Reference("s", "r"), True, id="reference added live"),
        pytest.param(LITERAL, LITERAL, None, True, id="literal removed live"),
    ],
)
def test_drift_of_secret_positions_is_distinguished_from_changes_in_git(
    before: SecretLeaf | None,
    after: SecretLeaf | None,
    live: SecretLeaf | None,
    expected: bool,  # noqa: FBT001
) -> None:
    def with_leaf(leaf: SecretLeaf | None) -> Resource:
        return definition("a", secrets={"/token": leaf} if leaf is not None else {})

    applied = with_leaf(before)
    entry = Ownership(
        applied.key,
        applied=digest(applied.document),
        leaves=leaves_digest(applied),
        secrets=literal_digests(applied),
        references={"/token": str(WRITTEN)},
    )
    inventory = Inventory("test", "acme", {entry.key: entry})
    change = compare(state(with_leaf(after)), state(with_leaf(live)), inventory).changes[entry.key]
    assert (change.group, change.is_drift) == (Group.UPDATE, expected)


def test_a_runner_written_by_somebody_else_gets_its_credentials_again() -> None:
    """Its time stamp has changed; whether its credentials are still those last sent cannot be read."""
    pointer = "/cluster/auth/client_key_data"
    desired = replace(runner("r"), secrets={pointer: LITERAL})
    live = replace(runner("r"), secrets={pointer: Unreadable()}, updated_at="2026-02-02T00:00:00Z")
    entry = Ownership(
        live.key,
        applied=digest(live.document),
        secrets={pointer: literal_digest(LITERAL)},
        references={pointer: ""},
        observed_at="2026-01-01T00:00:00Z",
    )
    change = compare(state(desired), state(live), Inventory("t", "a", {live.key: entry})).changes[live.key]
    assert (change.group, change.is_drift, [f.note for f in change.fields]) == (
        Group.UPDATE,
        True,
        [FOREIGN_WRITE],
    )


@pytest.mark.parametrize(
    ("desired", "phase", "expected"),
    [
        pytest.param(A, Phase.OWNED, (True, True), id="file as applied"),
        pytest.param(
            definition("a", "env_type=dev", name="new"), Phase.OWNED, (True, False), id="file changed"
        ),
        pytest.param(definition("a", "env_type=qa"), Phase.OWNED, (True, False), id="criteria changed"),
        pytest.param(
            definition("a", "env_type=dev", secrets={"/p": LITERAL}),
            Phase.OWNED,
            (True, False),
            id="new secret",
        ),
        pytest.param(A, Phase.PENDING, (False, False), id="never seen live"),
        pytest.param(A, None, (False, False), id="new"),
    ],
)
def test_an_object_deleted_by_somebody_else_is_drift_if_the_file_did_not_change(
    desired: Resource, phase: Phase | None, expected: tuple[bool, bool]
) -> None:
    entry = Ownership(A.key, phase or Phase.OWNED, applied=digest(A.document), criteria=criteria_digest(A))
    inventory = Inventory("test", "acme", {A.key: entry} if phase else {})
    change = compare(state(desired), state(), inventory).changes[A.key]
    assert (change.group, change.is_lost, change.is_drift) == (Group.CREATION, *expected)
