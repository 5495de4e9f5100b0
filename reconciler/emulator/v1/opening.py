"""What every v1 organization has from the start (v1 sections 4.4, 5.2 and 7)."""

from dataclasses import replace

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import HOW_TO_REGISTER, ORGANIZATIONS
from reconciler.emulator.setting import Setting
from reconciler.emulator.v1.catalogue import EDITION, plant_catalogue
from reconciler.emulator.v1.collections import OPENED
from reconciler.emulator.v1.definitions import create_definition
from reconciler.emulator.v1.identifiers import check_organization_id
from reconciler.emulator.v1.secret_stores import plant_built_in_store
from reconciler.emulator.wire import Document

_BUILT_IN = (
    ("base-env", "base-env", "humanitec/echo"),
    ("namespace", "k8s-namespace", "humanitec/template"),
    ("workload-res", "workload", "humanitec/template"),
    ("dns", "dns", "humanitec/newapp-io-dns"),
    ("ingress", "ingress", "humanitec/ingress"),
    ("tls-cert", "tls-cert", "humanitec/template"),
)
"""Definitions marked by `is_default`: the end of their id, their type and their driver (v1 section 4.4)."""


def open_at_first_use(call: Call, setting: Setting) -> None:
    """Make sure that the organization of a request has its built-in objects.

    404 for an unregistered organization, unless it was opened before or any organization is
    accepted. Uses a separate transaction, because the request itself may only read.
    """
    before = call.state.get(OPENED, call.organization)
    if before == _opened(call):
        return
    is_known = before or setting.any_organization or call.state.get(ORGANIZATIONS, call.organization)
    if not is_known:
        raise ApiError(404, f"organization {call.organization} not found; {HOW_TO_REGISTER}")
    with setting.store.transaction() as state:
        open_organization(replace(call, state=state))


def open_organization(call: Call) -> None:
    """Create an organization's built-in objects, once; 404 for an invalid organization id.

    Missing types and drivers are added if the state file was written with fewer of them.
    """
    before, after = call.state.get(OPENED, call.organization), _opened(call)
    if before == after:
        return
    check_organization_id(call.organization)
    maker = replace(call, actor="humanitec")
    call.state.put(OPENED, (call.organization,), after)
    plant_catalogue(maker, call.choices.resource_types)
    if before is not None:
        return
    plant_built_in_store(maker)
    for suffix, resource_type, driver in _BUILT_IN:
        body = {
            "id": f"default-humanitec-{suffix}",
            "name": f"default-humanitec-{suffix}",
            "type": resource_type,
            "driver_type": driver,
            "criteria": [{}],
        }
        create_definition(maker, body, is_default=True)


def _opened(call: Call) -> Document:
    return {
        "id": call.organization,
        "catalogue": EDITION,
        "resource_types": list(call.choices.resource_types),
    }
