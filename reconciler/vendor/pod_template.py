"""Types and fields of a Kubernetes pod template: `PodTemplateSpec` and everything below it (Kubernetes API 1.37).

In `pod_template.json` a kind in brackets is a list, one in braces a map with values of that kind. Any
other kind is a type in the table or one of `SCALARS`. The table is a copy of the API reference; a field
of a later Kubernetes version is unknown until it is added.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

ROOT = "PodTemplateSpec"
SCALARS: Mapping[str, tuple[str, tuple[type, ...]]] = {
    "string": ("a string", (str,)),
    "bool": ("true or false", (bool,)),
    "int": ("a whole number", (int,)),
    "int-or-string": ("a whole number or a string", (int, str)),
    "quantity": ("a quantity, such as `512Mi`", (int, float, str)),
}
"""Kinds that are not types in the table: how messages name them, and the Python types of their values."""


@cache
def fields() -> Mapping[str, Mapping[str, str]]:
    """Kind of each field, by type and field name."""
    found: dict[str, dict[str, str]] = json.loads(
        files("reconciler.vendor").joinpath("pod_template.json").read_text("utf-8")
    )
    return found
