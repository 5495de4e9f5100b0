"""Secrets that a server repeats in its error messages, in every form that it may choose."""

import base64
import html
import json
from collections.abc import Callable, Mapping
from urllib.parse import quote

import httpx
import pytest

from reconciler.errors import InUseError, OrchestratorError
from reconciler.model.disguise import repeats
from reconciler.model.secret import Secret
from reconciler.orchestrator.client import Orchestrator, Retry
from reconciler.orchestrator.message import WITHHELD
from tests.orchestrator.conftest import Connect
from tests.orchestrator.samples import TOKEN, definition

PASSWORD = 'Pa"ss/wörd+1?'
FORMS: Mapping[str, Callable[[str], str]] = {
    "plain": str,
    "upper case": str.upper,
    "reversed": lambda text: text[::-1],
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON twice": lambda text: json.dumps(json.dumps(text))[1:-1],
    "unicode escapes": lambda text: "".join(f"\\u{ord(character):04x}" for character in text),
    "hex escapes": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "Python": repr,
    "HTML": html.escape,
    "HTML numbers": lambda text: "".join(f"&#{ord(character)};" for character in text),
    "percent": lambda text: quote(text, safe=""),
    "percent, all": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "hex": lambda text: text.encode().hex(),
    "hex, upper case": lambda text: text.encode().hex().upper(),
    "hex with colons": lambda text: text.encode().hex(":"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64, second byte": lambda text: base64.b64encode(b"x" + text.encode() + b"tail").decode(),
    "base64, third byte": lambda text: base64.b64encode(b"u:" + text.encode()).decode(),
    "basic authorization": lambda text: base64.b64encode(f"robot:{text}".encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("secret", [PASSWORD, TOKEN, "pin-code", "two-words and-another-long-one"])
def test_a_secret_is_found_in_every_form(form: Callable[[str], str], secret: str) -> None:
    assert repeats(f"the value {form(secret)} is not valid", [Secret(secret)])


def test_words_that_are_no_secret_are_shown() -> None:
    hidden = [Secret(PASSWORD), Secret(TOKEN), Secret(None), Secret(""), Secret(True)]  # noqa: FBT003  a value
    assert not repeats("resource definition 'orders-db' already exists in organization 'acme' (409)", hidden)


def liar(content: object, status: int) -> httpx.BaseTransport:
    return httpx.MockTransport(
        lambda _: httpx.Response(status, json=content, headers={"x-request-id": TOKEN})
    )


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_an_error_that_repeats_the_token_is_shown_without_it(
    connect: Connect, form: Callable[[str], str]
) -> None:
    repeated = form(TOKEN)
    body = {
        "message": f"token {repeated} refused",
        "details": {"x": repeated},
        "error": repeated,
        repeated: repeated,
    }
    client: Orchestrator = connect(transport=liar(body, 400), retry=Retry(sleep=lambda _: None))
    with pytest.raises(OrchestratorError) as error:
        client.create(definition())
    shown = f"{error.value} {error.value.cause} {error.value.advice} {error.value.request_id} {error.value!r}"
    assert WITHHELD in shown
    assert repeated not in shown


def test_the_names_in_a_refused_delete_are_shown_without_the_token(connect: Connect) -> None:
    encoded = FORMS["base64"](TOKEN)
    body = [{"app_id": TOKEN, "env_id": encoded, "res_id": "db", "from_def": "a", "to_def": TOKEN[::-1]}]
    client: Orchestrator = connect(transport=liar(body, 409), retry=Retry(sleep=lambda _: None))
    with pytest.raises(InUseError) as error:
        client.delete(definition())
    shown = f"{error.value} {error.value.rematches}"
    assert "'db'" in shown
    assert not [form for form in (TOKEN, encoded, TOKEN[::-1]) if form in shown]
