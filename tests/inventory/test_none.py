import logging

import pytest

from reconciler.inventory.none import NoInventory
from tests.inventory.samples import owning


def test_nothing_is_kept_and_that_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    store = NoInventory("team")
    with caplog.at_level(logging.INFO, logger="reconciler"):
        store.write(owning("a"))
    assert caplog.messages == ["ownership is not recorded"]
    assert not store.read("acme").exists
