"""A realistic repository before and after its transition, and what others have in the same organizations.

Two organizations share an agent and its keys. The transition swaps criteria of two definitions, replaces
a key, sends new secrets, creates, updates and deletes objects of every kind, and leaves references alone.
"""

from pathlib import Path
from typing import Any

import httpx

from reconciler.emulator import Emulator
from tests.faults.canary import CLUSTER_TOKEN, LITERAL, NEW_PASSWORD, PASSWORD, THEIRS
from tests.scenarios.world import STORE, VAULT, agent_yaml, definition_yaml, key_yaml, runner_yaml

ORGANIZATIONS = ("acme", "beta")
ENVIRONMENT_BEFORE = {"DB_PASSWORD": PASSWORD, "CLUSTER_TOKEN": CLUSTER_TOKEN}
ENVIRONMENT_AFTER = {"DB_PASSWORD": NEW_PASSWORD, "CLUSTER_TOKEN": CLUSTER_TOKEN}

AGENT_KEYS = (
    """\
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA50QMyypVC3mJ1WNeqVsx
P45t0sVQksZ+2G5QRCTEiYpKzVIuOL9hfOGJmAISPlsrJ0lgbZariR7qiOd/I9nZ
qvsbM7B0DbUObK5YIUaYU2g4bc5/5YFimcke5MxLdjTJ2L+BJpjLGfhAvjH5p/NP
F+FDWcTMA+bW73o3cd0o+gk4qlfRJ87OmeZ8opq6d7BcKSx4zBXbRh/JGbZEacJJ
2XuR5KHE4thRwVs0L2KTpK9wX29KetxhN0wAFcVMUY9tHMSaXgp0cBOxX9DKE+aq
LSYAVLZIdfIpoVd6dTS1TVeTOaxycDHsiKRdPylapAWdj8A9Jy9mP5w9VxRdWtDs
XcPLWLimMUNGH5EIxcK31Wy6zB7A0A/qfN3gGaYkHN38JxEdTSGq36Y23VcqjSRl
ljVzOa5t1sbfa/29a6MYzQjwn8YB3z8E/0koe98OYQI6jY9k3VSGVhz21L6bWwyp
AN8/dgyj6metgfc0qZ+Nrj1ApVKVU1C1CkCmmMHXTiw/JvZkubwdoBl4+uCrDiyt
lUeRvX0K4B+PUk1Ue+wxZ1gFqFZ4jJHF1Ap/FeCUPIL3Q2UYmSf4622IB3r2zhhT
hQ4yOnRnNrtL0r9jqh9yR6w2WGLOKuskeXBbTaG5jC+SYzVwrKdOlQR9S1nqRDn0
EymhDU2qMyKINemVYFlNC9cCAwEAAQ==
-----END PUBLIC KEY-----
""",
    """\
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEA0IxLn2d2DRn0c0ClDH6c
80wTbhRbfKgLRn6y33f3VM+PjZ78JJbg1uVXiLrMRcfZWuQGWfy+SrG9exMGtCXh
Ij0ecZNZ5FBraSXsoqmjvakU1vslTFgBxHmNHy6ouWdZ3dJCzHbHIIBylOGcST6h
4WUGLB7uXE55nBJlOQ4qUIQezS3VUJAcGAB5ESyojaiDLIigbBA4ApZx1gSQtueW
qofu/11Tt2XpeKYRP+gljRO6QiwScyproLRHHU/QeNCqdZCQQP1zZwvfM9giLoJG
SnFkpPhXfY7Bo+eLUCDmEaZgvt3Phn0NUn5uGKy9p8TnsS9bnS+L3vQyuAjetsbO
qdKAYfXult00k6WoOAaTXf6ReQXszFdyVecEF+1aH/tbF7HBSBEFFt2LUTXSFmJP
F4GjWAwXryMEEamc8yZRs4c1XShsWmXHdYgYgaOF6RTNU71JFnv0G3DSfDVlOprf
H8xQ6LwjPzFKA4zeJooGK11RaeZJkf1u3H3CLQ/qWG/3m3GjSCJMkbIeYPc9ugJD
/wl4fgOtgHPiA3W8Cb2dn0WbgSsxB9YWW5GWO029baqh6yb85kgMGHKc/lxNgY93
hHc2t7KU8C1QzYISPojgOg1ywsQ2cYOsY4apDhoRkXHsqBKLjXestm62ESzMpD+H
owDKwEOLIvs4RH135OkUYzcCAwEAAQ==
-----END PUBLIC KEY-----
""",
    """\
-----BEGIN PUBLIC KEY-----
MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAqJJIGDns6kkpzJ6RQizw
tJfv6R1xgGbK6v3MDANWACamqR5thGSPGnsHAaqNV1DjDJSjHX3oJ/TEGVnsvXrM
oZtNBENw75L0elG19kFj8KQwtY76FPFhpMIyo93n2XnMBnOUo13Sg3GV1dJNr7ai
Uf54uk8gJAwdEHx2BSO8lomiW5bRZRUXpHrXClYbJ0g1ItCGmXe8QlsZbRctAsGe
9BddxQh4GFO3cDAjkviForPS9At9ZLkzKBVOWlyY/zyoTDGBER9ha0LVAJ6KqpOC
h8Op0MmUF9fqL8+DxV1S9Catz+fYvS9YdLVtwMqRGSP1SSPpGTIP+q0zHLT7U1sQ
R/itIXoTDaRQ3Lsw3KW+CS+euDBsCWAhLOikeAMgtPP7IQoG2PCl/ha74pPAmbVW
fIujQhqQ4nMpjTkzR3Nhol5G41aZNxanw/Y/Q650P9QlJiSl1Q3hZzWs2o7zpFSg
sJ45ZrCWOYx7Dni+5dT4KoF0QQdX6wo78zl3wSgYTuf8v6LeOxUwi4IBmkrbAH6r
JQH5vPgch4qwREsf4NfaAVIfbJbgm8IIwxSFqCVYbL1dXVoy7AHX792i33ZvCkhC
33MoqtRzy795i4JSEFcc6BfOUOyVeuyYLfMunrLtWH0Dj7vD5/+q4ph4WkbwOQsG
O+bokC92H5e4/JzKg8E7aycCAwEAAQ==
-----END PUBLIC KEY-----
""",
)
"""The first is replaced by the second; the third belongs to somebody else."""
RUNNER_KEY = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAlGdAKQv1gEJBmanXEXB+0SatCWMTA1RkeBXN9XLaf+Y=
-----END PUBLIC KEY-----
"""
_CLOUD_RUNNER = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: cloud-jobs}
spec:
  description: @DESCRIPTION@
  runner_configuration:
    type: kubernetes
    job: {namespace: jobs, service_account: job}
    cluster:
      cluster_data: {certificate_authority_data: Y2E=, server: https://cluster.test}
      auth:
        service_account_token: !env CLUSTER_TOKEN
  state_storage_configuration: {type: kubernetes, namespace: jobs}
"""
_AGENT_URL = "{secrets: {agent_url: \"${resources['agent#agent'].outputs.url}\", token: " + LITERAL + "}}"
_REFERENCE = "{secret_refs: {password: {store: " + STORE + ", ref: databases/cache}}}"
_DEVELOPMENT, _PRODUCTION = "[{env_type: development}]", "[{env_type: production}]"


