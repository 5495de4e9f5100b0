"""Texts of others, such as logs of pods and messages of servers, without what looks like a secret."""

import re

from reconciler.model.secret_name import ASSIGNED
from reconciler.model.url import mask_user_information

REDACTED = "<redacted>"

# The match ends at the END line or at the end of the text: a truncated key is still a key.
_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)", re.DOTALL
)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}")


def redact(text: str) -> str:
    """The text without anything that looks like a token, a private key or the credentials of a URL.

    Only the last line of defence: secrets have a type that does not show them.

    >>> redact("sent Authorization: Bearer abcdefgh123 to https://robot:pw@git.example/x")
    'sent Authorization: Bearer <redacted> to https://<redacted>@git.example/x'
    """
    text = _PRIVATE_KEY.sub(REDACTED, text)
    text = _BEARER.sub(rf"\1 {REDACTED}", text)
    text = mask_user_information(text, REDACTED)
    return ASSIGNED.sub(rf"\1\2{REDACTED}", text)
