"""Private keys in files: every form is found with its place; prose and public keys are not."""

import base64
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import CertificateBuilder, Name, random_serial_number
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.source.private_key import MAX_PLACES, find_private_keys

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
NOBODY = Name([])
CERTIFICATE = (
    CertificateBuilder(NOBODY, NOBODY, RSA.public_key(), random_serial_number())
    .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
    .not_valid_after(datetime(2027, 1, 1, tzinfo=UTC))
    .sign(RSA, SHA256())
)


def pem(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: str = "PKCS8",
        passphrase: bytes | None = None) -> str:  # fmt: skip
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, form), encryption
    ).decode()


def der(
    key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: str = "PKCS8"
) -> bytes:
    return key.private_bytes(
        serialization.Encoding.DER,
        getattr(serialization.PrivateFormat, form),
        serialization.NoEncryption(),
    )


def jwk(**members: str) -> dict[str, str]:
    return {"kty": "RSA", "n": number(RSA.public_key().public_numbers().n), "e": "AQAB", **members}


def number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


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


def test_several_keys_are_found_in_order_up_to_a_limit() -> None:
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
def test_mentions_and_placeholders_are_not_reported(text: str) -> None:
    assert places(text) == []


def test_public_keys_and_certificates_are_not_reported() -> None:
    public = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert places(public) == []
    assert places(base64.b64encode(public)) == []
    assert places(base64.b64encode(public.replace(b"PUBLIC KEY", b"CERTIFICATE"))) == []
    for key in (RSA.public_key(), EC.public_key(), ED25519.public_key()):
        body = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        assert places(body) == []
        assert places(base64.b64encode(body)) == []
    for encoding in (serialization.Encoding.PEM, serialization.Encoding.DER):
        assert places(CERTIFICATE.public_bytes(encoding)) == []
        assert places(base64.b64encode(CERTIFICATE.public_bytes(encoding))) == []


DER = {
    "ed25519": der(ED25519),
    "pkcs8": der(RSA),
    "pkcs1": der(RSA, "TraditionalOpenSSL"),
    "ec pkcs8": der(EC),
    "sec1": der(EC, "TraditionalOpenSSL"),
    "p-521": der(ec.generate_private_key(ec.SECP521R1())),
    "rsa 4096": der(rsa.generate_private_key(public_exponent=65537, key_size=4096)),
}
PRIVATE_JWK = jwk(d=number(RSA.private_numbers().d))
D = PRIVATE_JWK["d"]


@pytest.mark.parametrize("name", DER)
def test_keys_without_a_label_are_found(name: str) -> None:
    """Programs and consoles issue keys as bytes, or as base64 of the bytes alone."""
    text = DER[name]
    wrapped = base64.encodebytes(text).decode()
    assert [form for _, _, form in places(text)] == ["DER"]
    assert [form for _, _, form in places(b"\0\1 before " + text + b" after")] == ["DER"]
    assert places("key: " + base64.b64encode(text).decode()) == [(1, 6, "base64")]
    assert places(json.dumps({"private": wrapped})) == [(1, 14, "base64")]
    assert places("key: |\n" + "".join(f"  {line}\n" for line in wrapped.splitlines())) == [(2, 3, "base64")]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(PRIVATE_JWK), id="JSON"),
        pytest.param(json.dumps({"d": D, "key_ops": ["sign"], "kty": "RSA"}), id="in another order"),
        pytest.param(json.dumps({"keys": [jwk(), PRIVATE_JWK]}), id="among public ones"),
        pytest.param(json.dumps({"jwk": json.dumps(PRIVATE_JWK)}), id="JSON in JSON"),
        pytest.param(f"key:\n  kty: RSA\n  n: {PRIVATE_JWK['n']}\n  d: {D}\n", id="YAML"),
        pytest.param(json.dumps({"kty": "OKP", "crv": "Ed25519", "d": D[:43], "x": D[43:86]}), id="Ed25519"),
    ],
)
def test_private_json_web_keys_are_found(text: str) -> None:
    assert [form for _, _, form in places(text)] == ["JWK"]
    assert [form for _, _, form in places("k: " + base64.b64encode(text.encode()).decode())] == ["base64"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps(jwk()), id="public"),
        pytest.param(json.dumps({"keys": [jwk(), jwk()], "d": "2026-01-01"}), id="public set"),
        pytest.param(json.dumps({"kty": "RSA", "d": "<the private exponent>"}), id="placeholder"),
        pytest.param(json.dumps([jwk(), {"d": "0" * 40}]), id="a member of another object"),
        pytest.param('A JWK has "kty" and, if private, "d": a text in base64.', id="prose"),
        pytest.param(json.dumps({"kty": "oct", "d": D}), id="not a key pair"),
    ],
)
def test_public_json_web_keys_are_not_reported(text: str) -> None:
    assert places(text) == []
    assert places(base64.b64encode(text.encode())) == []


