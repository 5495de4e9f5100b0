"""Refusals: a 4xx or 5xx response raised from anywhere within a request.

Raising one undoes every write of the request. Each API has its own error body (v1 section 8,
v2 section 3.1); `answer` builds it.
"""

from collections.abc import Mapping
from typing import Any


class ApiError(Exception):
    """A refusal with status, readable text, and optional details.

    `code` replaces the API's usual `API-<status>` or `HTTP-<status>`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        details: Mapping[str, Any] | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = details
        self.code = code
        self.headers = dict(headers or {})


class StateFileError(Exception):
    """The state file cannot be used: another process has locked it, or its format is different."""
