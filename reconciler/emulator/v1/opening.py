"""What every v1 organization has from the start (v1 sections 4.4, 5.2 and 7)."""

from dataclasses import replace

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.organization import ORGANIZATIONS
from reconciler.emulator.setting import Setting
from reconciler.emulator.v1.catalogue import plant_catalogue
from reconciler.emulator.v1.collections import OPENED
from reconciler.emulator.v1.definitions import create_definition
from reconciler.emulator.v1.identifiers import check_organization_id
from reconciler.emulator.v1.secret_stores import plant_built_in_store

_BUILT_IN = (
    ("base-env", "base-env", "humanitec/echo"),
    ("namespace", "k8s-namespace", "humanitec/template"),
    ("workload-res", "workload", "humanitec/template"),
    ("dns", "dns", "humanitec/newapp-io-dns"),
    ("ingress", "ingress", "humanitec/ingress"),
    ("tls-cert", "tls-cert", "humanitec/template"),
)
"""Definitions that `is_default` marks: the end of their id, their type and their driver (v1 section 4.4)."""


def open_at_first_use(call: Call, setting: Setting) -> None:
    """Make sure that the organization of a request has its built-in objects.

    404 for an organization that is not registered, when that matters. A transaction
    of its own: the request itself may only read.
    """
    if call.state.get(OPENED, call.organization):
        return
    if not setting.any_organization and call.state.get(ORGANIZATIONS, call.organization) is None:
        raise ApiError(404, f"organization {call.organization} not found")
    with setting.store.transaction() as state:
        open_organization(replace(call, state=state))


def open_organization(call: Call) -> None:
    """Give an organization its built-in objects, once; 404 for what is no id of one."""
    if call.state.get(OPENED, call.organization):
        return
    check_organization_id(call.organization)
    maker = replace(call, actor="humanitec")
    call.state.put(OPENED, (call.organization,), {"id": call.organization})
    plant_built_in_store(maker)
    plant_catalogue(maker)
    for suffix, resource_type, driver in _BUILT_IN:
        body = {
            "id": f"default-humanitec-{suffix}",
            "name": f"default-humanitec-{suffix}",
            "type": resource_type,
            "driver_type": driver,
            "criteria": [{}],
        }
        create_definition(maker, body, is_default=True)
