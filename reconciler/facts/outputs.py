"""Outputs of a definition, as far as they follow from its inputs: Echo passes them on, Template computes text."""

from dataclasses import dataclass

from reconciler.facts.asking import Member
from reconciler.facts.definition import dig
from reconciler.facts.template import Templates
from reconciler.model.json import Json, Path, steps
from reconciler.vendor.driver import ECHO_DRIVER, TEMPLATE_DRIVER

_ENTITY_INPUTS = "driver_inputs"


@dataclass(frozen=True, slots=True)
class Outputs:
    """Names of plain and of secret outputs; `is_open`: there may be more. `values` has the known plain ones.

    `path` is the path of the plain outputs below `entity`.
    """

    plain: frozenset[str]
    secret: frozenset[str]
    is_open: bool
    values: Json
    path: Path


def outputs_of(member: Member, reader: Templates) -> Outputs | None:
    """Outputs of a definition, None if its driver creates them."""
    values, secrets = _inputs(member)
    if member.driver == ECHO_DRIVER:
        secret = frozenset(secrets)
        return Outputs(_names(values), secret, False, values, (_ENTITY_INPUTS, "values"))  # noqa: FBT003  by order of the fields
    if member.driver != TEMPLATE_DRIVER:
        return None
    templates = dig(values, "templates")
    plain, is_plain_open, known = _read(dig(templates, "outputs"), reader)
    secret, is_secret_open, _ = _read(dig(templates, "secrets"), reader)
    path = (_ENTITY_INPUTS, "values", "templates", "outputs")
    return Outputs(plain, secret, is_plain_open or is_secret_open, known, path)


def _inputs(member: Member) -> tuple[Json, list[str]]:
    if member.declared is not None:
        secrets = [
            name
            for block in ("secrets", "secret_refs")
            if isinstance(held := member.declared.input(block), dict)
            for name in held
        ]
        return member.declared.input("values"), secrets
    if member.live is None:
        return None, []
    return member.live.document.get("values"), [steps(place)[0] for place in member.live.secrets]


def _names(value: Json) -> frozenset[str]:
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _read(template: Json, reader: Templates) -> tuple[frozenset[str], bool, Json]:
    """Names in a template, whether there may be others, and the values that are known."""
    if not isinstance(template, str):
        return _names(template), False, template
    text = reader.read(template)
    return text.names, text.is_open, text.values