def test_key_bags_are_found_and_trust_stores_are_not() -> None:
    password = serialization.BestAvailableEncryption(b"secret")
    store = pkcs12.serialize_key_and_certificates(b"a", RSA, None, None, password)
    plain = pkcs12.serialize_key_and_certificates(b"a", RSA, None, None, serialization.NoEncryption())
    trusted = pkcs12.serialize_key_and_certificates(
        b"a", None, CERTIFICATE, None, serialization.NoEncryption()
    )
    assert [form for _, _, form in places(store)] == ["PKCS#12"]
    assert places(plain)
    assert [form for _, _, form in places(base64.encodebytes(store))] == ["base64"]
    assert places(trusted) == []


@pytest.mark.parametrize(
    ("text", "form"),
    [
        pytest.param(
            "-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: GnuPG v2\nComment: of nobody\n\n{body}",
            "PEM",
            id="PGP",
        ),
        pytest.param("---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nComment: x\n{body}", "PEM", id="SSH2"),
        pytest.param(
            "PuTTY-User-Key-File-3: ssh-rsa\nEncryption: none\nPublic-Lines: 1\nAAAA\nPrivate-Lines: 8\n{body}",
            "PuTTY",
            id="PuTTY",
        ),
        pytest.param("- '-----BEGIN PRIVATE KEY-----'\n- {body}", "escaped", id="items of a list"),
        pytest.param("  -----BEGIN PRIVATE KEY-----\r\n\t{body}", "PEM", id="indented, CRLF"),
        pytest.param("-----BEGIN PRIVATE KEY-----\r{body}", "escaped", id="CR alone"),
        pytest.param("-----BEGIN PRIVATE KEY----- {body}", "PEM", id="one line"),
        pytest.param("# -----BEGIN PRIVATE KEY-----\n# {body}", "PEM", id="comment"),
        pytest.param(
            '"\\u002d\\u002d\\u002d\\u002d\\u002dBEGIN PRIVATE KEY-----\\n{body}"', "escaped", id="dashes"
        ),
        pytest.param('"-----BEGIN\\u0020PRIVATE\\u0020KEY-----\\u000a{body}"', "escaped", id="spaces"),
    ],
)
def test_keys_written_in_other_ways_are_found(text: str, form: str) -> None:
    body = KEYS["pkcs8"].splitlines()[1]
    assert [found for _, _, found in places(text.format(body=body))] == [form]
    assert places(text.format(body="(omitted)")) == []


def test_a_key_in_lines_of_a_list_is_found_whatever_their_width() -> None:
    body = "".join(KEYS["pkcs8"].splitlines()[1:-1])
    for width in (20, 32, 64):
        lines = [body[i : i + width] for i in range(0, len(body), width)]
        text = "".join(f'  - "{line}"\n' for line in ["-----BEGIN PRIVATE KEY-----", *lines])
        assert places(text) == [(1, 6, "escaped")]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_read_with_and_without_a_mark(encoding: str) -> None:
    assert places(("x: 1\n" + KEYS["pkcs8"]).encode(encoding)) == [(2, 1, "PEM")]


def test_base64_up_to_three_times_over_is_found() -> None:
    for text in (KEYS["pkcs8"].encode(), DER["pkcs1"], DER["ed25519"], json.dumps(PRIVATE_JWK).encode()):
        encoded = text
        for times in range(1, 5):
            encoded = base64.b64encode(encoded)
            is_pem = text.startswith(b"-")
            assert bool(places(encoded)) == (times <= (4 if is_pem else 3)), times
            assert bool(places(base64.encodebytes(encoded))) == (times < (4 if is_pem else 3)), times


def test_lines_before_base64_do_not_hide_it() -> None:
    """A long name in the line above is not a part of it."""
    encoded = base64.encodebytes(DER["pkcs8"]).decode()
    assert places("humanitec-operator-controller-manager-metrics-reader\n" + encoded)


@pytest.mark.parametrize("mark", [b"+", b"/"])
def test_a_line_may_end_in_any_letter_of_base64(mark: bytes) -> None:
    """A plus at the end of a line is part of the key; on its own it may mark an item of a list."""
    encoded = base64.b64encode(DER["pkcs8"])
    width = encoded.index(mark, 40) + 1
    lines = [encoded[at : at + width] for at in range(0, len(encoded), width)]
    assert lines[0].endswith(mark)
    assert places(b"key: |\n" + b"".join(b"  " + line + b"\n" for line in lines)) == [(2, 3, "base64")]


def test_archives_are_not_searched() -> None:
    """Stated on the page of the rule; the work of unpacking would not be limited by the size of the file."""
    assert places(gzip.compress(KEYS["pkcs8"].encode())) == []


@pytest.mark.parametrize(
    "text",
    [
        "A -----BEGIN PRIVATE KEY----- block must never be stored in a repository of anyone",
        "-----BEGIN PRIVATE KEY-----\ninternationalization of the documentation of everything in it",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n...",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n" + "mQINBFit2ioBEADhWpZ8" * 4,
        "PuTTY-User-Key-File-3: ssh-rsa\nPrivate-Lines: 8\n(eight lines)",
        "integrity: sha512-" + base64.b64encode(bytes(range(64))).decode(),
        "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQ...",
        "ssh-rsa "
        + base64.b64encode(b"\0\0\0\7ssh-rsa\0\0\0\3\1\0\1\0\0\1\1\0" + bytes(range(255))).decode(),
    ],
)
def test_text_around_keys_is_not_reported(text: str) -> None:
    assert places(text) == []


