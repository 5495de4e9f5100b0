"""A secret in a message of a server is found however the server wrote it, and ordinary words are not."""

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from reconciler.model.disguise import repeats
from reconciler.model.json import Json
from reconciler.model.secret import Secret

SECRET = 'hunter2 & "Tr0ub4dor"/é'
CONTENT = SECRET.encode()
WRITTEN = {
    "plain": SECRET,
    "upper case": SECRET.upper(),
    "reversed": SECRET[::-1],
    "JSON": json.dumps(SECRET, ensure_ascii=False),
    "JSON in ASCII": json.dumps(SECRET),
    "percent-encoded": quote(SECRET, safe=""),
    "percent-encoded twice": quote(quote(SECRET, safe=""), safe=""),
    "as in a form": quote_plus(SECRET),
    "HTML": html.escape(SECRET),
    "Unicode escapes": "".join(f"\\u{ord(character):04x}" for character in SECRET),
    "backslashes": SECRET.replace(" ", "\\ "),
    "hex": CONTENT.hex(),
    "hex with separators": CONTENT.hex(":").upper(),
    "bytes in hex": "".join(f"\\x{byte:02x}" for byte in CONTENT),
    "base64": base64.b64encode(CONTENT).decode(),
    "base64 for addresses": base64.urlsafe_b64encode(CONTENT).decode(),
    "base64 in lines": "\n".join(base64.b64encode(CONTENT).decode()[at : at + 8] for at in range(0, 40, 8)),
    "base64 after one character": base64.b64encode(b":" + CONTENT).decode(),
    "base64 after a user": base64.b64encode(b"me" + CONTENT).decode(),
    "a long word of it": '"Tr0ub4dor"/é',
}


@pytest.mark.parametrize("form", WRITTEN)
def test_a_secret_is_found_in_every_form(form: str) -> None:
    assert repeats(f"`password` is invalid: {WRITTEN[form]} was given", [Secret("unrelated"), Secret(SECRET)])


@pytest.mark.parametrize("line", ["", "`password` is invalid", "hunter3 & Tr0ub4dor", "& was not expected"])
def test_a_message_without_the_secret_is_shown(line: str) -> None:
    assert not repeats(line, [Secret(SECRET)])


def test_short_words_of_a_secret_are_too_common_to_be_searched_for() -> None:
    assert not repeats("open the door", [Secret("the correct horse")])
    assert repeats("the Correct horse", [Secret("the correct horse")])


@pytest.mark.parametrize("value", [None, True, "", "  "])
def test_a_value_that_says_nothing_hides_nothing(value: Json) -> None:
    assert not repeats("true, null or empty", [Secret(value)])


def test_a_secret_need_not_be_text() -> None:
    assert repeats("the pin 48151623 is wrong", [Secret(48151623)])
    assert not repeats("the pin is wrong", [Secret(48151623)])


def test_of_a_short_secret_only_the_plain_form_is_searched_for() -> None:
    """Two bytes in hex or in base64 are found in ordinary words."""
    assert repeats("pin: x7", [Secret("x7")])
    assert not repeats(f"id {b'x7'.hex()}", [Secret("x7")])
