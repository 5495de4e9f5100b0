"""Examples in docstrings."""

import doctest

import pytest

from reconciler.facts import file_mode
from reconciler.footprint import container, helm, kustomization, metadata, trust, yaml_text
from reconciler.vendor import quantity


@pytest.mark.parametrize(
    "module", [container, file_mode, helm, kustomization, metadata, quantity, trust, yaml_text]
)
def test_examples_in_docstrings_hold(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]  # a module, whose type pytest does not know
    assert result.failed == 0
    assert result.attempted > 0
