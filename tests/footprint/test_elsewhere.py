"""Installations that other tools or people bring to their place: Helm, Flux, Argo CD, container groups, Docker."""

import base64
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.facts.delivery import Delivery
from reconciler.footprint.value import Footprint, Handover, SecretEntry
from tests.footprint.combinations import IMAGE
from tests.footprint.documents import agent, footprints, only, runner

CHART = "chartVersion: 1.2.10"
KEY = "privateKey: {secretName: agent-key}"


def handover(text: str) -> Handover:
    found = only(text)
    assert (found.refusal, found.objects, found.documents) == ("", (), ())
    assert found.handover is not None
    return found.handover


def values(text: str) -> Any:
    return yaml.safe_load(handover(text).files[0][1])


# Helm


def test_the_values_of_an_agent() -> None:
    assert values(agent(f"{{cluster: eu-1, {CHART}}}")) == {"humanitec": {"org": "acme"}}
    install = (
        f"{{cluster: eu-1, {CHART}, image: 'ghcr.io/humanitec/agent:1.8.4', registry: r.example.com, "
        "podSecurity: {runAsUser: 65532}, helmValues: {humanitec: {x: y}, image: {pullPolicy: Always}}}"
    )
    assert values(agent(install)) == {
        "humanitec": {"org": "acme", "x": "y"},
        "image": {"repository": "r.example.com/humanitec/agent", "tag": "1.8.4", "pullPolicy": "Always"},
        "podSecurityContext": {"runAsUser": 65532, "runAsGroup": 65532, "fsGroup": 65532},
    }


def test_the_command_of_an_agent_takes_the_key_from_a_file() -> None:
    found = handover(agent(f"{{cluster: eu-1, {CHART}}}"))
    assert found.install[-1] == (
        "helm upgrade --install humanitec-agent oci://ghcr.io/humanitec/charts/humanitec-agent --namespace "
        "humanitec-agent --create-namespace --version 1.2.10 --values agent-eu-1.values.yaml --set-file "
        "humanitec.privateKey=private_key.pem --wait --timeout 300s"
    )
    assert found.remove == ("helm uninstall humanitec-agent --namespace humanitec-agent",)
    assert found.check[0].startswith("kubectl rollout status deployment/humanitec-agent")


def test_the_command_of_an_agent_reads_a_named_secret_first_and_leaves_no_file() -> None:
    found = handover(agent(f"{{cluster: eu-1, {CHART}, {KEY}}}"))
    assert found.install[-3] == (
        "(umask 077; kubectl get secret agent-key --namespace humanitec-agent --output "
        """'go-template={{index .data "private_key" | base64decode}}' > private_key.pem)"""
    )
    assert found.install[-1] == "rm private_key.pem"


def test_a_chart_without_a_version_is_the_newest_and_comes_from_the_declared_registry() -> None:
    (command,) = (
        line
        for line in handover(agent("{cluster: eu-1, method: helm, registry: r.example.com/m}")).install
        if line.startswith("helm")
    )
    assert "--version" not in command
    assert " oci://r.example.com/m/humanitec/charts/humanitec-agent " in command


def test_the_values_of_a_runner() -> None:
    assert values(runner("{cluster: eu-1, chartVersion: 0.1.1}")) == {
        "humanitec": {
            "orgId": "acme",
            "runnerId": "eu-1",
            "existingSecret": "humanitec-kubernetes-agent-runner",
        },
        "namespaceOverride": "humanitec-kubernetes-agent-runner-ns",
        "serviceAccount": {"name": "humanitec-kubernetes-agent-runner"},
        "jobsRbac": {"namespace": "jobs", "serviceAccountName": "job"},
    }


