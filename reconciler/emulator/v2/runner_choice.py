"""The runner of an environment (v2 section 8.3): the most specific rule wins."""

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v2.collections import RUNNER_RULES
from reconciler.emulator.wire import Document


def choose_runner(call: Call, environment: Document) -> str:
    """The runner id of the best matching rule; 409 if there is none.

    Pairs are unique, so four look-ups from most to least specific are enough.
    """
    project, env_type = environment["project_id"], environment["env_type_id"]
    for pair in ((project, env_type), (project, ""), ("", env_type), ("", "")):
        for _, rule in call.state.find(RUNNER_RULES, "pair", call.organization, *pair):
            runner_id: str = rule["runner_id"]
            return runner_id
    raise ApiError(409, "no matching runner found for the supplied environment")
