"""Quantities are spelled as the API server spells them (Kubernetes API reference, Quantity)."""

import pytest

from reconciler.vendor.quantity import bytes_of, canonical


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.250", "250m"),
        ("0.025", "25m"),
        ("1", "1"),
        ("1.0", "1"),
        ("1000m", "1"),
        ("1500m", "1500m"),
        ("2000", "2k"),
        ("1e3", "1k"),
        ("100M", "100M"),
        ("64Mi", "64Mi"),
        ("1024Mi", "1Gi"),
        ("1.5Gi", "1536Mi"),
        ("512Ki", "512Ki"),
        ("0.5Ki", "512"),
        ("0", "0"),
        ("0Mi", "0"),
        ("100u", "100u"),
        ("5n", "5n"),
        ("0.0000000001", "1n"),
        ("8Ei", None),
        ("1e99", None),
        ("lots", None),
        ("-1", None),
        ("", None),
    ],
)
def test_a_quantity_is_spelled_as_the_server_spells_it(text: str, expected: str | None) -> None:
    assert canonical(text) == expected
    if expected is not None:
        assert canonical(expected) == expected


@pytest.mark.parametrize(("text", "amount"), [("1Ki", 1024), ("2e2", 200), ("1500m", 1.5)])
def test_amounts_are_exact(text: str, amount: float) -> None:
    found = bytes_of(text)
    assert found is not None
    assert found == type(found)(str(amount))
