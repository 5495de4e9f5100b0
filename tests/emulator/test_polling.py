"""Polling, jobs queued by hand, bundles and results (v2 section 9.3, 9.4, 9.7)."""

import base64
import gzip
import io
import tarfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.emulator import ApiError, Choices, Emulator
from reconciler.emulator.web.server import running
from tests.emulator.agent_tokens import AgentKey
from tests.emulator.conftest import HEADERS, START

Make = Callable[..., dict[str, Any]]

AGENT = {"Authorization": f"JWT {AgentKey(bytes([1]) * 32).token()}"}
POLL = "/orgs/acme/remote-runners/runner-one/actions/poll-requests"
PUSH = "/internal/orgs/acme/remote-runners/runner-one/actions/push-message"
DEPLOYMENT = "01234567-89ab-cdef-0123-456789abcdef"
JOB = {"organization": "acme", "runner": "runner-one", "deployment": DEPLOYMENT}
CREATE = {
    "action": "create-job",
    "job_id": "job-1",
    "namespace": "jobs",
    "configuration": {"template": {}},
    "deployment_token": "t",
}
CHECK = {
    "action": "check-job-status",
    "job_id": "job-1",
    "namespace": "jobs",
    "deployment_token": "t",
    "expires_at": "2026-03-01T08:05:00Z",
}


@pytest.fixture(autouse=True)
def registered(emulator: Emulator, runner: Make) -> None:
    emulator.seed({"organization": "acme", "runners": [runner()]})


@pytest.fixture
def impatient(runner: Make) -> Iterator[httpx.Client]:
    """A client of an emulator whose polls do not wait."""
    choices = Choices(poll_seconds=0)
    with Emulator(organizations=["acme"], clock=lambda: START, choices=choices) as made:
        made.seed({"organization": "acme", "runners": [runner()]})
        with httpx.Client(transport=made.transport(), base_url="http://emulator", headers=HEADERS) as client:
            yield client


def poll(client: httpx.Client) -> httpx.Response:
    return client.post(POLL, headers=AGENT, timeout=20)


def until_waiting(emulator: Emulator, agents: int) -> None:
    deadline = time.monotonic() + 10
    while emulator.jobs.waiting_agents("acme", "runner-one") != agents:
        assert time.monotonic() < deadline, "the agents never came to wait"


def move_on(client: httpx.Client, seconds: int) -> None:
    client.put("/_emulator/clock", json={"offset_seconds": seconds})


def test_a_poll_without_messages_ends_with_204_after_its_wait(impatient: httpx.Client) -> None:
    answer = poll(impatient)

    assert (answer.status_code, answer.content) == (204, b"")


def test_a_poll_waits_thirty_seconds_of_the_emulators_clock(emulator: Emulator, door: httpx.Client) -> None:
    with ThreadPoolExecutor() as agents:
        waiting = agents.submit(poll, door)
        until_waiting(emulator, 1)
        emulator.clock.advance(seconds=29.9)
        assert emulator.jobs.waiting_agents("acme", "runner-one") == 1
        emulator.clock.advance(seconds=0.1)

        assert waiting.result(timeout=10).status_code == 204


def test_a_poll_waits_no_longer_than_its_client(client: httpx.Client, emulator: Emulator) -> None:
    with pytest.raises(httpx.ReadTimeout):
        client.post(POLL, headers=AGENT, timeout=0.01)

    assert emulator.jobs.waiting_agents("acme", "runner-one") == 0


def test_a_waiting_poll_blocks_no_other_request(emulator: Emulator, door: httpx.Client) -> None:
    with ThreadPoolExecutor() as agents:
        waiting = [agents.submit(poll, door) for _ in range(3)]
        until_waiting(emulator, 3)

        assert door.get("/orgs/acme/runners").status_code == 200
        assert door.post("/orgs/acme/env-types", json={"id": "dev"}).status_code == 201

        assert not any(one.done() for one in waiting)
        emulator.clock.advance(seconds=30)
        assert [one.result(timeout=10).status_code for one in waiting] == [204] * 3


def test_a_reset_ends_every_wait(emulator: Emulator, door: httpx.Client) -> None:
    with ThreadPoolExecutor() as agents:
        waiting = agents.submit(poll, door)
        until_waiting(emulator, 1)
        door.post("/_emulator/reset")

        assert waiting.result(timeout=10).status_code == 204


