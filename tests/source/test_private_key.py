"""Private keys in files: every form is found with its place, prose and public keys are not."""

import base64
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.source.private_key import MAX_PLACES, find_private_keys

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())


def pem(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: str = "PKCS8",
        passphrase: bytes | None = None) -> str:  # fmt: skip
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), encryption
    ).decode()


KEYS = {
    "ed25519": pem(ED25519),
    "pkcs8": pem(RSA),
    "pkcs1": pem(RSA, "TraditionalOpenSSL"),
    "sec1": pem(EC, "TraditionalOpenSSL"),
    "openssh": pem(ED25519, "OpenSSH"),
    "encrypted": pem(RSA, passphrase=b"secret"),
    "encrypted pkcs1": pem(RSA, "TraditionalOpenSSL", b"secret"),
}


def places(content: str | bytes) -> list[tuple[int, int, str]]:
    data = content.encode() if isinstance(content, str) else content
    return [(p.origin.line, p.origin.column, p.form) for p in find_private_keys(data, "f")]


@pytest.mark.parametrize("name", KEYS)
def test_each_kind_of_key_is_found_in_each_form(name: str) -> None:
    text = KEYS[name]
    indented = "key: |\n" + "".join(f"    {line}\n" for line in text.splitlines())
    assert places(text) == [(1, 1, "PEM")]
    assert places(text.replace("\n", "\r\n")) == [(1, 1, "PEM")]
    assert places(indented) == [(2, 5, "PEM")]
    assert places("a: 1\nkey: " + json.dumps(text)) == [(2, 7, "escaped")]
    assert places(json.dumps({"a": json.dumps({"key": text})})) == [(1, 20, "escaped")]
    assert places("k: " + base64.b64encode(text.encode()).decode()) == [(1, 4, "base64")]


@pytest.mark.parametrize("shift", range(6))
@pytest.mark.parametrize("width", [1, 5, 64, 76, 10_000])
def test_base64_is_found_at_every_offset_and_width(shift: int, width: int) -> None:
    encoded = base64.b64encode(b"\0" * shift + KEYS["pkcs8"].encode()).decode()
    lines = [encoded[i : i + width] for i in range(0, len(encoded), width)]
    text = "data:\n  key: |\n" + "".join(f"    {line}\n" for line in lines)
    [(line, column, form)] = places(text)
    assert form == "base64"
    # the first character that belongs to `-----BEGIN` alone
    first = shift // 3 * 4 + shift % 3 + (shift % 3 > 0)
    assert (line, column) == (3 + first // width, 5 + first % width)


def test_base64_of_an_escaped_key_is_found() -> None:
    config = json.dumps({"type": "service_account", "private_key": KEYS["pkcs8"]})
    assert [form for _, _, form in places(base64.b64encode(config.encode()))] == ["base64"]


def test_base64_with_escaped_line_breaks_is_found() -> None:
    encoded = base64.encodebytes(KEYS["pkcs1"].encode()).decode()
    assert places('{\n  "key": ' + json.dumps(encoded) + "}") == [(2, 11, "base64")]


def test_a_key_in_utf16_is_found() -> None:
    assert places(("x\n" + KEYS["ed25519"]).encode("utf-16")) == [(2, 1, "PEM")]


def test_pieces_joined_in_a_program_are_found() -> None:
    lines = " +\n  ".join(json.dumps(line + "\n") for line in KEYS["pkcs8"].splitlines())
    assert places(f"const key = {lines};") == [(1, 14, "escaped")]


def test_several_keys_are_found_in_order_and_bounded() -> None:
    two = f"# ä {KEYS['ed25519']}\n{KEYS['sec1']}"
    assert places(two) == [(1, 5, "PEM"), (5, 1, "PEM")]
    assert len(places(KEYS["ed25519"] * (MAX_PLACES + 20))) == MAX_PLACES


@pytest.mark.parametrize(
    "text",
    [
        "Never commit a -----BEGIN PRIVATE KEY----- block.",
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n<your key>\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n${context.values.key}\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\n{{ .Values.key }}\n-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
        "grep -q 'PRIVATE KEY-----' file",
        base64.b64encode(b"-----BEGIN PRIVATE KEY-----\n...").decode(),
        "LS0tLS1CRUdJTi",
    ],
)
def test_mentions_and_placeholders_are_no_keys(text: str) -> None:
    assert places(text) == []


def test_public_keys_and_certificates_are_no_private_keys() -> None:
    public = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert places(public) == []
    assert places(base64.b64encode(public)) == []
    assert places(base64.b64encode(public.replace(b"PUBLIC KEY", b"CERTIFICATE"))) == []


def test_no_place_carries_any_of_the_key() -> None:
    shown = repr(find_private_keys(KEYS["pkcs8"].encode(), "f"))
    assert not any(line in shown for line in KEYS["pkcs8"].splitlines())


@pytest.mark.parametrize(
    "unit",
    [
        b"-----BEGIN PRIVATE KEY-----",
        b"-----BEGIN ",
        b"PRIVATE KEY-----",
        b"-----BEGIN PRIVATE KEY-----\\n",
        b"LS0tLS1CRUdJTi",
        base64.b64encode(b"-----BEGIN PRIVATE KEY-----"),
        b"A ",
        b"\\\\\\\\",
        b"-",
        b"\n",
        b" \\n",
    ],
)
def test_a_megabyte_of_near_misses_is_searched_to_its_end(unit: bytes) -> None:
    """A search that is not linear would not come back; the key behind the noise shows that it was all read."""
    noise = unit * (1_000_000 // len(unit))
    assert find_private_keys(noise + b"\n" + KEYS["pkcs8"].encode(), "f")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(KEYS)), st.binary(max_size=60))
def test_a_key_is_found_in_any_surroundings(before: bytes, name: str, after: bytes) -> None:
    if before.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    assert find_private_keys(before + b"\n" + KEYS[name].encode() + after, "f")