def files_before() -> dict[str, str]:
    """The files whose state is live before the transition: path -> content."""
    return {
        "orgs/acme/agent.yaml": agent_yaml("eu", organizations="[acme, beta]"),
        "orgs/acme/key.yaml": key_yaml("eu-2025", "eu", AGENT_KEYS[0]),
        "orgs/acme/bucket-a.yaml": definition_yaml("bucket-a", criteria=_DEVELOPMENT),
        "orgs/acme/bucket-b.yaml": definition_yaml("bucket-b", criteria=_PRODUCTION),
        "orgs/acme/orders.yaml": definition_yaml(
            "orders", type_="postgres", inputs="{secrets: {password: !env DB_PASSWORD}}"
        ),
        "orgs/acme/cache.yaml": definition_yaml("cache", type_="redis", inputs=_REFERENCE),
        "orgs/acme/old.yaml": definition_yaml("old", type_="mysql", criteria="[{app_id: shop}]"),
        "orgs/acme/jobs.yaml": runner_yaml("jobs", RUNNER_KEY),
        "orgs/acme/old-jobs.yaml": runner_yaml("old-jobs", RUNNER_KEY, rules="[]"),
        "orgs/acme/cloud-jobs.yaml": _CLOUD_RUNNER.replace("@DESCRIPTION@", "before"),
        "orgs/beta/queue.yaml": definition_yaml("queue", type_="amqp", inputs="{values: {size: 1}}"),
        "orgs/beta/jobs.yaml": runner_yaml("beta-jobs", RUNNER_KEY),
    }