def test_a_server_that_stops_answers_waiting_polls(emulator: Emulator) -> None:
    with ThreadPoolExecutor() as agents, httpx.Client(trust_env=False) as client:
        with running(emulator) as url:
            waiting = agents.submit(client.post, url + POLL, headers=AGENT, timeout=20)
            until_waiting(emulator, 1)
        answer = waiting.result(timeout=10)

    assert answer.status_code == 204


def test_an_agent_that_disconnects_no_longer_waits(emulator: Emulator) -> None:
    with running(emulator) as url, httpx.Client(base_url=url, trust_env=False) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.post(POLL, headers=AGENT, timeout=0.2)
        until_waiting(emulator, 0)

        assert client.post(PUSH, json=CREATE).status_code == 503


@pytest.mark.parametrize("message", [CREATE, CHECK], ids=["create-job", "check-job-status"])
def test_a_pushed_message_reaches_every_waiting_replica(
    emulator: Emulator, door: httpx.Client, message: Any
) -> None:
    with ThreadPoolExecutor() as agents:
        waiting = [agents.submit(poll, door) for _ in range(2)]
        until_waiting(emulator, 2)

        assert door.post(PUSH, json=message).status_code == 204

        answers = [one.result(timeout=10) for one in waiting]
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, message)] * 2


def test_a_message_pushed_while_nobody_waits_is_lost(impatient: httpx.Client) -> None:
    refused = impatient.post(PUSH, json=CREATE)

    assert refused.status_code == 503
    assert refused.json() == {"error": "HTTP-503", "message": "runner is not connected"}
    assert poll(impatient).status_code == 204


@pytest.mark.parametrize(
    ("body", "start"),
    [
        ({**CREATE, "action": "dance"}, 'Error at "": discriminator property "action" has invalid value'),
        ({"job_id": "x"}, 'input does not contain the discriminator property "action"'),
        ({"action": "create-job"}, "property"),
        ({**CREATE, "configuration": []}, "value must be an object"),
        ({**CHECK, "expires_at": "soon"}, "string doesn't match"),
        ({**CHECK, "namespace": 1}, "value must be a string"),
    ],
    ids=["unknown action", "no action", "no more", "configuration", "moment", "type"],
)
def test_messages_of_another_form_are_refused(client: httpx.Client, body: Any, start: str) -> None:
    answer = client.post(PUSH, json=body)

    assert answer.status_code == 400
    assert start.removeprefix('Error at "": ') in answer.json()["message"]


def test_a_queued_job_waits_for_the_next_poll(impatient: httpx.Client) -> None:
    queued = impatient.post("/_emulator/jobs", json=JOB)
    assert (queued.status_code, queued.json()["status"]) == (201, "pending")

    message = poll(impatient).json()

    assert (message["action"], message["job_id"], message["namespace"]) == ("create-job", DEPLOYMENT, "jobs")
    assert message["deployment_token"] == queued.json()["deployment_token"]
    assert poll(impatient).status_code == 204
    shown = impatient.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()
    assert (shown["status"], shown["delivered_at"]) == ("delivered", "2026-03-01T08:00:00.000000Z")


def test_a_job_queued_while_agents_wait_reaches_them_at_once(emulator: Emulator, door: httpx.Client) -> None:
    with ThreadPoolExecutor() as agents:
        waiting = [agents.submit(poll, door) for _ in range(2)]
        until_waiting(emulator, 2)

        assert door.post("/_emulator/jobs", json=JOB).json()["status"] == "delivered"

        assert {one.result(timeout=10).json()["job_id"] for one in waiting} == {DEPLOYMENT}


def test_jobs_are_delivered_in_order_and_only_to_their_runner(impatient: httpx.Client, runner: Make) -> None:
    impatient.post("/orgs/acme/runners", json=runner("runner-two"))
    impatient.post("/_emulator/jobs", json={"organization": "acme", "runner": "runner-two"})
    first, second = (
        impatient.post("/_emulator/jobs", json={"organization": "acme", "runner": "runner-one"}).json()["id"]
        for _ in range(2)
    )

    answers = [poll(impatient) for _ in range(3)]

    assert [answer.json()["job_id"] for answer in answers[:2]] == [first, second]
    assert answers[2].status_code == 204


