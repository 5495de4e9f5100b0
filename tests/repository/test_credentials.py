"""Credentials of URLs, with a real server: they reach it, and no argument list, log or other host."""

import base64
import datetime as dt
import http.server
import ipaddress
import os
import ssl
import subprocess
import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from reconciler.inventory.git_ref import GitInventory
from reconciler.repository.cache import Cache
from reconciler.repository.credential import helping, separated
from reconciler.repository.launch import GitError, Launcher
from reconciler.repository.remote import look_up
from tests.inventory.samples import names, owning
from tests.repositories import run

NEEDLE = uuid.uuid4().hex
"""Of this run alone: the list of processes shows those of other tests as well."""
USER, PASSWORD = "robot", f"{NEEDLE}@/"
ENCODED = f"robot:{NEEDLE}%40%2F"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


class Server(http.server.ThreadingHTTPServer):
    """Git over HTTPS for the repositories in a folder. Notes the arguments of all processes at each request."""

    root: Path
    redirect = ""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.arguments: set[bytes] = set()
        self.logins: list[tuple[str, str]] = []

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        for process in Path("/proc").iterdir():
            with suppress(OSError):  # no process, or one that has ended meanwhile
                self.server.arguments.add((process / "cmdline").read_bytes())
        given = self.headers.get("Authorization", "")
        self.server.logins.append((self.headers.get("Host", ""), given))
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.server.redirect:
            self.send_response(302)
            self.send_header("Location", self.server.redirect + self.path)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if given != LOGIN:
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="x"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=content,
            capture_output=True,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(self.server.root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(content)),
                "REMOTE_USER": USER,
            },
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = [line.partition(": ") for line in head.decode().split("\r\n") if line]
        status = next((value for name, _, value in lines if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, _, value in lines:
            if name != "Status":
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Key and self-signed certificate of 127.0.0.1 and localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    alternatives = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def servers(tmp_path: Path, certificate: Path) -> Iterator[tuple[Server, Server]]:
    """Two servers of the same repository, `x.git`, with one commit on `main`."""
    bare, work = tmp_path / "root" / "x.git", tmp_path / "work"
    bare.mkdir(parents=True)
    work.mkdir()
    run(bare, "init", "--quiet", "--bare")
    run(bare, "config", "http.receivepack", "true")
    run(work, "init", "--quiet")
    (work / "a.yaml").write_text("a: 1\n")
    run(work, "add", "--all")
    run(work, "commit", "--quiet", "--message", "x")
    run(work, "push", "--quiet", str(bare), "HEAD:refs/heads/main")
    made = (Server(), Server())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    threads = []
    for server in made:
        server.root = tmp_path / "root"
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threads.append(threading.Thread(target=server.serve_forever, daemon=True))
        threads[-1].start()
    yield made
    for server, thread in zip(made, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def launcher(certificate: Path) -> Launcher:
    return Launcher({**os.environ, "GIT_SSL_CAINFO": str(certificate), "NO_PROXY": "*"}, timeout_s=60)


def check_arguments(server: Server) -> None:
    """The password is in no argument list, in no form; git was running when they were read."""
    assert any(b"git-remote-https" in words for words in server.arguments)
    everything = b"\n".join(server.arguments)
    assert NEEDLE.encode() not in everything
    assert LOGIN.removeprefix("Basic ").encode() not in everything


def test_a_source_is_read_with_the_credentials_of_its_url(
    servers: tuple[Server, Server], launcher: Launcher, tmp_path: Path
) -> None:
    server, _ = servers
    url = f"https://{ENCODED}@{server.host}/x.git"
    fetched = Cache(tmp_path / "cache", launcher).fetched(look_up(launcher, url, "main"))
    assert fetched.read(lambda git: git("ls-tree", "--name-only", fetched.id)) == b"a.yaml\n"
    assert (server.host, LOGIN) in server.logins
    check_arguments(server)
    stored = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert stored
    assert not any(NEEDLE.encode() in path.read_bytes() for path in stored)
    assert not any(path.stat().st_mode & 0o077 for path in [tmp_path / "cache", *stored])


@pytest.mark.parametrize("is_named", [True, False], ids=["a name", "a URL"])
def test_a_record_is_written_with_the_credentials_of_its_remote(
    servers: tuple[Server, Server], launcher: Launcher, repository: Path, *, is_named: bool
) -> None:
    server, _ = servers
    url = f"https://{ENCODED}@{server.host}/x.git"
    run(repository, "remote", "add", "origin", url)
    remote = "origin" if is_named else url
    store = GitInventory(repository, "team", remote=remote, launcher=launcher)
    store.read("acme")
    store.write(owning("a"))
    again = GitInventory(repository, "team", remote=remote, launcher=launcher)
    assert names(again.read("acme")) == ["a"]
    check_arguments(server)


def test_a_record_is_written_with_the_header_that_ci_left_in_the_clone(
    servers: tuple[Server, Server], launcher: Launcher, repository: Path
) -> None:
    server, _ = servers
    run(repository, "remote", "add", "origin", f"https://{server.host}/x.git")
    run(repository, "config", f"http.https://{server.host}/.extraheader", f"Authorization: {LOGIN}")
    store = GitInventory(repository, "team", remote="origin", launcher=launcher)
    store.read("acme")
    store.write(owning("a"))
    check_arguments(server)


def test_credentials_of_a_url_do_not_follow_a_redirect_to_another_host(
    servers: tuple[Server, Server], launcher: Launcher
) -> None:
    first, second = servers
    first.redirect = f"https://localhost:{second.server_address[1]}"
    with pytest.raises(Exception, match="cannot be read"):
        look_up(launcher, f"https://{ENCODED}@{first.host}/x.git", "main")
    assert second.logins
    assert {given for _, given in second.logins} == {""}


def test_a_wrong_password_is_an_error_without_it(servers: tuple[Server, Server], launcher: Launcher) -> None:
    server, _ = servers
    with pytest.raises(GitError) as refused:
        launcher.output(
            ["ls-remote", "reconciler-remote"],
            folder=Path("/"),
            url=f"https://robot:hunter2-wrong@{server.host}/x.git",
        )
    assert "hunter2" not in refused.value.text


@pytest.mark.parametrize("url", ["https://git.example/x", "git@git.example:x", "file:///srv/x"])
def test_a_url_without_credentials_is_used_as_it_is(url: str) -> None:
    assert separated(url) == (url, None)
    with helping(None) as nothing:
        assert (nothing.settings, nothing.descriptors) == ((), ())


def test_a_user_without_password_is_only_a_name_for_the_helpers_of_git() -> None:
    url, login = separated("https://robot@git.example/x")
    with helping(login) as given:
        assert given.settings == (("credential.https://git.example.username", "robot"),)
    assert url == "https://git.example/x"
