"""Servers that are not a healthy API server, and what a client without the right may send: nothing."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from reconciler.cluster.objects import MOST_PAGES, ClusterObjects
from reconciler.cluster.request import Permit, Request
from reconciler.cluster.resource import PODS, ApiResource
from reconciler.cluster.retry import Retry
from reconciler.cluster.transport import MOST_BYTES, MOST_TEXT_BYTES, Limits
from reconciler.errors import (
    ClusterAccessError,
    ClusterError,
    ClusterForbiddenError,
    ClusterLostAnswerError,
    ClusterUnavailableError,
    DeniedError,
    ReadOnlyError,
)
from reconciler.model.json import JsonObject
from reconciler.model.kind import Kind
from reconciler.model.kubernetes_object import PROBE_LABEL, PROBE_PREFIX, metadata_of
from tests.cluster.bodies import config_map
from tests.cluster.serving import CANARY, Answer, access, in_turn, says, serving

Operation = Callable[[ClusterObjects], Any]
READS: dict[str, Operation] = {
    "list": lambda cluster: cluster.list(Kind.CONFIG_MAP, "prod"),
    "metadata": lambda cluster: cluster.metadata(Kind.CONFIG_MAP, "prod"),
    "get": lambda cluster: cluster.get(Kind.CONFIG_MAP, "prod", "agent"),
    "pods": lambda cluster: cluster.pods("prod", "a=b"),
    "events": lambda cluster: cluster.events("prod", "agent"),
    "log": lambda cluster: cluster.log("prod", "agent", "agent", tail_lines=5, previous=True),
    "server_version": lambda cluster: cluster.server_version(),
    "has_kind": lambda cluster: cluster.has_kind("apps/v1", "Deployment"),
    "namespaced_kinds": lambda cluster: cluster.namespaced_kinds(),
    "may": lambda cluster: cluster.may("get", "", "pods/log", "prod"),
}
DRY_RUN: Operation = lambda cluster: cluster.apply(config_map("prod"), dry_run=True)  # noqa: E731  as the others
CHANGES: dict[str, Operation] = {
    "apply": lambda cluster: cluster.apply(config_map("prod")),
    "apply by force": lambda cluster: cluster.apply(config_map("prod"), force=True),
    "apply new": lambda cluster: cluster.apply(config_map("prod"), is_new=True),
    "delete": lambda cluster: cluster.delete(Kind.CONFIG_MAP, "prod", "agent", uid="1"),
}
PAGE = {"kind": "ConfigMapList", "metadata": {}, "items": []}


@contextmanager
def client(
    folder: Path, answer: Answer, permit: Permit = Permit.CHANGE, **more: Any
) -> Iterator[tuple[ClusterObjects, list[str]]]:
    """A client of a server, which never really waits, and the requests that the server got."""
    retry = more.pop("retry", Retry(sleep=lambda _: None))
    with serving(answer) as (server, asked):
        yield ClusterObjects(access(folder, server), {}, permit=permit, retry=retry, **more), asked


def refused(folder: Path, answer: Answer, operation: Operation, **more: Any) -> ClusterError:
    with client(folder, answer, **more) as (cluster, _):
        with pytest.raises(ClusterError) as caught:
            operation(cluster)
        error = caught.value
        shown = f"{cluster!r} {error!r} {error.advice} {vars(error)} {error.__cause__}"
    assert CANARY not in shown
    assert CANARY[::-1] not in shown
    return error


@pytest.mark.parametrize("permit", [Permit.READ, Permit.DRY_RUN])
@pytest.mark.parametrize("operation", CHANGES.values(), ids=CHANGES)
def test_a_client_for_reading_sends_no_change(tmp_path: Path, permit: Permit, operation: Operation) -> None:
    with client(tmp_path, says({}), permit) as (cluster, asked):
        assert cluster.is_read_only
        with pytest.raises(ReadOnlyError, match="nothing was sent"):
            operation(cluster)
        assert asked == []
        assert cluster.requests == 0


POD: JsonObject = {"kind": "Pod", "metadata": {"generateName": PROBE_PREFIX, "labels": {PROBE_LABEL: "r"}}}
UNMARKED: JsonObject = {"kind": "Pod", "metadata": {"generateName": PROBE_PREFIX}}
NAMED: JsonObject = {"kind": "Pod", "metadata": {"name": "agent", "labels": {PROBE_LABEL: "r"}}}
POD_OF_PROBE: Operation = lambda cluster: cluster.create(PODS, "prod", POD)  # noqa: E731  as the others
UNMARKED_POD: Operation = lambda cluster: cluster.create(PODS, "prod", UNMARKED)  # noqa: E731  as above
NAMED_POD: Operation = lambda cluster: cluster.create(PODS, "prod", NAMED)  # noqa: E731  as above
END_OF_PROBE: Operation = lambda cluster: cluster.delete(PODS, "prod", f"{PROBE_PREFIX}x", uid="1")  # noqa: E731  as above
OTHER_POD: Operation = lambda cluster: cluster.delete(PODS, "prod", "agent-x", uid="1")  # noqa: E731  as above
OTHER_KIND: Operation = lambda cluster: cluster.create(  # noqa: E731  as above
    ApiResource("v1", "Secret", "secrets"), "prod", POD
)


@pytest.mark.parametrize(
    "operation", [*CHANGES.values(), OTHER_POD, UNMARKED_POD, NAMED_POD, OTHER_KIND, DRY_RUN]
)
def test_a_client_for_a_probe_changes_nothing_but_its_pod(tmp_path: Path, operation: Operation) -> None:
    with client(tmp_path, says({}), Permit.PROBE) as (cluster, asked):
        with pytest.raises(ReadOnlyError, match="nothing was sent"):
            operation(cluster)
        assert asked == []


@pytest.mark.parametrize("operation", [POD_OF_PROBE, END_OF_PROBE])
def test_only_a_client_for_a_probe_creates_and_deletes_its_pod(tmp_path: Path, operation: Operation) -> None:
    with client(tmp_path, says({"kind": "Pod"}), Permit.PROBE) as (cluster, asked):
        operation(cluster)
        assert len(asked) == 1
    for permit in (Permit.READ, Permit.DRY_RUN):
        with client(tmp_path, says({}), permit) as (cluster, asked):
            with pytest.raises(ReadOnlyError):
                operation(cluster)
            assert asked == []


def test_a_trial_is_sent_only_where_trials_are_permitted(tmp_path: Path) -> None:
    with client(tmp_path, says(config_map("prod")), Permit.READ) as (cluster, asked):
        with pytest.raises(ReadOnlyError):
            DRY_RUN(cluster)
        assert asked == []
    with client(tmp_path, says(config_map("prod")), Permit.DRY_RUN) as (cluster, asked):
        DRY_RUN(cluster)
        assert [parse_qs(urlsplit(one).query)["dryRun"] for one in asked] == [["All"]]


@pytest.mark.parametrize("operation", READS.values(), ids=READS)
def test_everything_that_reads_is_sent_by_every_client(tmp_path: Path, operation: Operation) -> None:
    with client(tmp_path, says({}, 403), Permit.READ) as (cluster, asked):
        with pytest.raises(ClusterError):
            operation(cluster)
        assert len(asked) == 1
        assert asked[0].startswith("GET ") or asked == [
            "POST /apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
        ]


@pytest.mark.parametrize(
    ("method", "url", "changes"),
    [
        ("GET", "http://h/api/v1/pods", False),
        ("PATCH", "http://h/api/v1/namespaces/a/configmaps/b?dryRun=All", False),
        ("PATCH", "http://h/api/v1/namespaces/a/configmaps/b?dryRun=All&dryRun=None", True),
        ("PATCH", "http://h/api/v1/namespaces/a/configmaps/b?dryRun=", True),
        ("PATCH", "http://h/api/v1/namespaces/a/configmaps/b#?dryRun=All", True),
        ("DELETE", "http://h/api/v1/namespaces/a/configmaps/b?dryRun=All", True),
        ("PUT", "http://h/api/v1/namespaces/a/configmaps/b?dryRun=All", True),
        ("POST", "http://h/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", False),
        ("POST", "http://h/prefix/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", False),
        ("POST", "http://h/api/v1/namespaces/a/selfsubjectaccessreviews", True),
        ("POST", "http://h/api/v1/pods?/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", True),
    ],
)
def test_what_changes_something_is_told_from_what_does_not(
    method: str,
    url: str,
    changes: bool,  # noqa: FBT001  a column of the table
) -> None:
    assert Request(method, url).changes is changes


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        ("/api/v1/namespaces/a", "namespaces a"),
        ("/api/v1/namespaces", "namespaces"),
        ("/api/v1/namespaces/a/pods/b/log", "pods a/b/log"),
        ("/apis/apps/v1/deployments", "deployments"),
        ("/prefix/apis/apps/v1/namespaces/a/deployments/b", "deployments a/b"),
        ("/version", "/version"),
    ],
)
def test_a_request_is_named_by_what_it_concerns(path: str, subject: str) -> None:
    assert Request("GET", f"https://h:1{path}").subject == subject


@pytest.mark.parametrize(
    "operation", [*READS.values(), DRY_RUN, *CHANGES.values()], ids=[*READS, "trial", *CHANGES]
)
def test_a_redirect_is_not_followed(tmp_path: Path, operation: Operation) -> None:
    with serving(says({})) as (elsewhere, asked):
        error = refused(tmp_path, says(b"", 307, Location=elsewhere), operation)
        assert asked == []
    assert "redirects (307)" in str(error)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b"\xff", b"[" * 100_000],
    ids=["none", "html", "list", "binary", "deep"],
)
def test_what_is_no_object_is_not_the_answer_of_an_api_server(tmp_path: Path, content: bytes) -> None:
    """After a change it does not say whether the change was made."""
    assert "not that of an API server" in str(refused(tmp_path, says(content), READS["get"]))
    for operation in ("apply", "delete"):
        assert isinstance(refused(tmp_path, says(content), CHANGES[operation]), ClusterLostAnswerError)


@pytest.mark.parametrize("operation", ["get", "list", "may", "namespaced_kinds"])
def test_an_object_of_another_kind_is_not_taken(tmp_path: Path, operation: str) -> None:
    refused(tmp_path, says({"kind": "Other", "items": 5, "status": []}), READS[operation])


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(tmp_path: Path) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        limit = int(parse_qs(urlsplit(request.path).query)["limit"][0])
        says(b" " * (MOST_BYTES + 1) if limit > 5 else PAGE)(request)

    with client(tmp_path, answer) as (cluster, asked):
        assert cluster.list(Kind.CONFIG_MAP) == ()
        assert [parse_qs(urlsplit(one).query)["limit"] for one in asked] == [["500"], ["50"], ["5"]]


def test_one_object_that_is_too_large_is_an_error(tmp_path: Path) -> None:
    huge = says(b" " * (MOST_BYTES + 1))
    assert "larger than" in str(refused(tmp_path, huge, READS["get"]))
    assert "larger than" in str(refused(tmp_path, huge, READS["list"], page=1))
    assert isinstance(refused(tmp_path, huge, CHANGES["apply"]), ClusterLostAnswerError)


def test_a_list_without_end_ends(tmp_path: Path) -> None:
    endless = {**PAGE, "metadata": {"continue": "more"}}
    with client(tmp_path, says(endless)) as (cluster, asked):
        with pytest.raises(ClusterError, match="does not end"):
            cluster.list(Kind.CONFIG_MAP)
        assert len(asked) == MOST_PAGES


def test_a_list_that_expires_is_read_from_the_start_once(tmp_path: Path) -> None:
    def page(name: str, token: str = "") -> Answer:
        return says({**PAGE, "metadata": {"continue": token}, "items": [{"metadata": {"name": name}}]})

    gone = says({"message": "expired"}, 410)
    with client(tmp_path, in_turn(page("old", "next"), gone, page("new", "next"), page("newer"))) as (
        cluster,
        _,
    ):
        names = [metadata_of(one)["name"] for one in cluster.list(Kind.CONFIG_MAP)]
        assert names == ["new", "newer"]
    error = refused(tmp_path, in_turn(page("old", "next"), gone), READS["list"])
    assert isinstance(error, ClusterUnavailableError)


def test_a_long_log_is_cut(tmp_path: Path) -> None:
    line = b"x" * 1_023 + b"\n"
    with client(tmp_path, says(line * 1_000)) as (cluster, _):
        lines = cluster.log("prod", "agent", "agent", tail_lines=9)
    assert len(lines) == MOST_TEXT_BYTES // len(line)


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"]
)
def test_a_server_that_sends_a_byte_at_a_time_meets_the_deadline(tmp_path: Path, start: bytes) -> None:
    """In its headers, or in its body. After a change, nobody knows whether it was made."""

    def drip(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(start)
        for _ in range(100):
            request.wfile.write(b" ")
            request.wfile.flush()
            time.sleep(0.02)

    started = time.monotonic()
    limits = Limits(1, 0.3, 0.3)
    assert "did not answer in time" in str(refused(tmp_path, drip, READS["get"], limits=limits))
    for operation in CHANGES.values():
        error = refused(tmp_path, drip, operation, limits=limits)
        assert isinstance(error, ClusterLostAnswerError)
        assert "did not answer in time" in str(error)
    assert time.monotonic() - started < 8


def test_after_silence_nobody_knows_whether_a_change_was_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        reached = access(tmp_path, f"http://127.0.0.1:{server.getsockname()[1]}")
        cluster = ClusterObjects(reached, {}, permit=Permit.CHANGE, limits=Limits(1, 0.2, 0.2))
        for operation in CHANGES.values():
            with pytest.raises(ClusterLostAnswerError, match="did not answer in time"):
                operation(cluster)
        for operation in (READS["get"], DRY_RUN):
            with pytest.raises(ClusterAccessError, match="did not answer in time"):
                operation(cluster)


def test_without_a_connection_nothing_was_done(tmp_path: Path) -> None:
    cluster = ClusterObjects(access(tmp_path, "http://127.0.0.1:1"), {}, permit=Permit.CHANGE)
    for operation in (READS["get"], DRY_RUN, *CHANGES.values()):
        with pytest.raises(ClusterAccessError, match="cannot be reached"):
            operation(cluster)


def test_a_connection_that_breaks_loses_the_answer_of_a_change(tmp_path: Path) -> None:
    def hang_up(request: BaseHTTPRequestHandler) -> None:
        request.connection.shutdown(socket.SHUT_RDWR)

    def cut(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", "100")
        request.end_headers()

    for answer in (hang_up, cut):
        assert isinstance(refused(tmp_path, answer, CHANGES["apply"]), ClusterLostAnswerError)
        assert isinstance(refused(tmp_path, answer, READS["get"]), ClusterAccessError)


def test_a_request_that_was_not_taken_is_sent_again_when_the_server_says(tmp_path: Path) -> None:
    slept: list[float] = []
    retry = Retry(sleep=slept.append, chance=lambda: 0.0)
    busy = says({"message": "busy"}, 429, Retry_After="2")
    with client(tmp_path, in_turn(busy, busy, says(config_map("prod"))), retry=retry) as (cluster, asked):
        CHANGES["apply"](cluster)
        assert len(asked) == 3
        assert slept == [2.0, 2.0]


@pytest.mark.parametrize("hint", ["3600", "Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1e9"])
def test_attempts_end(tmp_path: Path, hint: str) -> None:
    error = refused(tmp_path, says({"message": "busy"}, 429, Retry_After=hint), READS["get"])
    assert isinstance(error, ClusterUnavailableError)
    assert error.is_transient
    assert error.retry_after_s == (3600.0 if hint == "3600" else None)
    stopped = Event()
    stopped.set()
    with client(tmp_path, says({}, 429, Retry_After="1"), retry=Retry(stop=stopped)) as (cluster, asked):
        with pytest.raises(ClusterUnavailableError):
            READS["get"](cluster)
        assert len(asked) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_after_an_error_of_the_server_nobody_knows_whether_a_change_was_made(
    tmp_path: Path, status: int
) -> None:
    with client(tmp_path, in_turn(says({}, status), says(config_map("prod")))) as (cluster, asked):
        with pytest.raises(ClusterLostAnswerError):
            CHANGES["apply"](cluster)
        assert len(asked) == 1, "and it is not sent again"
    with client(tmp_path, in_turn(says({}, status), says(config_map("prod")))) as (cluster, asked):
        assert READS["get"](cluster) is not None
        assert len(asked) == 2


@pytest.mark.parametrize("repeats", [CANARY, CANARY.upper(), CANARY[::-1], CANARY.encode().hex()])
@pytest.mark.parametrize("status", [400, 403, 409, 418, 422, 500])
def test_an_explanation_that_repeats_the_token_is_not_shown(
    tmp_path: Path, status: int, repeats: str
) -> None:
    causes = [{"field": repeats, "message": f'conflict with "{repeats}"', "reason": "FieldManagerConflict"}]
    answer = says({"message": f"no: {repeats}", "details": {"causes": causes}}, status)
    for operation in (READS["get"], CHANGES["apply"]):
        error = refused(tmp_path, answer, operation)
        assert repeats not in f"{error} {vars(error)}"


def test_an_explanation_is_one_short_line(tmp_path: Path) -> None:
    error = refused(tmp_path, says({"message": "a\n\x1b[31mb\u202e" + "c" * 9_000}, 403), CHANGES["apply"])
    assert isinstance(error, DeniedError)
    assert len(str(error)) < 500
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "details", [None, [], {"causes": 5}, {"causes": [5, {"reason": 5, "field": [], "message": {}}]}]
)
@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 500])
def test_a_strange_explanation_is_still_an_error(tmp_path: Path, status: int, details: object) -> None:
    refused(tmp_path, says({"message": ["x"], "details": details}, status), CHANGES["apply"])


def test_a_path_that_is_forbidden_is_named(tmp_path: Path) -> None:
    message = 'forbidden: User "reader" cannot get path "/version"'
    error = refused(tmp_path, says({"message": message}, 403), READS["server_version"])
    assert isinstance(error, ClusterForbiddenError)
    assert (error.verb, error.resource) == ("get", "/version")
    assert error.advice == "grant `get` on the path `/version` with a ClusterRole"


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a/b", "a?b", "a%2fb", "a#b", "x" * 254, "a\nb", "ä"],
    ids=lambda name: repr(name)[:9],
)
def test_a_name_cannot_lead_to_another_path(tmp_path: Path, name: str) -> None:
    with client(tmp_path, says({})) as (cluster, asked):
        for operation in (
            lambda: cluster.get(Kind.CONFIG_MAP, "prod", name),
            lambda: cluster.get(Kind.CONFIG_MAP, name or "?", "agent"),
            lambda: cluster.list(PODS, name),
            lambda: cluster.delete(Kind.CONFIG_MAP, "prod", name, uid="1"),
            lambda: cluster.apply(config_map("prod", name)),
            lambda: cluster.log("prod", name, "c", tail_lines=1),
            lambda: cluster.events("prod", name),
        ):
            with pytest.raises(ClusterError, match="is not a name"):
                operation()
        assert asked == []


def test_a_kind_without_a_row_is_a_defect(tmp_path: Path) -> None:
    with (
        client(tmp_path, says({})) as (cluster, _),
        pytest.raises(ValueError, match="unknown kind v1 Secret"),
    ):
        cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}})


def test_a_proxy_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    reached = access(tmp_path, "https://127.0.0.1:1")
    whole = json.loads(reached.path.read_text())
    whole["clusters"][0]["cluster"]["proxy-url"] = "nonsense://u:canary@127.0.0.1:1"
    reached.path.write_text(json.dumps(whole))
    with pytest.raises(ClusterAccessError, match="the proxy of the cluster cannot be used") as caught:
        ClusterObjects(reached, {})
    assert "canary" not in f"{caught.value!r} {caught.value.advice}"
