"""Programs on this machine that a declared delivery needs."""

import re

from reconciler.diagnosis.check import Check, ok, problem
from reconciler.vendor.version import is_older

HELM = "3.8.0"
"""First version that reads charts from OCI registries without a switch (the vendor's installation guide)."""
_VERSION = re.compile(r"v?(\d+\.\d+\.\d+)")


def helm_check(output: str | None) -> Check:
    """Whether the installed Helm can install the charts; `output` is that of `helm version`, None without Helm."""
    advice = f"Install Helm {HELM} or newer, where the command of the delivery `helm` is run."
    if output is None:
        return problem("helm", "helm is not installed, and a declared delivery is `helm`", advice)
    found = _VERSION.search(output)
    if found is None:
        return problem("helm", "helm does not say its version", advice)
    if is_older(found[1], HELM):
        return problem("helm", f"helm {found[1]} does not read charts from OCI registries", advice)
    return ok("helm", f"helm {found[1]}")
