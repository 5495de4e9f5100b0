"""What every v1 organization has from the start (v1 sections 4.4, 5.2 and 7)."""

from dataclasses import replace

from reconciler.emulator.exchange import Call
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