def test_every_field_of_a_runner_becomes_a_value() -> None:
    install = """
        cluster: eks-1
        namespace: runner
        chart: oci://r.example.com/charts/humanitec-kubernetes-agent-runner:0.1.1
        image: ghcr.io/humanitec/humanitec-runner:v1.2.3
        registry: r.example.com
        imagePullSecrets: [regcred]
        serviceAccount: own
        identity: {roleArn: "arn:aws:iam::123456789012:role/runner"}
        orchestratorUrl: https://o.example.com
        env: {A: b}
        logLevel: debug
        replicas: 2
        resources: {limits: {cpu: 1.5, memory: 1024Mi}}
        privateKey: {secretName: k, secretKey: e}
        helmValues: {serviceAccount: {annotations: {x: y}}}
        namespaceLabels: {team: x}
        """
    assert values(runner(install)) == {
        "humanitec": {
            "orgId": "acme",
            "runnerId": "eu-1",
            "existingSecret": "k",
            "existingSecretKey": "e",
            "logLevel": "debug",
            "extraEnvVars": [
                {"name": "A", "value": "b"},
                {"name": "REMOTE_URL", "value": "https://o.example.com"},
            ],
        },
        "namespaceOverride": "runner",
        "serviceAccount": {
            "name": "own",
            "annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/runner", "x": "y"},
        },
        "jobsRbac": {"namespace": "jobs", "serviceAccountName": "job"},
        "replicaCount": 2,
        "image": {"repository": "r.example.com/humanitec/humanitec-runner", "tag": "v1.2.3"},
        "imagePullSecrets": [{"name": "regcred"}],
        "resources": {"limits": {"cpu": "1500m", "memory": "1Gi"}},
    }
    found = handover(runner(install))
    assert found.install == (
        "kubectl apply --server-side --filename runner.namespace.yaml",
        "kubectl apply --server-side --filename jobs.namespace.yaml",
        (
            "helm upgrade --install humanitec-kubernetes-agent-runner "
            "oci://r.example.com/charts/humanitec-kubernetes-agent-runner --namespace runner --create-namespace "
            "--version 0.1.1 --values runner-eu-1.values.yaml --wait --timeout 300s"
        ),
    )
    labels = [yaml.safe_load(text)["metadata"]["labels"]["team"] for _, text in found.files[1:]]
    assert labels == ["x", "x"]
    assert only(runner(install)).secrets == (SecretEntry("runner", "k", "e"),)


def test_the_chart_decides_which_image_an_agent_runs() -> None:
    assert only(agent(f"{{cluster: eu-1, {CHART}}}")).image == ""
    assert only(agent(f"{{cluster: eu-1, {CHART}, image: 'ghcr.io/humanitec/agent:1.8.4'}}")).image.endswith(
        ":1.8.4"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            agent(f"{{cluster: eu-1, {CHART}}}", organizations="[acme, shop]"),
            "it serves `acme`, `shop`, and the chart takes one organization",
        ),
        (agent(f"{{cluster: eu-1, {CHART}}}", organizations="[]"), "no organization is known"),
        (
            agent(f"{{cluster: eu-1, {CHART}, replicas: 2}}"),
            "no value of the chart is documented for `replicas`",
        ),
        (
            agent(f"{{cluster: eu-1, {CHART}, networkPolicy: true}}"),
            "no value of the chart is documented for",
        ),
        (agent(f"{{cluster: eu-1, {CHART}, image: 'a@sha256:00'}}"), "the chart takes an image by its tag"),
        (agent(f"{{cluster: eu-1, {CHART}, namespace: A}}"), "`namespace` does not have"),
        (
            agent(f"{{cluster: eu-1, {CHART}, helmValues: {{humanitec: {{privateKey: x}}}}}}"),
            "`helmValues` contains the private key (`humanitec.privateKey`)",
        ),
        (runner("{cluster: eu-1, chartVersion: 0.1.1, serviceAccount: job}"), "the runner and its jobs have"),
        (
            runner("{cluster: eu-1, chartVersion: 0.1.1, privateKey: {secretName: a_b}}"),
            "`privateKey.secretName`",
        ),
    ],
)
def test_what_the_chart_cannot_do_is_refused_with_a_reason(text: str, reason: str) -> None:
    found = only(text)
    assert found.refusal.startswith(reason)
    assert found.handover is None


# Flux and Argo CD


def documents(text: str) -> list[Any]:
    found = only(text)
    assert (found.refusal, found.objects, found.handover) == ("", (), None)
    return list(found.documents)


def test_flux_installs_an_agent_with_the_key_of_a_secret() -> None:
    namespace, repository, release = documents(agent(f"{{cluster: eu-1, delivery: flux, {CHART}, {KEY}}}"))
    assert namespace["metadata"]["name"] == "humanitec-agent"
    assert repository["spec"] == {
        "interval": "10m",
        "url": "oci://ghcr.io/humanitec/charts/humanitec-agent",
        "ref": {"tag": "1.2.10"},
        "layerSelector": {
            "mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            "operation": "copy",
        },
    }
    assert release["spec"] == {
        "interval": "10m",
        "timeout": "300s",
        "releaseName": "humanitec-agent",
        "chartRef": {"kind": "OCIRepository", "name": "humanitec-agent"},
        "values": {"humanitec": {"org": "acme"}},
        "valuesFrom": [
            {
                "kind": "Secret",
                "name": "agent-key",
                "valuesKey": "private_key",
                "targetPath": "humanitec.privateKey",
            }
        ],
    }
    assert {body["metadata"]["namespace"] for body in (repository, release)} == {"humanitec-agent"}