def test_no_place_contains_any_part_of_the_key() -> None:
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
        b"kty",
        b'"kty": "RSA"',
        b'{"kty":"RSA"}',
        b"\\u002d",
        b"\x02\x01\x01\x04\x20",
        b"\x30\x82\x04\xa4\x02\x01\x00\x02\x82\x01\x01\x00",
        b"\x02\x01\x00\x30\x05\x06\x03\x2b\x65",
        b"Private-Lines: 1\n",
        b"A" * 41 + b" ",
        b"A" * 64 + b"\n",
        base64.b64encode(base64.b64encode(b"-----BEGIN PRIVATE KEY-----")) + b"\n",
        b"-----BEGIN PRIVATE KEY-----\nabcdefghijklmnopq ",
    ],
)
def test_a_megabyte_of_near_misses_is_searched_to_its_end(unit: bytes) -> None:
    """A search that is not linear would not return; the key behind the noise shows that everything was read."""
    noise = unit * (1_000_000 // len(unit))
    assert find_private_keys(noise + b"\n" + KEYS["pkcs8"].encode(), "f")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(KEYS)), st.binary(max_size=60))
def test_a_key_is_found_in_any_surroundings(before: bytes, name: str, after: bytes) -> None:
    if before.startswith((b"\xff\xfe", b"\xfe\xff")):
        return
    assert find_private_keys(before + b"\n" + KEYS[name].encode() + after, "f")


def in_json(text: str) -> str:
    return json.dumps({"name": "eu-1", "key": text, "other": [1, None]})


def in_json_with_escapes(text: str) -> str:
    return in_json(text).replace("-", "\\u002d")


def in_block(text: str) -> str:
    return "apiVersion: v1\ndata:\n  key: |\n" + "".join(f"    {line}\n" for line in text.splitlines())


def in_quotes(text: str) -> str:
    return f"spec: {{key: {json.dumps(text)}, other: no}}\n"


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_lines_of_base64(text: str) -> str:
    return base64.encodebytes(text.encode()).decode()


def in_crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


PUBLIC: dict[str, PublicKeyTypes] = {
    "ed25519": ED25519.public_key(),
    "ec": EC.public_key(),
    "rsa": RSA.public_key(),
}
Nesting = Callable[[str], str]
NESTINGS: list[Nesting] = [
    in_json,
    in_json_with_escapes,
    in_block,
    in_quotes,
    in_base64,
    in_lines_of_base64,
    in_crlf,
]
ENCODINGS = (in_base64, in_lines_of_base64)
ESCAPES = (in_json, in_json_with_escapes, in_quotes)


def is_bounded(nestings: list[Nesting]) -> bool:
    """Three levels of base64 and two of escapes, the limit of the search."""
    return (
        sum(nesting in ENCODINGS for nesting in nestings) <= 3
        and sum(nesting in ESCAPES for nesting in nestings) <= 2
    )


def is_bounded_around_base64(nestings: list[Nesting]) -> bool:
    return is_bounded([in_base64, *nestings])


@settings(max_examples=300, deadline=None)
@given(
    st.binary(min_size=32, max_size=32), st.lists(st.sampled_from(NESTINGS), max_size=6).filter(is_bounded)
)
def test_a_fresh_key_is_found_in_every_nesting(seed: bytes, nestings: list[Nesting]) -> None:
    text = pem(ed25519.Ed25519PrivateKey.from_private_bytes(seed))
    for nesting in nestings:
        text = nesting(text)
    assert find_private_keys(text.encode(), "f")


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(sorted(DER)),
    st.lists(st.sampled_from(NESTINGS), max_size=4).filter(is_bounded_around_base64),
)
def test_a_key_without_a_label_is_found_in_every_nesting(name: str, nestings: list[Nesting]) -> None:
    text = base64.b64encode(DER[name]).decode()
    for nesting in nestings:
        text = nesting(text)
    assert find_private_keys(text.encode(), "f")


WORDS = (
    "PRIVATE KEY",
    "-----BEGIN ",
    "-----",
    "kty",
    '"d":',
    "LS0tLS1CRUdJTi",
    "MIIE",
    "\\u002d",
    "\n",
    "- ",
    "A" * 41,
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=300), st.lists(st.sampled_from(WORDS), max_size=30).map("".join)))
def test_random_text_is_not_reported(text: str) -> None:
    assert find_private_keys(text.encode("utf-8", "replace"), "f") == ()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=2000))
def test_random_bytes_are_not_reported_plain_or_in_base64(data: bytes) -> None:
    assert find_private_keys(data, "f") == ()
    assert find_private_keys(base64.encodebytes(data), "f") == ()


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(PUBLIC)), st.lists(st.sampled_from(NESTINGS), max_size=3))
def test_public_halves_are_not_reported_in_any_nesting(name: str, nestings: list[Nesting]) -> None:
    text = (
        PUBLIC[name]
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    for nesting in nestings:
        text = nesting(text)
    assert find_private_keys(text.encode(), "f") == ()
