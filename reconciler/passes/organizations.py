"""Every organization as the key barrier sees it, also those that a pass did not read."""

from collections.abc import Mapping
from dataclasses import replace

from reconciler.errors import InventoryError
from reconciler.model.desired import desired_state
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.state import State
from reconciler.passes.begin import Pass
from reconciler.passes.evidence import agents_in
from reconciler.passes.look import Looked
from reconciler.passes.read import Reading
from reconciler.plan.barrier import Organization
from reconciler.source.selection import select


def organizations(
    asked: Pass, reading: Reading, looked: Looked, wanted: Mapping[TargetName, State]
) -> list[Organization]:
    """Every organization of the settings as the key barrier sees it, also those not read or not selected."""
    seen = {sight.name: sight for sight in looked.sights}
    withdraws = any(
        key.kind is Kind.KEY and key not in wanted[sight.name].resources
        for sight in looked.sights
        for key in sight.inventory.entries
    )
    # Of organizations that were not read only keys matter; building the rest would cost time.
    keys_alone = replace(reading.declarations, definitions=(), runners=())
    found = []
    for name, target in asked.settings.targets.items():
        target_name, place = TargetName(name), asked.place(TargetName(name))
        if target.orchestrator is None:
            continue
        sight = seen.get(target_name)
        if sight is None:
            desired = desired_state(select(keys_alone, target), place)
            entries = recorded(asked, target_name) if withdraws else frozenset[ResourceKey]()
        else:
            desired, entries = wanted[target_name], frozenset(sight.inventory.entries)
        agents = None if entries is None else frozenset(agents_in((*desired.resources, *entries)))
        found.append(
            Organization(
                place,
                desired,
                sight.look.state if sight is not None and Kind.KEY in sight.look.state.complete else None,
                agents,
                is_selected=name in asked.targets,
                recorded=frozenset(key.id for key in entries or () if key.kind is Kind.KEY),
            )
        )
    return found


def recorded(asked: Pass, target: TargetName) -> frozenset[ResourceKey] | None:
    """Keys in the record of a target that was not read; None if the record cannot be read."""
    try:
        return frozenset(asked.adapters.inventory.read(target).entries)
    except InventoryError:
        return None
