"""Repositories of any size, and the same objects as request bodies."""

import json
from collections.abc import Sequence
from pathlib import Path
from textwrap import indent
from typing import Any

ORGANIZATION = "bench"
TOKENS = ("BENCH_TOKEN", "BENCH_AUTH_TOKEN")

_SETTINGS = """\
version: 1
instance: bench
targets:
  bench:
    organization: {organization}
    orchestrator: {{url: "{url}", token: {{env: BENCH_TOKEN}}}}
    runners: {{url: "{url}", token: {{env: BENCH_AUTH_TOKEN}}}}
apply: {{concurrency: {concurrency}}}
"""

# About half a kilobyte, as in the files that platform teams write.
_DEFINITION = """\
# Bucket of one application; the address is fixed, the name follows the context.
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata:
  id: {id}
entity:
  name: Bucket of {id}
  type: s3
  driver_type: humanitec/echo
  driver_inputs:
    values:
      bucket: {id}-${{context.env.id}}
      region: eu-central-1
      tags:
        team: platform
        application: {id}
      lifecycle: [{{days: 30, to: infrequent}}, {{days: 365, to: archive}}]
  criteria:
    - app_id: {id}
      env_type: development
"""

_RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata:
  id: {id}
spec:
  description: Runner {id}
  runner_configuration:
    type: kubernetes-agent
    # The first public key of RFC 8032, section 7.1.
    key: |
      -----BEGIN PUBLIC KEY-----
      MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
      -----END PUBLIC KEY-----
    job: {{namespace: runner-jobs, service_account: runner-job}}
  state_storage_configuration: {{type: kubernetes, namespace: runner-jobs}}
"""

_CLUSTER = """\
clusters:
  {name}:
    platform: other
    kubeconfig: {{path: {kubeconfig}}}
"""
_AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata:
  id: {id}
spec:
  description: Agent of team {id}
  install:
    cluster: {cluster}
    namespace: {namespace}
    image: ghcr.io/humanitec/agent:1.8.4
    # Its key is handed to the cluster by somebody else.
    privateKey: {{secretName: {secret}, secretKey: {entry}}}
---
apiVersion: reconciler/v1alpha1
kind: Key
metadata:
  id: {id}
spec:
  for: {{agent: {id}}}
  publicKey: |
{key}
"""
CLUSTER = "here"
SECRET, ENTRY = "agent-key", "private_key"
"""Where each Agent has its key, in its namespace."""


def agent_namespace(number: int) -> str:
    """Each Agent has its own."""
    return f"agent-{number:03}"


def write_agents(folder: Path, *, url: str, kubeconfig: Path, public_keys: Sequence[str]) -> None:
    """Make a repository with an Agent for each key, installed on one cluster."""
    write_tree(folder, url=url, definitions=0, runners=0, concurrency=8)
    with (folder / "reconciler.yaml").open("a", encoding="utf-8") as settings:
        settings.write(_CLUSTER.format(name=CLUSTER, kubeconfig=kubeconfig))
    (folder / "agents").mkdir()
    for number, key in enumerate(public_keys):
        text = _AGENT.format(
            id=f"a-{number:03}",
            cluster=CLUSTER,
            namespace=agent_namespace(number),
            secret=SECRET,
            entry=ENTRY,
            key=indent(key.strip(), "    "),
        )
        (folder / f"agents/a-{number:03}.yaml").write_text(text, encoding="utf-8")


def definition_id(number: int) -> str:
    """Sorted like the numbers up to a hundred thousand."""
    return f"bucket-{number:05}"


def definition_text(number: int) -> str:
    """One document of the tree."""
    return _DEFINITION.format(id=definition_id(number))


def definition_body(number: int) -> bytes:
    """Return the request that creates what `definition_text` describes."""
    name = definition_id(number)
    body: dict[str, Any] = {
        "id": name,
        "name": f"Bucket of {name}",
        "type": "s3",
        "driver_type": "humanitec/echo",
        "driver_inputs": {
            "values": {
                "bucket": f"{name}-${{context.env.id}}",
                "region": "eu-central-1",
                "tags": {"team": "platform", "application": name},
                "lifecycle": [{"days": 30, "to": "infrequent"}, {"days": 365, "to": "archive"}],
            }
        },
        "criteria": [{"app_id": name, "env_type": "development"}],
    }
    return json.dumps(body).encode()


def write_tree(folder: Path, *, url: str, definitions: int, runners: int, concurrency: int) -> None:
    """Make a repository: settings, and one document a file in folders of a hundred."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = _SETTINGS.format(organization=ORGANIZATION, url=url, concurrency=concurrency)
    (folder / "reconciler.yaml").write_text(settings, encoding="utf-8")
    for number in range(definitions):
        file = folder / f"definitions/{number // 100:03}/{definition_id(number)}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(definition_text(number), encoding="utf-8")
    for number in range(runners):
        file = folder / f"runners/{number // 100:03}/runner-{number:05}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_RUNNER.format(id=f"runner-{number:05}"), encoding="utf-8")
