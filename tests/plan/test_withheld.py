"""Nothing is deleted in favour of a create that lacks a secret."""

from reconciler.model.secret import Handed
from reconciler.model.secret_source import EnvironmentVariable
from reconciler.plan.action import Verb
from reconciler.plan.withheld import withheld
from tests.building import definition, owning, state
from tests.plan.test_build import plan

MISSING = {"/password": Handed(EnvironmentVariable("DB_PASSWORD"), "DB_PASSWORD is not set")}


def test_what_would_be_deleted_to_free_its_criterion_is_kept() -> None:
    old, new = definition("old", "env_type=dev"), definition("new", "env_type=dev", secrets=MISSING)
    found = withheld(plan(state(new), state(old), owning(old)).actions)
    assert found.keys() == {(Verb.CREATE, new.key), (Verb.DELETE, old.key)}
    assert "DB_PASSWORD is not set" in found[Verb.DELETE, old.key]


def test_what_would_be_replaced_is_kept() -> None:
    old, new = definition("a"), definition("a", type_="dns", secrets=MISSING)
    found = withheld(plan(state(new), state(old), owning(old)).actions)
    assert found.keys() == {(Verb.CREATE, new.key), (Verb.DELETE, old.key)}


def test_other_deletes_are_not_affected() -> None:
    old, new, gone = definition("old"), definition("new", secrets=MISSING), definition("gone", type_="dns")
    found = withheld(plan(state(old, new), state(old, gone), owning(old, gone)).actions)
    assert found.keys() == {(Verb.CREATE, new.key)}
