import hashlib
import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import KeyStoreError
from reconciler.keystore.public_key import inspect_public_key

REFERENCE = Path(__file__).parents[3] / "shared/reference"
ED25519 = (
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEA0wPtt+SIHec03H/Xufd3SyUO7YNJaXuqnF3F3oA3snU=\n"
    "-----END PUBLIC KEY-----\n"
)
RSA_4096 = """\
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAoHwkK4hCZUwtybFwm7nJ
AcZfEBZLi51rgO7UGDd0sm+t2rONVXGO97t5tCVyyEM1g/IGU7WbIGG5r+V8rvm0
KFD1T+B4zm3xotAJLGFIgTTc5xTNQ8dhkUUSRo34+t0tpT22NIaJOTWowRD3U4cv
wjkxg5PlBa4vOn7ipTvHJuZ3uNSJZnX7uLZjRH6/rk/2gTc6pai9B0f/11W9N37e
OABopCg56/lDJMct6T0tkj9z/UAL7kA4SKD1QR9SOtIXQed78hhd4Jw1LMkYPZku
x0eX1QFRHe330MOSu2UTeRVDok+GwQswckanEXn/O3n+6F4V6kAVo/i0j/us5ZZt
q0j223rJ5WCKUrMlntbHzzb5XzVzGCaTmPVOk5fY3yK1MHXqkMRr6/+8YfK28IPf
B/5cbgLN29g6vXae6+LW+hYR07+gXrhkVmvLzDJV+LVibBlv0jOJv08sO61RX0u/
AothRnkE5lHUFPqP1+NN1tPAGpS42GZZUbzxbecpff/EvIB1EJCaFlh3yBQBR4mj
fxO91tQXBLWbcN7cdsuVVlBISIOu1h1x8kgQxYLPxn0XIVUESrw7n9osJ7xfP6Kc
DoVACxto6MgTUj9KQK1X5i32+j643o+/Jt0MV+OiAocAKDdYoiuRt4+YTH++bspo
TYhbiyKAsfSThUGgpWeb5W0CAwEAAQ==
-----END PUBLIC KEY-----
"""
RSA_2048 = """\
-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwn73qj89reBV1+/k08N2
JxpqDMz2N530s6M1MxBebsbB0nWg5jwvy703TqflNp9Dyg4vqSfDdvZawHzTg5oc
rzz5cQA2+xEwo1CLJA2Kvz9m7hlotcnJ2YN4G6ENd79ad1xr6jU2l/9DCIJyRxe1
HHDjokz1OM/PJaDmFZZOUsum02MT6qCuv5Wwd3WpzafmO4eTXVZKcDiJSZps78AH
M7wY4f2/gWOWYf9j/HSTgOuanS8NKqqKgbZDi2SX+Dt8Zee9aop/1fFv3EJPj5N7
pyQUaufTw+1SCHH3GtOA7IcO7tYzbfMHb37OlRvP8mSB1tHSr3eN5oNwSD4qXWJf
AwIDAQAB
-----END PUBLIC KEY-----
"""
ED25519_FINGERPRINT = "6bf284174d810080ca9cd91dd3976018a8c8d57762a1ef840ba68722c256adf2"
RSA_2048_FINGERPRINT = "d4ee3799eb6ea6ce3b59dcfd2391bdcb13890bbbd80612038b07179f4c606573"
RSA_4096_FINGERPRINT = "7a060ad2f8e2cb01fd812cc132fdd677ba01a1917b8d3bb650549ce6327c8045"
API_EXAMPLE_FINGERPRINT = "7a8053884377bc9a598beafd009caf831a4066bdb5cba6192a4c4078241f50f3"
RUNNER_EXAMPLE_FINGERPRINT = "86b9118afb63f2f7ee62f68340dcc19c93af690e7fff43f34f1d824c6fb93692"


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def spki(key: rsa.RSAPrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def test_an_ed25519_key_has_its_published_fingerprint() -> None:
    key = inspect_public_key(ED25519)
    assert (key.algorithm, key.bits, key.label, key.is_mislabelled) == ("Ed25519", 0, "PUBLIC KEY", False)
    assert key.fingerprint == ED25519_FINGERPRINT
    assert key.pem == ED25519


@pytest.mark.parametrize(
    ("pem", "fingerprint", "bits"),
    [(RSA_4096, RSA_4096_FINGERPRINT, 4096), (RSA_2048, RSA_2048_FINGERPRINT, 2048)],
)
def test_the_published_test_vectors_hold(pem: str, fingerprint: str, bits: int) -> None:
    """Test vectors of the v1 reference, section 3.4."""
    key = inspect_public_key(pem)
    assert (key.fingerprint, key.algorithm, key.bits) == (fingerprint, "RSA", bits)


def test_the_example_of_the_api_description_has_its_published_fingerprint() -> None:
    file = REFERENCE / "orchestrator-v1.openapi.json"
    if not file.exists():
        pytest.skip("the API description is not next to the checkout")
    texts: list[str] = []

    def collect(node: object) -> None:
        if isinstance(node, str) and "BEGIN PUBLIC KEY" in node:
            texts.append(node)
        elif isinstance(node, dict):
            for child in node.values():
                collect(child)
        elif isinstance(node, list):
            for child in node:
                collect(child)

    collect(json.loads(file.read_text()))
    fingerprints = set()
    for text in texts:
        pem = text.replace("\\n", "\n").strip().strip('"')
        if pem.startswith("-----BEGIN") and pem.endswith("-----") and "..." not in pem:
            fingerprints.add(str(inspect_public_key(pem).fingerprint))
    assert API_EXAMPLE_FINGERPRINT in fingerprints


def test_the_runner_key_of_the_documentation_has_its_published_fingerprint() -> None:
    body = "MCowBQYDK2VwAyEAc5dgCx4ano39JT0XgTsHnts3jej+5xl7ZAwSIrKpef0="
    pem = f"-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----"
    assert inspect_public_key(pem).fingerprint == RUNNER_EXAMPLE_FINGERPRINT


def test_spki_bytes_under_the_old_label_are_read_and_marked(rsa_key: rsa.RSAPrivateKey) -> None:
    pem = spki(rsa_key)
    odd = inspect_public_key(pem.replace("PUBLIC KEY", "RSA PUBLIC KEY"))
    assert odd.is_mislabelled
    assert odd.label == "RSA PUBLIC KEY"
    assert odd.fingerprint == inspect_public_key(pem).fingerprint
    assert odd.bits == 2048


def test_the_fingerprint_does_not_depend_on_wrapping(rsa_key: rsa.RSAPrivateKey) -> None:
    pem = spki(rsa_key)
    lines = pem.strip().splitlines()
    one_line = "\n".join((lines[0], "".join(lines[1:-1]), lines[-1]))
    windows = pem.replace("\n", "\r\n")
    assert len({inspect_public_key(text).fingerprint for text in (pem, one_line, windows)}) == 1


def test_an_elliptic_curve_key_is_named_for_the_rules_to_refuse() -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    ).decode()
    facts = inspect_public_key(pem)
    assert facts.algorithm == "EC secp256r1"
    assert facts.fingerprint == hashlib.sha256(der).hexdigest()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not contain a PEM block"),
        ("ssh-rsa AAAAB3NzaC1yc2E user@host", "OpenSSH form"),
        ("PUBLIC KEY\nabc", "no valid opening line"),
        (ED25519 + ED25519, "2 PEM blocks"),
        ("key of eu-1\n" + ED25519, "outside the PEM block"),
        (ED25519.replace("-----END", "---END"), "no closing line"),
        (ED25519.replace("\n", "\\n"), "two characters"),
        (ED25519.replace("MCow", "MC*w"), "not base64"),
        (ED25519.replace("MCow", "MCo"), "not base64"),
        (ED25519.replace("MCow", "NCow"), "does not contain a readable public key"),
        (ED25519.replace("PUBLIC KEY", "CERTIFICATE"), "a certificate"),
        ("x" * 40_000, "longer than"),
    ],
)
def test_what_is_not_a_single_public_key_is_refused_in_plain_words(text: str, said: str) -> None:
    with pytest.raises(KeyStoreError, match=said):
        inspect_public_key(text)


