"""Environments on their way out: destroyed at a moment of the emulator's clock."""

from reconciler.emulator.exchange import Call
from reconciler.emulator.v2.collections import ENVIRONMENTS


def drop_destroyed(call: Call) -> None:
    """Remove environments whose destroy deployment has ended by now."""
    for key, document in call.state.find(ENVIRONMENTS, "leaving", call.organization):
        if document["_gone_at"] <= call.now.timestamp():
            call.state.remove(ENVIRONMENTS, key)
