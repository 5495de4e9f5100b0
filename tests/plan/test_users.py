"""What deployments use of what a plan takes away."""

from reconciler.diff.change import CriteriaChange
from reconciler.model.active_resource import ActiveResource
from reconciler.model.kind import Kind
from reconciler.plan.action import Action, Verb
from reconciler.plan.users import users
from tests.cli import samples


def resource(environment_type: str) -> ActiveResource:
    return ActiveResource("db", "", "shop", "dev", environment_type, "main", "default", "postgres", "active")


USED = {"db": (resource("development"), resource("production"))}


def test_a_deleted_definition_names_everything_that_uses_it() -> None:
    gone = samples.pruned(samples.definition("db"))
    other = samples.pruned(samples.definition("unused"))
    actions = [Action(Verb.DELETE, change.key, change) for change in (gone, other)]
    assert users(actions, USED) == {gone.key: ("shop/dev/main",)}


def test_a_lost_criterion_names_only_what_it_matches() -> None:
    fields = {"env_type": "staging", "class": "default"}
    change = samples.updated(
        samples.definition("db"), criteria=CriteriaChange(removed={"env_type=staging": fields})
    )
    key = samples.key(Kind.CRITERION, "db[env_type=staging]")
    assert users([Action(Verb.DELETE, key, change)], USED) == {}
    assert users([Action(Verb.UPDATE, change.key, change)], USED) == {}