def test_a_pkcs1_body_is_refused_with_the_command_that_converts_it(rsa_key: rsa.RSAPrivateKey) -> None:
    pem = (
        rsa_key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
        .decode()
    )
    with pytest.raises(KeyStoreError, match="SubjectPublicKeyInfo") as refused:
        inspect_public_key(pem)
    assert "openssl rsa -RSAPublicKey_in" in refused.value.advice


@pytest.mark.parametrize("kind", ["PKCS8", "TraditionalOpenSSL", "OpenSSH"])
def test_a_private_key_is_refused_without_quoting_any_of_it(kind: str) -> None:
    key = (
        ed25519.Ed25519PrivateKey.generate()
        if kind == "OpenSSH"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        getattr(serialization.PrivateFormat, kind),
        serialization.NoEncryption(),
    ).decode()
    with pytest.raises(KeyStoreError, match="a private key in place of the public key") as refused:
        inspect_public_key(pem)
    text = f"{refused.value} {refused.value.advice} {refused.value!r}"
    assert not any(line in text for line in pem.splitlines())


@given(st.text(max_size=200) | st.text("-BEGINDPUBLICKEYRSA \nab+/=", max_size=200))
def test_no_input_makes_it_raise_anything_else(text: str) -> None:
    with pytest.raises(KeyStoreError):
        inspect_public_key(text)