def files_after() -> dict[str, str]:
    """The files after the transition."""
    files = files_before()
    del files["orgs/acme/key.yaml"], files["orgs/acme/old.yaml"], files["orgs/acme/old-jobs.yaml"]
    return {
        **files,
        "orgs/acme/agent.yaml": agent_yaml("eu", description="rotated", organizations="[acme, beta]"),
        "orgs/acme/key-2026.yaml": key_yaml("eu-2026", "eu", AGENT_KEYS[1]),
        "orgs/acme/bucket-a.yaml": definition_yaml("bucket-a", criteria=_PRODUCTION),
        "orgs/acme/bucket-b.yaml": definition_yaml("bucket-b", criteria=_DEVELOPMENT),
        "orgs/acme/new.yaml": definition_yaml(
            "new", type_="mysql", criteria="[{app_id: shop}]", inputs=f"{{secrets: {{t: {LITERAL}}}}}"
        ),
        "orgs/acme/cluster.yaml": definition_yaml(
            "cluster", type_="k8s-cluster", driver="humanitec/k8s-cluster", inputs=_AGENT_URL
        ),
        "orgs/acme/jobs.yaml": runner_yaml("jobs", RUNNER_KEY, rules="[]"),
        "orgs/acme/more-jobs.yaml": runner_yaml(
            "more-jobs", RUNNER_KEY, rules="[{env_type_id: production}]", bucket="state"
        ),
        "orgs/acme/cloud-jobs.yaml": _CLOUD_RUNNER.replace("@DESCRIPTION@", "after"),
        "orgs/beta/queue.yaml": definition_yaml("queue", type_="amqp", inputs="{values: {size: 2}}"),
    }


def replace_files(root: Path, files: dict[str, str]) -> None:
    """Make the documents in a folder exactly these."""
    for path in root.rglob("*.yaml"):
        path.unlink()
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


THEIRS_IDS = ("theirs", "their-jobs")
"""Ids of everything that belongs to somebody else."""


def seed(emulator: Emulator) -> None:
    """Register what organizations have from the start, and let somebody else create objects of every kind."""
    for name in ORGANIZATIONS:
        emulator.seed(
            {
                "organization": name,
                "env_types": [{"id": "development"}, {"id": "production"}, {"id": "theirs"}],
                "secret_stores": [{"id": STORE, "primary": True, "vault": VAULT}],
            }
        )
        for path, body in _OTHERS:
            by_hand(emulator, "POST", f"/orgs/{name}{path}", body)


def by_hand(emulator: Emulator, verb: str, path: str, body: object = None) -> None:
    """Send a request of somebody else."""
    with httpx.Client(transport=emulator.transport(), headers={"Authorization": "Bearer theirs"}) as client:
        client.request(verb, f"http://emulator{path}", json=body).raise_for_status()


_OTHERS: tuple[tuple[str, dict[str, Any]], ...] = (
    (
        "/resources/defs",
        {
            "id": "theirs",
            "name": "theirs",
            "type": "s3",
            "driver_type": "humanitec/echo",
            "driver_inputs": {"secrets": {"password": THEIRS}},
            "criteria": [{"app_id": "theirs"}],
        },
    ),
    ("/agents", {"id": "theirs", "description": "theirs", "public_key": AGENT_KEYS[2]}),
    (
        "/runners",
        {
            "id": "their-jobs",
            "description": "theirs",
            "runner_configuration": {
                "type": "kubernetes-agent",
                "key": RUNNER_KEY,
                "job": {"namespace": "theirs", "service_account": "theirs"},
            },
            "state_storage_configuration": {"type": "kubernetes", "namespace": "theirs"},
        },
    ),
    ("/runner-rules", {"runner_id": "their-jobs", "env_type_id": "theirs"}),
)