def test_no_message_is_delivered_twice_however_many_poll(runner: Make) -> None:
    with Emulator(organizations=["acme"], choices=Choices(poll_seconds=0)) as made:
        made.seed({"organization": "acme", "runners": [runner()]})
        for _ in range(40):
            made.jobs.queue({"organization": "acme", "runner": "runner-one"})
        client = httpx.Client(transport=made.transport(), base_url="http://emulator")
        with ThreadPoolExecutor(max_workers=8) as agents:
            answers = list(agents.map(lambda _: poll(client), range(60)))

    ids = [answer.json()["job_id"] for answer in answers if answer.status_code == 200]
    assert (len(ids), len(set(ids))) == (40, 40)


def test_a_job_that_no_agent_fetches_fails_after_two_minutes(impatient: httpx.Client) -> None:
    impatient.post("/_emulator/jobs", json=JOB)
    move_on(impatient, 119)
    assert impatient.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()["status"] == "pending"
    move_on(impatient, 120)

    shown = impatient.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()

    assert shown["status"] == "failure"
    assert shown["completed_at"] == "2026-03-01T08:02:00.000000Z"
    assert shown["result"]["error"]["message"] == (
        'kubernetes-agent runner "runner-one" not reachable,'
        " please check your network connectivity and configuration"
    )
    assert poll(impatient).status_code == 204


def test_a_late_poll_finds_nothing(impatient: httpx.Client) -> None:
    impatient.post("/_emulator/jobs", json=JOB)
    move_on(impatient, 120)

    assert poll(impatient).status_code == 204
    assert impatient.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()["status"] == "failure"


def test_the_agent_is_asked_whether_a_job_runs(impatient: httpx.Client) -> None:
    token = impatient.post("/_emulator/jobs", json=JOB).json()["deployment_token"]
    poll(impatient)

    assert impatient.post(f"/_emulator/jobs/acme/{DEPLOYMENT}/check").status_code == 200

    assert poll(impatient).json() == {
        "action": "check-job-status",
        "job_id": DEPLOYMENT,
        "namespace": "jobs",
        "deployment_token": token,
        "expires_at": "2026-03-01T08:05:00.000000Z",
    }


def test_a_queued_job_survives_a_restart(tmp_path: Path, runner: Make) -> None:
    state_file = tmp_path / "state.db"
    with Emulator(state_file, ["acme"]) as made:
        made.seed({"organization": "acme", "runners": [runner()]})
        token = made.jobs.queue(JOB)["deployment_token"]
    with Emulator(state_file) as made:
        client = httpx.Client(transport=made.transport(), base_url="http://emulator")

        assert poll(client).json()["deployment_token"] == token


def test_the_job_is_the_documented_one_with_the_pod_template_merged_in(
    client: httpx.Client, runner: Make
) -> None:
    template = {
        "metadata": {"labels": {"app.kubernetes.io/name": "runner"}},
        "spec": {
            "tolerations": [{"key": "spot"}],
            "volumes": [{"name": "ssh", "secret": {"secretName": "s"}}],
            "containers": [
                {
                    "name": "main",
                    "image": "mirror/runner:1",
                    "env": [{"name": "EXTRA", "value": "1"}],
                    "securityContext": None,
                    "volumeMounts": [{"name": "ssh", "mountPath": "/ssh"}],
                },
                {"name": "second"},
            ],
        },
    }
    change = {
        "type": "kubernetes-agent",
        "job": {"namespace": "jobs", "service_account": "job", "pod_template": template},
    }
    changed = client.patch("/orgs/acme/runners/runner-one", json={"runner_configuration": change})
    assert changed.status_code == 200, changed.text
    token = client.post("/_emulator/jobs", json={**JOB, "mode": "destroy"}).json()["deployment_token"]

    spec = poll(client).json()["configuration"]

    assert (spec["ttlSecondsAfterFinished"], spec["parallelism"], spec["backoffLimit"]) == (3600, 1, 0)
    assert spec["template"]["metadata"] == template["metadata"]
    pod = spec["template"]["spec"]
    assert (pod["restartPolicy"], pod["serviceAccountName"]) == ("Never", "job")
    assert [volume["name"] for volume in pod["volumes"]] == ["tofu", "ssh"]
    main, second = pod["containers"]
    assert "securityContext" not in main
    assert (main["image"], main["args"], second) == ("mirror/runner:1", ["standard"], {"name": "second"})
    assert [mount["mountPath"] for mount in main["volumeMounts"]] == ["/opt/runner/tofu", "/ssh"]
    environment = {item["name"]: item["value"] for item in main["env"]}
    assert (
        environment
        | {
            "ORG_ID": "acme",
            "DEPLOYMENT_ID": DEPLOYMENT,
            "MODE": "destroy",
            "TOKEN": token,
            "EXTRA": "1",
        }
        == environment
    )