def test_flux_installs_a_runner_from_a_mirror_with_its_credentials() -> None:
    install = (
        "{cluster: eu-1, delivery: flux, chartVersion: 0.1.1, registry: r.example.com, imagePullSecrets: [r]}"
    )
    *spaces, repository, release = documents(runner(install))
    assert [space["metadata"]["name"] for space in spaces] == ["humanitec-kubernetes-agent-runner-ns", "jobs"]
    assert repository["spec"]["secretRef"] == {"name": "r"}
    assert repository["spec"]["url"].startswith("oci://r.example.com/humanitec/charts/")
    assert "valuesFrom" not in release["spec"]


def test_argo_cd_installs_a_runner() -> None:
    application = documents(runner("{cluster: eu-1, delivery: argocd, chartVersion: 0.1.1}"))[-1]
    assert (application["metadata"]["namespace"], application["spec"]["source"]["repoURL"]) == (
        "argocd",
        "ghcr.io/humanitec/charts",
    )
    assert application["spec"]["source"]["chart"] == "humanitec-kubernetes-agent-runner"
    assert application["spec"]["source"]["targetRevision"] == "0.1.1"
    assert application["spec"]["destination"] == {
        "server": "https://kubernetes.default.svc",
        "namespace": "humanitec-kubernetes-agent-runner-ns",
    }


def test_argo_cd_installs_an_agent_whose_chart_is_told_to_read_a_secret() -> None:
    install = (
        f"{{cluster: eu-1, delivery: argocd, {CHART}, helmValues: {{humanitec: {{existingSecret: k}}}}}}"
    )
    assert documents(agent(install))[-1]["spec"]["source"]["helm"] == {
        "releaseName": "humanitec-agent",
        "valuesObject": {"humanitec": {"org": "acme", "existingSecret": "k"}},
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (agent("{cluster: eu-1, delivery: flux}"), "Flux installs a fixed version"),
        (
            agent(f"{{cluster: eu-1, delivery: flux, {CHART}}}"),
            "the chart takes the private key as a value; name",
        ),
        (agent("{cluster: eu-1, delivery: argocd}"), "Argo CD installs a fixed version"),
        (
            agent(f"{{cluster: eu-1, delivery: argocd, {CHART}}}"),
            "the chart takes the private key as a value (",
        ),
        (runner("{cluster: eu-1, delivery: argocd}"), "Argo CD installs a fixed version"),
    ],
)
def test_what_git_cannot_contain_is_refused(text: str, reason: str) -> None:
    assert only(text).refusal.startswith(reason)


def test_two_releases_of_one_namespace_have_names_of_their_own() -> None:

    one = agent(f"{{cluster: eu-1, delivery: flux, {CHART}, {KEY}}}", "one")
    two = agent("{cluster: eu-1}", "two")
    names = [found.workload.name for found in footprints(one, two) if found.workload is not None]
    assert names == ["humanitec-agent-one", "humanitec-agent-two"]


# Container groups and Docker

GROUP = "containerGroup: {resourceGroup: my-resource-group, location: my-location}"
ACI = f"host: azure-container-instances, {GROUP}"


def test_the_container_group_is_as_documented() -> None:
    found = handover(agent(f"{{{ACI}}}"))
    ((name, text),) = found.files
    assert name == "aci-humanitec-agent.yaml"
    assert yaml.safe_load(text) == {
        "apiVersion": "2019-12-01",
        "location": "my-location",
        "type": "Microsoft.ContainerInstance/containerGroups",
        "name": "humanitec-agent",
        "properties": {
            "containers": [
                {
                    "name": "humanitec-agent",
                    "properties": {
                        "environmentVariables": [{"name": "ORGS", "value": "acme"}],
                        "image": "ghcr.io/humanitec/agent:1.2.0",
                        "resources": {"requests": {"cpu": 0.05, "memoryInGB": 0.1}},
                        "volumeMounts": [{"mountPath": "/keys", "name": "agentmount"}],
                    },
                }
            ],
            "osType": "Linux",
            "restartPolicy": "Always",
            "volumes": [{"name": "agentmount", "secret": {"private_key.pem": "__PRIVATE_KEY__"}}],
        },
    }
    assert found.install[1:] == (
        "az container create --resource-group my-resource-group --file aci-humanitec-agent.with-key.yaml",
        "rm aci-humanitec-agent.with-key.yaml",
    )
    assert found.check == (
        (
            "az container show --name humanitec-agent --resource-group my-resource-group | jq "
            "'.containers[0].instanceView.currentState'"
        ),
        "az container logs --name humanitec-agent --resource-group my-resource-group",
    )


