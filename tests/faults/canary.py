"""Secret values of the scenario as recognisable strings, and every form in which they could leak."""

import base64
import re
from collections.abc import Iterable, Iterator
from functools import cache
from urllib.parse import quote

TOKEN = "CanaryOfTheToken-7f3a91"
PASSWORD = "CanaryOfThePassword-5c20be"
NEW_PASSWORD = "CanaryOfTheNewPassword-11d8"
LITERAL = "CanaryOfALiteral-9e41cc"
CLUSTER_TOKEN = "CanaryOfTheCluster-88ab02"
DIGEST_KEY = "CanaryOfTheDigestKey-40de6f"
THEIRS = "CanaryOfSomebodyElse-3b77aa"

CANARIES = (TOKEN, PASSWORD, NEW_PASSWORD, LITERAL, CLUSTER_TOKEN, DIGEST_KEY, THEIRS)
"""All secret values; none has a part in common with a name in the repository."""

_SHORTEST_PART = 12
"""Characters of an encoded value that count as a leak: the start and the end of base64 depend on what is around."""


def forms(secret: str) -> dict[str, str]:
    """A secret in every form that is searched for: form -> text."""
    raw = secret.encode()
    encoded = {
        f"base64 at offset {shift}": base64.b64encode(b"\0" * shift + raw).decode()[4 if shift else 0 :][:-4]
        for shift in range(3)
    }
    return {
        "as it is": secret,
        "reversed": secret[::-1],
        "hex": raw.hex(),
        "upper hex": raw.hex().upper(),
        "percent-encoded": "".join(f"%{byte:02X}" for byte in raw),
        "quoted": quote(secret, safe=""),
        "escaped": "".join(f"\\u{byte:04x}" for byte in raw),
        **encoded,
        **{name.replace("64", "64url"): text.translate(_URL_SAFE) for name, text in encoded.items()},
    }


_URL_SAFE = str.maketrans("+/", "-_")


@cache
def _places(secrets: tuple[str, ...]) -> tuple[dict[str, str], re.Pattern[str]]:
    """What to search for, with the name of each, and a pattern of all."""
    named = {
        text: f"{secret[:14]}… {form}"
        for secret in secrets
        for form, text in forms(secret).items()
        if len(text) >= _SHORTEST_PART
    }
    return named, re.compile("|".join(re.escape(text) for text in sorted(named, key=len, reverse=True)))


def leaks(texts: Iterable[tuple[str, str]], secrets: tuple[str, ...] = CANARIES) -> Iterator[str]:
    """Where which secret shows in which form; `texts` are pairs of a place and what was written there."""
    named, any_of_them = _places(secrets)
    for place, text in texts:
        for found in sorted({named[match.group()] for match in any_of_them.finditer(text)}):
            yield f"{found} in {place}"