@pytest.mark.parametrize("configuration", [{"backoffLimit": 7}, {}])
def test_a_job_may_have_a_configuration_of_its_own(
    impatient: httpx.Client, configuration: dict[str, int]
) -> None:
    impatient.post("/_emulator/jobs", json={**JOB, "configuration": configuration})

    assert poll(impatient).json()["configuration"] == configuration


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"runner": "nobody"}, 404),
        ({"organization": "nowhere"}, 404),
        ({"deployment": "x"}, 400),
        ({"mode": "dance"}, 400),
        ({"bundle": "?"}, 400),
        ({"configuration": []}, 400),
        ({"speed": 7}, 400),
    ],
    ids=str,
)
def test_invalid_jobs_are_refused(client: httpx.Client, change: Any, status: int) -> None:
    assert client.post("/_emulator/jobs", json={**JOB, **change}).status_code == status


def test_jobs_need_a_runner_that_polls_and_an_id_of_their_own(
    emulator: Emulator, client: httpx.Client, runner: Make
) -> None:
    configuration = {
        "type": "kubernetes",
        "job": {"namespace": "jobs", "service_account": "job"},
        "cluster": {"cluster_data": {"certificate_authority_data": "", "server": "s"}, "auth": {}},
    }
    client.post("/orgs/acme/runners", json=runner("direct", runner_configuration=configuration))
    emulator.jobs.queue(JOB)

    assert client.post("/_emulator/jobs", json=JOB).status_code == 409
    direct = {"organization": "acme", "runner": "direct"}
    assert client.post("/_emulator/jobs", json=direct).status_code == 409
    assert client.post("/_emulator/jobs", json={}).status_code == 400
    with pytest.raises(ApiError, match="deployment not found"):
        emulator.jobs.check("acme", str(uuid.uuid4()))


RESULTS = f"/orgs/acme/deployments/{DEPLOYMENT}/results"
BUNDLE = f"/orgs/acme/deployments/{DEPLOYMENT}/bundle"


@pytest.fixture
def token(emulator: Emulator) -> dict[str, str]:
    """The header of a queued deployment's job."""
    return {"X-Deployment-Token": emulator.jobs.queue(JOB)["deployment_token"]}


def test_the_token_is_a_digest_that_depends_on_organization_and_deployment(emulator: Emulator) -> None:
    tokens = {
        emulator.jobs.queue({"organization": "acme", "runner": "runner-one"})["deployment_token"]
        for _ in range(3)
    }

    assert len(tokens) == 3
    for one in tokens:
        assert "=" not in one
        assert len(base64.urlsafe_b64decode(one + "=")) == 32


def test_results_are_accepted_once_and_shown(client: httpx.Client, token: dict[str, str]) -> None:
    result = {
        "status": "success",
        "outputs": "YWdl",
        "tf_resource_counts": {
            "num_resources": 3,
            "num_resources_added": 2,
            "num_resources_removed": 0,
            "num_resources_changed": 1,
        },
        "metadata": [{"node_id": "n", "metadata": {"any": ["thing", None]}}],
    }

    answer = client.post(RESULTS, json=result, headers=token)

    assert (answer.status_code, answer.content) == (204, b"")
    shown = client.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()
    assert (shown["status"], shown["result"]) == ("success", result)
    again = client.post(RESULTS, json={"status": "failure"}, headers=token)
    assert (again.status_code, again.json()["error"]) == (409, "HTTP-409")
    assert client.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()["status"] == "success"


