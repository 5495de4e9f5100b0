"""Values of the secrets that the settings refer to; `handed_in` looks up those that documents refer to."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.edges.handed_in import read_secret_file
from reconciler.cli.edges.token_source import shown_source
from reconciler.errors import SettingsError
from reconciler.model.secret import Secret
from reconciler.settings import Connection, Target, Token

if TYPE_CHECKING:  # httpx costs start-up time, which validate does not need to spend
    from reconciler.orchestrator.http import Endpoint

Endpoints = Mapping[str, "tuple[Endpoint | None, Endpoint | None] | SettingsError"]
"""Endpoints of the v1 and the v2 API, by target; for a target whose token cannot be used, the error."""


class Secrets:
    """Turns names of variables and files into values, and collects what is missing."""

    def __init__(self, environment: Mapping[str, str], base: Path) -> None:
        self._environment = environment
        self._base = base
        self._missing: list[str] = []

    def endpoints(self, targets: Mapping[str, Target]) -> Endpoints:
        """Endpoints of both APIs by target.

        A missing token stops its target only. Raises SettingsError naming every missing token if no target has all
        of its own.
        """
        found, missing = self.each_endpoint(targets)
        if missing and all(isinstance(one, SettingsError) for one in found.values()):
            raise _unusable(missing)
        return found

    def each_endpoint(self, targets: Mapping[str, Target]) -> tuple[Endpoints, list[str]]:
        """As `endpoints`, also if no target has all of its tokens, with everything that is missing."""
        found: dict[str, tuple[Endpoint | None, Endpoint | None] | SettingsError] = {}
        missing: list[str] = []
        for name, target in targets.items():
            pair = (
                self._endpoint(target.orchestrator, f"targets.{name}.orchestrator.token"),
                self._endpoint(target.runners, f"targets.{name}.runners.token"),
            )
            found[name] = _unusable(self._missing) if self._missing else pair
            missing.extend(self._missing)
            self._missing = []
        return found, missing

    def value(self, token: Token, place: str) -> Secret:
        """One secret. Raises SettingsError."""
        found = self._found(token, place)
        self._raise_missing()
        assert found is not None
        return found

    def _endpoint(self, connection: Connection | None, place: str) -> "Endpoint | None":
        if connection is None:
            return None
        from reconciler.orchestrator.http import UNSENDABLE, Endpoint, is_sendable  # noqa: PLC0415  brings httpx

        token = None if connection.token is None else self._found(connection.token, place)
        if token is not None and connection.token is not None and not is_sendable(token):
            self._missing.append(f"{shown_source(connection.token, place)} {UNSENDABLE}")
        return Endpoint(connection.url, token)

    def _found(self, token: Token, place: str) -> Secret | None:
        if token.env is not None:
            text = self._environment.get(token.env, "").strip()
            if not text:
                self._missing.append(f"{shown_source(token, place)} is not set")
                return None
            return Secret(text)
        found = read_secret_file(self._base / Path(token.file or "").expanduser())
        text = found if isinstance(found, str) else str(found.reveal()).strip()
        if isinstance(found, str) or not text:
            self._missing.append(f"{shown_source(token, place)} {text or 'is empty'}")
            return None
        return Secret(text)

    def _raise_missing(self) -> None:
        if self._missing:
            raise _unusable(self._missing)


def _unusable(what: list[str]) -> SettingsError:
    return SettingsError(
        "; ".join(dict.fromkeys(what)),
        advice="set what is missing and fix what is refused; `reconciler validate` needs no token",
    )
