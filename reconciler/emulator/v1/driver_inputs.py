"""Inputs of a definition against the schema of its driver (v1 sections 4.3 and 7.2).

The schema describes an object with the members `values` and `secrets`. Secrets are
checked as they were sent; one that is only a reference matches everything.
"""

from itertools import islice
from typing import Any

from reconciler.emulator.exchange import Call
from reconciler.emulator.failure import ApiError
from reconciler.emulator.v1.collections import DRIVERS
from reconciler.emulator.v1.input_schema import UNKNOWN, problems
from reconciler.emulator.wire import Document

_SHOWN = 10
"""Maximum number of problems named in one refusal."""


def check_inputs(call: Call, driver_type: str, inputs: Document, sent: Document) -> None:
    """Refuse `inputs` to be stored that violate the driver's schema: 400 with all places.

    `sent` is the `driver_inputs` of the request, whose plain `secrets` are no longer in
    `inputs`. An unknown driver has no schema.
    """
    driver = call.state.get(DRIVERS, call.organization, *driver_type.split("/", 1))
    if driver is None or not driver["inputs_schema"]:
        return
    schema = driver["inputs_schema"]
    plain = sent.get("secrets")
    whole = {
        "values": inputs.get("values", {}),
        "secrets": _described(inputs.get("secret_refs", {}), plain if isinstance(plain, dict) else {}),
    }
    named = {*schema.get("properties", {}), *schema.get("required", [])}
    # Empty and absent are the same state (v1 section 4.3), so a missing part counts as empty.
    found = {name: part for name, part in whole.items() if part or name in named}
    wrong = list(islice(problems(found, schema, "driver_inputs"), _SHOWN))
    if wrong:
        raise ApiError(
            400,
            f"driver_inputs do not fit driver {driver_type}: {'; '.join(wrong)}",
            details={"field": "driver_inputs", "problems": wrong},
        )


def _described(references: Any, plain: Any) -> Any:
    """Secrets in the shape of `references`, with plain values where they were sent."""
    if isinstance(references, list):
        texts = plain if isinstance(plain, list) else []
        return [
            _described(item, texts[number] if number < len(texts) else None)
            for number, item in enumerate(references)
        ]
    if not isinstance(references, dict):
        return UNKNOWN
    if isinstance(references.get("ref"), str) or isinstance(references.get("value"), str):
        return UNKNOWN if plain is None else plain
    named = plain if isinstance(plain, dict) else {}
    return {name: _described(value, named.get(name)) for name, value in references.items()}
