"""Problems that appear only when a plan is made: known failures, reported before anything is sent."""

from collections.abc import Mapping

AGENT_WITHOUT_KEY = "P01"
CRITERION_TAKEN = "P02"
BUILT_IN = "P03"
NO_CONNECTION = "P04"
KEY_WITHOUT_AGENT = "P05"
STILL_DECLARED = "P06"
CYCLE = "P07"
UNKNOWN_BUILT_IN = "P08"
CANNOT_INSTALL = "P09"

PROBLEMS: Mapping[str, str] = {
    AGENT_WITHOUT_KEY: "An agent can only be created together with its first public key, and no Key declares one.",
    CRITERION_TAKEN: "A criterion is held by another definition of the type; the server refuses a second one.",
    BUILT_IN: (
        "A built-in definition is declared. Built-in definitions are never adopted or deleted, and only their "
        "criteria are ever changed (`builtIn.disabled`)."
    ),
    NO_CONNECTION: "Something is declared for an API that the target has no connection to.",
    STILL_DECLARED: (
        "Something would be deleted that a file still declares; the file belongs to no target, or is not read because "
        "its name does not end in .yaml, .yml or .json."
    ),
    CYCLE: "Actions require each other, so there is no order for them; make the change in two steps.",
    UNKNOWN_BUILT_IN: "The settings list a definition under `builtIn.disabled` that is not built in or does not exist.",
    CANNOT_INSTALL: "An installation cannot be made as it is declared.",
    KEY_WITHOUT_AGENT: "A key belongs to an agent that is neither declared nor registered, or that would be deleted.",
}
"""Every problem and what it means. They are errors: nothing of such a plan is carried out."""
