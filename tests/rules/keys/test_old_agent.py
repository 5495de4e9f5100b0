"""The SSH agent of before 2024: R25."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.keys.documents import agent, judgement, messages, of, severities, unknown

IMAGE = "registry.humanitec.io/public/humanitec-agent:1.0.2"


def deployment(image: str, container: str = "", name: str = "tunnel") -> str:
    return (
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: agent}}\n"
        f"spec: {{template: {{spec: {{containers: [{{name: x, image: '{image}'{container}}}]}}}}}}\n---\n"
    )


PORT = ", env: [{name: REMOTE_PORT, value: '1'}]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(deployment(IMAGE), "image `public/humanitec-agent:1.0.2`", id="image"),
        pytest.param(deployment("mirror/" + IMAGE), "image `public/humanitec-agent:1.0.2`", id="mirrored"),
        pytest.param(
            deployment(IMAGE, PORT),
            "image `public/humanitec-agent:1.0.2`, variable `REMOTE_PORT`",
            id="image and port",
        ),
        pytest.param(deployment("x/humanitec-agent-client:1.1.7", PORT), "variable `REMOTE_PORT`", id="port"),
        pytest.param(
            deployment("x:1", ", args: [agent.humanitec.io:22]", "humanitec-agent"),
            "host `agent.humanitec.io`",
            id="host",
        ),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: humanitec-agent-configmap-env}\n"
            "data: {REMOTE_PORT: '1'}\n",
            "variable `REMOTE_PORT`",
            id="ConfigMap",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Secret\nmetadata: {name: humanitec-agent-key}\ndata: {id.key: ''}\n",
            "file `id.key`",
            id="Secret",
        ),
        pytest.param(
            deployment("x:1", ", volumeMounts: [{mountPath: /keys/id.key}]", "humanitec-agent"),
            "file `id.key`",
            id="path",
        ),
    ],
)
def test_traces_of_it_in_manifests_are_errors(text: str, expected: str) -> None:
    found = judgement(text)
    assert messages(found, "R25") == [f"Settings of the discontinued SSH agent: {expected}"]
    assert severities(found, "R25") == [Severity.ERROR]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(deployment("ghcr.io/humanitec/agent:1.8.4", name="humanitec-agent"), id="today's"),
        pytest.param(deployment("x/public/humanitec-agent-client:1.1.8"), id="the next one"),
        pytest.param(deployment("x/public/humanitec-agent:1.10.0"), id="another version"),
        pytest.param(deployment("vpn:1", PORT), id="other software with such a variable"),
        pytest.param(deployment("vpn:1", ", args: [/etc/id.key]"), id="other software with such a file"),
        pytest.param(deployment("x:1", ", args: [agent-01.humanitec.io]"), id="today's host"),
        pytest.param(deployment("x:1", ", args: [my-agent.humanitec.io.example.com]"), id="other hosts"),
        pytest.param(f"image: {IMAGE}\n", id="no object"),
    ],
)
def test_other_software_is_left_alone(text: str) -> None:
    assert messages(judgement(text), "R25") == []


def test_host_in_a_firewalls_list_is_a_warning() -> None:
    text = (
        "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: {name: egress}\n"
        "spec: {egress: [{toFQDNs: [{matchName: agent.humanitec.io}, {matchName: agent-01.humanitec.io}]}]}\n"
    )
    found = judgement(text)
    assert severities(found, "R25") == [Severity.WARNING]
    assert of(found, "R25")[0].origin.line == 4


@pytest.mark.parametrize(
    ("install", "expected"),
    [
        pytest.param(f"{{image: {IMAGE}}}", "image `public/humanitec-agent:1.0.2`", id="image"),
        pytest.param("{env: {REMOTE_PORT: '1'}}", "variable `REMOTE_PORT`", id="variable"),
        pytest.param("{privateKey: {path: /keys/id.key}}", "file `id.key`", id="path"),
        pytest.param("{privateKey: {secretKey: id.key}}", "file `id.key`", id="entry"),
        pytest.param("{env: {HOST: agent.humanitec.io}}", "host `agent.humanitec.io`", id="host"),
        pytest.param(
            "{helmValues: {env: [{name: REMOTE_PORT}]}}", "variable `REMOTE_PORT`", id="chart value"
        ),
        pytest.param(
            "{image: ghcr.io/humanitec/agent:1.8.4, helmValues: {humanitec: {org: acme}}}", "", id="today's"
        ),
    ],
)
def test_traces_of_it_in_installations_are_errors(install: str, expected: str) -> None:
    found = judgement(agent(install=install))
    assert messages(found, "R25") == (
        [f"Settings of the discontinued SSH agent: {expected}"] if expected else []
    )


def test_deployments_on_clusters_of_agents_are_checked_once() -> None:
    objects = deployment(IMAGE).removesuffix("---\n")
    body = "\n".join(f"      {line}" for line in objects.splitlines())
    clusters = f"eu-1:\n  objects:\n    -\n{body}\n"
    documents = agent(install="{cluster: eu-1}") + agent("eu-2", install="{cluster: eu-1}")
    found = judgement(documents, clusters=clusters)
    assert messages(found, "R25") == [
        (
            "Settings of the discontinued SSH agent in Deployment `agent/tunnel` of cluster `eu-1`: image "
            "`public/humanitec-agent:1.0.2`"
        )
    ]
    other = clusters.replace("humanitec-agent", "other")
    assert messages(judgement(documents, clusters=other), "R25") == []


def test_cluster_that_was_not_read_is_unknown() -> None:
    found = judgement(agent(install="{cluster: eu-1}"))
    assert unknown(found, "R25") == ["cluster `eu-1` was not read"]
    assert unknown(judgement(agent()), "R25") == []