def test_an_agents_failure_is_shown_with_its_reason(client: httpx.Client, token: dict[str, str]) -> None:
    failure = {
        "status": "failure",
        "error": {"error": "REMOTE_RUNNER", "message": "no pod", "details": {"a": 1}},
    }

    assert client.post(RESULTS, json=failure, headers=token).status_code == 204

    shown = client.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()
    assert (shown["status"], shown["result"]) == ("failure", failure)


def test_results_after_the_deployment_was_abandoned_are_a_conflict(
    client: httpx.Client, token: dict[str, str]
) -> None:
    move_on(client, 120)

    assert client.post(RESULTS, json={"status": "success"}, headers=token).status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"status": "maybe"},
        {"status": "success", "unknown": 1},
        {"status": "success", "outputs": "?"},
        {"status": "success", "error": {"error": "x"}},
        {"status": "success", "error": {"error": "x", "message": "y", "more": 1}},
        {"status": "success", "tf_resource_counts": {"num_resources": 1}},
        {
            "status": "success",
            "tf_resource_counts": {
                "num_resources": True,
                "num_resources_added": 0,
                "num_resources_removed": 0,
                "num_resources_changed": 0,
            },
        },
        {"status": "success", "metadata": [{"node_id": "n"}]},
        {"status": "success", "metadata": {}},
    ],
    ids=str,
)
def test_results_of_another_form_are_refused(
    client: httpx.Client, token: dict[str, str], body: dict[str, Any]
) -> None:
    answer = client.post(RESULTS, json=body, headers=token)

    assert (answer.status_code, answer.json()["error"]) == (400, "HTTP-400")
    assert client.get(f"/_emulator/jobs/acme/{DEPLOYMENT}").json()["status"] == "pending"


@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_job_calls_need_the_deployments_own_token(
    client: httpx.Client, token: dict[str, str], verb: str
) -> None:
    path = BUNDLE if verb == "GET" else RESULTS
    body = None if verb == "GET" else {"status": "success"}

    def status(path: str, headers: dict[str, Any] | None) -> int:
        return client.request(verb, path, json=body, headers=headers).status_code

    assert status(path, None) == 400
    assert status(path, {"X-Deployment-Token": "wrong"}) == 404
    assert status(path, {"X-Deployment-Token": "wr\u00f6ng".encode("latin-1")}) == 404
    assert status(path.replace("acme", "nowhere"), token) == 404
    assert status(path.replace(DEPLOYMENT, str(uuid.uuid4())), token) == 404
    assert status(path.replace(DEPLOYMENT, "x"), token) == 400


def test_job_calls_need_no_user(emulator: Emulator, token: dict[str, str]) -> None:
    client = httpx.Client(transport=emulator.transport(), base_url="http://emulator")

    assert client.get(BUNDLE, headers=token).status_code == 200
    assert client.post(RESULTS, json={"status": "success"}, headers=token).status_code == 204


def test_a_bundle_is_the_archive_that_was_queued(door: httpx.Client) -> None:
    archive = gzip.compress(b"files")
    body = {**JOB, "bundle": base64.b64encode(archive).decode()}
    token = door.post("/_emulator/jobs", json=body).json()["deployment_token"]

    answer = door.get(BUNDLE, headers={"X-Deployment-Token": token})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-gzip")
    assert answer.content == archive


def test_a_job_without_a_bundle_has_an_archive_without_files(
    client: httpx.Client, token: dict[str, str]
) -> None:
    archive = client.get(BUNDLE, headers=token).content

    with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as opened:
        assert opened.getnames() == []


def test_tokens_of_deployments_stay_out_of_the_log(
    emulator: Emulator, client: httpx.Client, token: dict[str, str]
) -> None:
    client.get(BUNDLE, headers=token)
    poll(client)

    logged = str([entry.document() for entry in emulator.log.entries()])
    assert token["X-Deployment-Token"] not in logged


def test_polls_are_counted_over_http(emulator: Emulator, door: httpx.Client) -> None:
    waiting = threading.Thread(target=poll, args=[door])
    waiting.start()
    until_waiting(emulator, 1)

    assert door.get("/_emulator/polls/acme/runner-one").json() == {"waiting": 1}
    emulator.clock.advance(seconds=30)
    waiting.join(timeout=10)
    assert door.get("/_emulator/polls/acme/runner-one").json() == {"waiting": 0}
