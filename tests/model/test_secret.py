"""Digests in place of secrets."""

from reconciler.model.desired import digested
from reconciler.model.secret import Digester, Expression, Literal, Secret
from tests.building import agent, definition, state

SECRET = Secret("hunter2")


def test_digests_are_equal_for_equal_values_of_one_key_only() -> None:
    one, other = Digester(b"a"), Digester(b"b")
    assert one.digest(SECRET) == Digester(b"a").digest(Secret("hunter2"))
    assert one.digest(SECRET) != other.digest(SECRET)
    assert one.digest(SECRET) != one.digest(Secret("hunter3"))


def test_a_key_has_an_id_that_reveals_nothing_else() -> None:
    digester = Digester(b"the key itself")
    assert len(digester.key_id) == 12
    assert digester.key_id == Digester(b"the key itself").key_id != Digester(b"another").key_id
    assert "the key itself" not in repr(digester)


def test_without_a_key_there_are_no_digests_and_no_id() -> None:
    assert Digester(None).digest(SECRET) is None
    assert Digester(None).key_id == ""


def test_only_literals_get_digests() -> None:
    bare = definition("a", secrets={"/a": Literal(SECRET), "/b": Expression("${c}")})
    found = digested(state(bare, agent("x")), Digester(b"k"))
    assert dict(found.resources[bare.key].secrets) == {
        "/a": Literal(SECRET, Digester(b"k").digest(SECRET)),
        "/b": Expression("${c}"),
    }
    assert found.resources.keys() == state(bare, agent("x")).resources.keys()