def test_the_command_fills_the_key_into_the_manifest(tmp_path: Path) -> None:
    """In one line of base64, in a file that nobody else can read, and never as an argument."""
    found = handover(agent(f"{{{ACI}}}"))
    name, text = found.files[0]
    (tmp_path / name).write_text(text)
    key = b"made up & not a key\n" * 40
    (tmp_path / "private_key.pem").write_bytes(key)
    subprocess.run(["sh", "-c", found.install[0]], cwd=tmp_path, check=True)
    filled = tmp_path / "aci-humanitec-agent.with-key.yaml"
    (volume,) = yaml.safe_load(filled.read_text())["properties"]["volumes"]
    assert base64.b64decode(volume["secret"]["private_key.pem"], validate=True) == key
    assert filled.stat().st_mode & 0o777 == 0o600
    assert filled.read_text().splitlines()[:-1] == text.splitlines()[:-1]


def test_a_container_group_takes_what_is_declared() -> None:
    install = (
        "{host: azure-container-instances, containerGroup: {name: own, resourceGroup: g, location: l}, "
        "env: {LOG_LEVEL: DEBUG}, resources: {requests: {cpu: 500m, memory: 512Mi}}}"
    )
    found = yaml.safe_load(handover(agent(install)).files[0][1])
    container = found["properties"]["containers"][0]["properties"]
    assert found["name"] == "own"
    assert container["resources"]["requests"] == {"cpu": 0.5, "memoryInGB": 0.537}
    assert {"name": "LOG_LEVEL", "value": "DEBUG"} in container["environmentVariables"]


def test_the_docker_command_mounts_the_folder_of_the_key_read_only() -> None:
    found = handover(agent("{host: docker}"))
    assert found.install == (
        "install -d -m 0700 -o 1000 -g 1000 /etc/humanitec-agent",
        "install -m 0600 -o 1000 -g 1000 private_key.pem /etc/humanitec-agent/private_key.pem",
        (
            "docker run --detach --restart always --name humanitec-agent --env ORGS=acme --user 1000:1000 --read-only "
            "--cap-drop ALL --security-opt no-new-privileges --volume /etc/humanitec-agent:/keys:ro "
            "ghcr.io/humanitec/agent:1.2.0"
        ),
    )
    assert found.remove == ("docker rm --force humanitec-agent",)


def test_the_docker_command_takes_what_is_declared() -> None:
    install = (
        "{host: docker, docker: {name: own, keyDirectory: /srv/keys}, podSecurity: {runAsUser: 65532, "
        "readOnlyRootFilesystem: false, privileged: true, allowPrivilegeEscalation: true, dropCapabilities: []}, "
        "env: {CONNECTION_ID: 'a b'}, privateKey: {path: /run/key/agent.pem}, "
        "resources: {limits: {cpu: 250m, memory: 256Mi}}}"
    )
    words = shlex.split(handover(agent(install)).install[-1])
    assert {"own", "65532:65532", "/srv/keys:/run/key:ro", "CONNECTION_ID=a b", "--privileged"} <= set(words)
    assert "PRIVATE_KEY_FILE=/run/key/agent.pem" in words
    assert words[words.index("--cpus") :][:4] == ["--cpus", "0.25", "--memory", "268435456"]
    assert {"--read-only", "--cap-drop", "--security-opt"} & set(words) == set()


@pytest.mark.parametrize(
    ("install", "reason"),
    [
        ("{host: azure-container-instances}", "`containerGroup` with"),
        (f"{{{ACI}, replicas: 2}}", "a container group runs one Agent"),
        (f"{{{ACI}, imagePullSecrets: [r]}}", "`imagePullSecrets` are Secrets of a cluster"),
        ("{host: docker, replicas: 2}", "a container is one Agent"),
        ("{host: docker, env: {ORGS: ''}}", "no organization is known"),
        ("{host: a-machine}", "no way to install an Agent on host `a-machine` is known"),
    ],
)
def test_what_a_host_cannot_do_is_refused(install: str, reason: str) -> None:
    found = only(agent(install, organizations="[]"))
    assert found.refusal.startswith(reason) or only(agent(install)).refusal.startswith(reason)


@pytest.mark.parametrize(
    "text",
    [
        agent(f"{{cluster: eu-1, {CHART}}}"),
        agent(f"{{cluster: eu-1, delivery: flux, {CHART}, {KEY}}}"),
        runner(f"{{cluster: eu-1, delivery: helm, {IMAGE}}}"),
        agent(f"{{{ACI}}}"),
        agent("{host: docker}"),
    ],
)
def test_commands_are_valid_for_a_shell_and_nothing_contains_a_key(text: str) -> None:
    found: Footprint = only(text)
    lines = () if found.handover is None else (*found.handover.install, *found.handover.check)
    checked = subprocess.run(
        ["sh", "-n", "-c", "\n".join(lines)], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "BEGIN" not in repr(found)
    assert found.delivery is not Delivery.NONE
