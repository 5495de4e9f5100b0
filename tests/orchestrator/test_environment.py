"""Proxies and certificates that the environment names, and that cannot be used."""

import os
from pathlib import Path

import pytest

from reconciler.errors import OrchestratorError
from reconciler.model.place import organization
from reconciler.model.secret import Secret
from reconciler.orchestrator.access import proxy_of
from reconciler.orchestrator.client import Access, Endpoint, Orchestrator


def connect() -> Orchestrator:
    return Orchestrator(
        organization("acme"),
        v1=Endpoint("https://127.0.0.1:9", Secret("hunter2-token")),
        v2=None,
        access=Access.READ_ONLY,
    )


@pytest.mark.parametrize(
    "proxy",
    [
        "socks5://127.0.0.1:9",
        "socks4://user:hunter2@127.0.0.1:9",
        "foo://user:hunter2@127.0.0.1:9",
        "http://",
        "://",
        "http://[::1",
        "http://user:hunter2@[::1",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:hunter2",
        "http://127.0.0.1:0",
        "http://a\nb",
    ],
)
@pytest.mark.parametrize("variable", ["https_proxy", "ALL_PROXY"])
def test_a_proxy_that_cannot_be_used_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, proxy: str, variable: str
) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(OrchestratorError, match=f"the proxy in {variable.upper()} cannot be used") as error:
        connect()
    assert "hunter2" not in str(error.value) + error.value.advice
    assert variable.upper() in error.value.advice


@pytest.mark.parametrize(
    "proxy", ["proxy:3128", "http://proxy:3128", "https://u:p@proxy", "http://[::1]:3128"]
)
def test_a_proxy_of_http_is_used(proxy: str) -> None:
    assert proxy_of("https://api.test", {"https": proxy}) in (proxy, f"http://{proxy}")


def test_an_unusable_proxy_of_another_host_does_not_matter() -> None:
    assert proxy_of("https://api.test", {"https": "socks5://x", "no": "api.test"}) is None


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "empty", "text"])
def test_certificates_that_cannot_be_used_are_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "ca.pem"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "empty":
            path.touch()
        case "text":
            path.write_text("not a certificate\n")
        case _:
            pass
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    with pytest.raises(OrchestratorError, match="environment variable SSL_CERT_FILE") as error:
        connect()
    assert error.value.advice == "correct SSL_CERT_FILE, or unset it"


def test_a_key_log_that_cannot_be_written_is_an_error_that_names_the_variable(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "missing" / "keys.log"))
    with pytest.raises(OrchestratorError, match="variable SSLKEYLOGFILE cannot be written"):
        connect()
