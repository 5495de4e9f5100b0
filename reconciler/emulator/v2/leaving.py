"""Environments being deleted: destroyed at a given time of the emulator's clock."""

from reconciler.emulator.exchange import Call
from reconciler.emulator.v2.collections import ENVIRONMENTS, MODULE_RULES


def drop_destroyed(call: Call) -> None:
    """Remove environments whose destroy deployment has ended by now.

    Module rules created for one in the meantime are deleted with it.
    """
    for key, document in call.state.find(ENVIRONMENTS, "leaving", call.organization):
        if document["_gone_at"] > call.now.timestamp():
            continue
        for rule, _ in call.state.find(MODULE_RULES, "env", *key):
            call.state.remove(MODULE_RULES, rule)
        call.state.remove(ENVIRONMENTS, key)
