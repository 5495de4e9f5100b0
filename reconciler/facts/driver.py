"""Drivers of definitions: what virtual ones refer to, their class, and where they run (agent and operator 5)."""

from collections.abc import Iterator, Mapping

from reconciler.facts.definition import ORCHESTRATOR_TYPES, DeclaredDefinition
from reconciler.model.surroundings import Driver
from reconciler.vendor.driver import (
    CONTAINER_DRIVER,
    CONTAINER_RUNNERS,
    ECHO_DRIVER,
    TEMPLATE_DRIVER,
    TERRAFORM_DRIVER,
    DriverClass,
)

_HUMANITEC = "humanitec/"
_VIRTUAL = "driver://"
_OWN_CLUSTER = "custom-kubernetes"
_WITHOUT_KEY = (DriverClass.IN_OPERATOR, DriverClass.SELF_HOSTED)


def chain(driver_type: str, drivers: Mapping[str, Driver] | None) -> Iterator[str]:
    """The driver, the one it refers to, and so on to the last one known; ends at a loop.

    >>> list(chain("acme/db", {"acme/db": Driver("acme/db", "driver://humanitec/postgres")}))
    ['acme/db', 'humanitec/postgres']
    """
    seen: set[str] = set()
    name: str | None = driver_type
    while name is not None and name not in seen:
        seen.add(name)
        yield name
        driver = None if drivers is None else drivers.get(name)
        is_virtual = driver is not None and driver.target.startswith(_VIRTUAL)
        name = driver.target.removeprefix(_VIRTUAL).rstrip("/") if driver and is_virtual else None


def is_hosted(driver_type: str, drivers: Mapping[str, Driver] | None) -> bool | None:
    """Whether Humanitec runs the driver, after following virtual ones; None if that is not known.

    >>> is_hosted("humanitec/echo", None), is_hosted("acme/db", None)
    (True, None)
    """
    *_, last = chain(driver_type, drivers)
    if last.startswith(_HUMANITEC):
        return True
    driver = None if drivers is None else drivers.get(last)
    return None if driver is None or "://" not in driver.target else driver.target.startswith(_VIRTUAL)


def driver_classes(
    definition: DeclaredDefinition, drivers: Mapping[str, Driver] | None
) -> tuple[DriverClass, ...] | None:
    """Class of a definition's driver; a virtual one also with the class it refers to. None if not known."""
    first, *others = chain(definition.entity.driver_type, drivers)
    if others:
        last = _hosted_class(others[-1], definition)
        return (DriverClass.VIRTUAL,) if last is None else (DriverClass.VIRTUAL, last)
    found = _hosted_class(first, definition)
    if found is not None:
        return (found,)
    return (DriverClass.SELF_HOSTED,) if is_hosted(first, drivers) is False else None


def _hosted_class(driver_type: str, definition: DeclaredDefinition) -> DriverClass | None:
    if driver_type in (ECHO_DRIVER, TEMPLATE_DRIVER):
        return DriverClass.IN_OPERATOR
    if driver_type == CONTAINER_DRIVER:
        return DriverClass.CONTAINER
    if driver_type in CONTAINER_RUNNERS:
        return DriverClass.CONTAINER_RUNNER
    if driver_type == TERRAFORM_DRIVER:
        is_own = definition.input("values", "runner_mode") == _OWN_CLUSTER
        return DriverClass.TERRAFORM_OWN_CLUSTER if is_own else DriverClass.TERRAFORM
    return DriverClass.HOSTED if driver_type.startswith(_HUMANITEC) else None


def needs_key(definition: DeclaredDefinition, drivers: Mapping[str, Driver] | None) -> bool | None:
    """Whether the Operator calls the definition's driver with its key; None if the driver is not known."""
    if definition.entity.type in ORCHESTRATOR_TYPES:
        return False
    classes = driver_classes(definition, drivers)
    return None if classes is None else classes[-1] not in _WITHOUT_KEY
