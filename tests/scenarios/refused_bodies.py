"""Documents that the orchestrator refuses for their body alone: a valid one, one change in it, the field at fault.

Written from the emulator's tables and tests, kind by kind, not from the client's.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Document = dict[str, Any]
GONE: Any = object()
"""Placeholder for a member that is left out."""

ED25519 = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAOiPs0io5GHEsJpVRJGxcsbDXICdZ3vo0dtjGr5yAAGc=
-----END PUBLIC KEY-----
"""
P256 = """\
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==
-----END PUBLIC KEY-----
"""
ROLE = "arn:aws:iam::123456789012:role/runner"
_JOB = {"namespace": "jobs", "service_account": "job"}
_S3 = {"type": "s3", "bucket": "acme-state", "path_prefix": "envs/"}

RUNNERS: Mapping[str, Document] = {
    "kubernetes-agent": {"key": ED25519, "job": _JOB},
    "kubernetes": {
        "job": _JOB,
        "cluster": {
            "cluster_data": {"certificate_authority_data": "data", "server": "https://api.test"},
            "auth": {},
        },
    },
    "kubernetes-gke": {
        "job": _JOB,
        "cluster": {
            "name": "c",
            "project_id": "p",
            "location": "europe-west1",
            "auth": {"gcp_audience": "a", "gcp_service_account": "s"},
        },
    },
    "kubernetes-eks": {
        "job": _JOB,
        "cluster": {
            "name": "c",
            "region": "eu-west-1",
            "auth": {"role_arn": ROLE, "session_name": "session", "sts_region": "eu-west-1"},
        },
    },
    "serverless-ecs": {
        "auth": {"role_arn": ROLE},
        "job": {
            "region": "eu-west-1",
            "cluster": "c",
            "subnets": ["subnet-1"],
            "security_groups": ["sg-1"],
            "execution_role_arn": ROLE,
            "task_role_arn": ROLE,
            "image": "registry.test/runner:1",
            "environment": {"LOG": "info"},
            "secrets": {"A": "arn:aws:ssm:eu-west-1:123456789012:parameter/a"},
        },
    },
}
"""Good configurations by type."""


def runner(runner_type: str = "kubernetes-agent") -> Document:
    return {
        "apiVersion": "reconciler/v1alpha1",
        "kind": "Runner",
        "metadata": {"id": "runner-one"},
        "spec": {
            "description": "a runner",
            "runner_configuration": {"type": runner_type, **copy.deepcopy(RUNNERS[runner_type])},
            "state_storage_configuration": dict(_S3),
        },
    }


def definition() -> Document:
    return {
        "apiVersion": "entity.humanitec.io/v1b1",
        "kind": "Definition",
        "metadata": {"id": "store-one"},
        "entity": {
            "name": "Store",
            "type": "s3",
            "driver_type": "humanitec/echo",
            "driver_account": "${resources['config#account'].account}",
            "driver_inputs": {"values": {"a": 1}, "secret_refs": {"b": {"value": "${context.app.id}"}}},
            "provision": {"dns": {"is_dependent": True, "params": {"a": 1}}},
            "criteria": [{"app_id": "shop"}],
        },
    }


def agent() -> Document:
    return {
        "apiVersion": "reconciler/v1alpha1",
        "kind": "Agent",
        "metadata": {"id": "eu-1"},
        "spec": {"description": "an agent"},
    }


def key(pem: str) -> Document:
    return {
        "apiVersion": "reconciler/v1alpha1",
        "kind": "Key",
        "metadata": {"id": "eu-1-key"},
        "spec": {"for": {"agent": "eu-1"}, "publicKey": pem},
    }


def rsa(bits: int, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    """A key from a made-up modulus; no private half exists."""
    return (
        RSAPublicNumbers(65537, (1 << (bits - 1)) + 1).public_key().public_bytes(Encoding.PEM, form).decode()
    )


def store() -> Document:
    return {
        "apiVersion": "reconciler/v1alpha1",
        "kind": "SecretStore",
        "metadata": {"id": "vault"},
        "spec": {"vault": {"url": "https://vault.test"}, "orchestrator": {"primary": False}},
    }


@dataclass(frozen=True)
class Refused:
    """A document that is valid except for one member.

    `at` is the field at fault, the changed one if empty; `errors` are the findings, usually one.
    """

    name: str
    base: Document
    path: tuple[str | int, ...]
    value: Any
    at: tuple[str | int, ...] = ()
    errors: int = 1

    def document(self) -> Document:
        document = copy.deepcopy(self.base)
        target: Any = document
        for step in self.path[:-1]:
            target = target.setdefault(step, {}) if isinstance(target, dict) else target[step]
        if self.value is GONE:
            del target[self.path[-1]]
        elif isinstance(target, list) and self.path[-1] == len(target):
            target.append(self.value)
        else:
            target[self.path[-1]] = self.value
        return document

    @property
    def field(self) -> tuple[str | int, ...]:
        return self.at or self.path


def _cases(
    group: str, base: Document, root: tuple[str | int, ...], changes: list[tuple[Any, ...]]
) -> Iterator[Refused]:
    """Cases of one document: a dotted path below `root`, the value, and the field at fault if it is another."""
    for number, (path, value, *at) in enumerate(changes):
        steps = (*root, *_steps(path))
        yield Refused(f"{group} {number} {path}", base, steps, value, (*root, *_steps(at[0])) if at else ())


def _steps(path: str) -> tuple[str | int, ...]:
    return tuple(int(step) if step.isdecimal() else step for step in path.split("/"))


_SPEC = ("spec",)
_CONFIGURATION = ("spec", "runner_configuration")
_STORAGE = ("spec", "state_storage_configuration")
_TEMPLATE = (*_CONFIGURATION, "job", "pod_template")


def _of_every_runner() -> Iterator[Refused]:
    yield from _cases(
        "runner",
        runner(),
        (),
        [
            ("metadata/id", "Bad"),
            ("metadata/id", "r"),
            ("metadata/id", "1r"),
            ("metadata/id", "good\n"),
            ("spec/description", None),
            ("spec/description", 5),
            ("spec/description", "a\x00b"),
            ("spec/labels", {}),
            ("spec/runner_configuration", GONE),
            ("spec/runner_configuration", {}, "spec/runner_configuration/type"),
            ("spec/runner_configuration", [], "spec/runner_configuration"),
            ("spec/runner_configuration/type", "docker"),
            ("spec/runner_configuration/type", 5),
            ("spec/state_storage_configuration", GONE),
            ("spec/state_storage_configuration/type", GONE),
            ("spec/state_storage_configuration/type", "ftp"),
            ("spec/state_storage_configuration/type", 5),
            ("spec/state_storage_configuration", None),
        ],
    )
    for runner_type in RUNNERS:
        base = runner(runner_type)
        values: list[Any] = [GONE, [], None, 5]
        parts: list[tuple[Any, ...]] = [(name, value) for name in RUNNERS[runner_type] for value in values]
        yield from _cases(runner_type, base, _CONFIGURATION, [("strange", "x"), *parts])
        for name, part in RUNNERS[runner_type].items():
            if isinstance(part, dict):
                yield from _cases(runner_type, base, (*_CONFIGURATION, name), [("strange", "x")])
        if runner_type != "serverless-ecs":
            wrong: list[tuple[str, Any]] = [
                ("namespace", GONE),
                ("namespace", 5),
                ("service_account", GONE),
                ("service_account", []),
            ]
            yield from _cases(runner_type, base, (*_CONFIGURATION, "job"), [*wrong, ("pod_template", [])])


def _of_agent_runners() -> Iterator[Refused]:
    keys = [
        "",
        "no PEM",
        ED25519 + "\n",
        " " + ED25519,
        ED25519.replace("\n", "\r\n"),
        ED25519.replace("MCow", "MCo\nw"),
        ED25519.replace("PUBLIC", "RSA PUBLIC"),
        ED25519.replace("MCow", "!!!!"),
        ED25519.replace("MCow", "MCox"),
        P256,
        "-----BEGIN PUBLIC KEY-----\n" + "A" * 200 + "\n-----END PUBLIC KEY-----\n",
    ]
    yield from _cases("key", runner(), _CONFIGURATION, [("key", key) for key in keys])
    yield from _cases(
        "job", runner(), _CONFIGURATION, [("job/key", ED25519), ("cluster", {}), ("job/image", "x")]
    )


def _of_clusters() -> Iterator[Refused]:
    at = (*_CONFIGURATION, "cluster")
    yield from _cases(
        "kubernetes",
        runner("kubernetes"),
        at,
        [
            ("cluster_data", GONE),
            ("cluster_data/server", GONE),
            ("cluster_data/certificate_authority_data", GONE),
            ("cluster_data/server", 5),
            ("cluster_data/proxy_url", 5),
            ("auth", GONE),
            ("auth/service_account_token", 5),
            ("auth/client_key_data", []),
            ("auth/other", "x"),
        ],
    )
    yield from _cases(
        "gke",
        runner("kubernetes-gke"),
        at,
        [
            *((name, GONE) for name in ("name", "project_id", "location", "auth")),
            ("auth/gcp_audience", GONE),
            ("auth/gcp_service_account", GONE),
            ("internal_ip", "yes"),
            ("location", 5),
        ],
    )
    yield from _cases(
        "eks",
        runner("kubernetes-eks"),
        at,
        [
            *((name, GONE) for name in ("name", "region", "auth", "auth/role_arn")),
            ("auth/role_arn", ""),
            ("auth/role_arn", "arn"),
            ("auth/role_arn", "arn:aws-us-gov:iam::123456789012:role/run"),
            ("auth/role_arn", "arn:aws:iam::12345678901:role/run"),
            ("auth/role_arn", ROLE + "\n"),
            ("auth/role_arn", ROLE.replace("1", "\u0661", 1)),
            ("auth/session_name", "ab"),
            ("auth/session_name", "a" * 65),
            ("auth/session_name", "a b c"),
            ("auth/sts_region", "us-gov-west-1"),
            ("auth/sts_region", "eu-west-\u0661"),
        ],
    )


def _of_ecs() -> Iterator[Refused]:
    base = runner("serverless-ecs")
    yield from _cases(
        "ecs",
        base,
        (*_CONFIGURATION, "job"),
        [
            *((name, GONE) for name in ("region", "cluster", "subnets", "execution_role_arn")),
            ("region", "eu-1"),
            ("region", "eu-" + "w" * 30 + "-1"),
            ("cluster", ""),
            ("cluster", "c" * 256),
            ("subnets", []),
            ("subnets", ["s"] * 17),
            ("subnets/0", ""),
            ("subnets/0", "s" * 25),
            ("security_groups", ["s"] * 6),
            ("security_groups/0", ""),
            ("security_groups/0", "s" * 256),
            ("is_public_ip_enabled", "yes"),
            ("execution_role_arn", "arn:aws-cn:iam::123456789012:role/x"),
            ("task_role_arn", "role"),
            ("image", "bad image"),
            ("image", "i" * 256),
            ("environment/LOG", "x" * 1025),
            ("environment/LOG", 5),
            ("environment/TOKEN", "x"),
            ("environment/RUNNER_GIT_SSH_KEYS", "x"),
            ("secrets/A", "arn:aws:x"),
            ("secrets/A", "arn:aws:secretsmanager:eu-west-1:1:secret:name"),
            ("secrets/MODE", "arn:aws:ssm:eu-west-1:123456789012:parameter/a"),
        ],
    )
    others = [
        {"type": "kubernetes", "namespace": "jobs"},
        {"type": "gcs", "bucket": "ab"},
        {"type": "azurerm", "storage_account_name": "a", "container_name": "c"},
    ]
    for other in others:
        yield Refused(f"ecs with {other['type']}", base, _STORAGE, other, (*_STORAGE, "type"))


def _of_storages() -> Iterator[Refused]:
    for product in ("s3", "gcs"):
        base = runner()
        base["spec"]["state_storage_configuration"]["type"] = product
        buckets = ["a.b", "a", "A-b", "-ab", "ab-", ""]
        prefixes = ["", "/a", "a//b", "a b", "a/b//"]
        yield from _cases(
            product,
            base,
            _STORAGE,
            [
                ("bucket", GONE),
                *(("bucket", bucket) for bucket in buckets),
                *(("path_prefix", prefix) for prefix in prefixes),
            ],
        )
    azure = runner()
    azure["spec"]["state_storage_configuration"] = {
        "type": "azurerm",
        "storage_account_name": "a",
        "container_name": "c",
    }
    yield from _cases(
        "azurerm",
        azure,
        _STORAGE,
        [
            ("storage_account_name", GONE),
            ("container_name", GONE),
            ("container_name", 5),
            ("path_prefix", "a//b"),
            ("resource_group_name", []),
        ],
    )
    secrets = runner()
    secrets["spec"]["state_storage_configuration"] = {"type": "kubernetes", "namespace": "jobs"}
    yield from _cases("state in Secrets", secrets, _STORAGE, [("namespace", GONE), ("namespace", 5)])


def _of_templates() -> Iterator[Refused]:
    base = runner()
    base["spec"]["runner_configuration"]["job"]["pod_template"] = {
        "metadata": {"labels": {"team": "a"}},
        "spec": {"containers": [{"name": "main", "env": [{"name": "A", "value": "b"}]}]},
    }
    yield from _cases(
        "template",
        base,
        _TEMPLATE,
        [
            ("kind", "Pod"),
            ("apiVersion", "v1"),
            ("containers", []),
            ("spec/container", []),
            ("spec/template", {}),
            ("metadata/labels/cost-center", 4711),
            ("metadata/labels/on", True),
            ("metadata/annotations", []),
            ("metadata/namespace", "x"),
            ("spec", []),
            ("spec/serviceAccountName", "x"),
            ("spec/nodeSelector", {"disk": 5}, "spec/nodeSelector/disk"),
            ("spec/terminationGracePeriodSeconds", "5"),
            ("spec/terminationGracePeriodSeconds", 1.5),
            ("spec/hostNetwork", "yes"),
            ("spec/tolerations", {}),
            ("spec/volumes", [{"name": "v", "emptydir": {}}], "spec/volumes/0/emptydir"),
            ("spec/containers/0/$patch", "replace"),
            ("spec/containers/0/image", 5),
            ("spec/containers/0/name", GONE),
            ("spec/containers/0/name", ""),
            ("spec/containers/0/env", {"A": "b"}),
            ("spec/containers/0/env/0/value", 5),
            ("spec/containers/0/env/0/name", "MODE"),
            ("spec/containers/0/env/0/name", "RUNNER_GIT_SSH_KEYS"),
            (
                "spec/containers/0/resources",
                {"limits": {"cpu": True}},
                "spec/containers/0/resources/limits/cpu",
            ),
            ("spec/containers/0/ports", [{"containerPort": "80"}], "spec/containers/0/ports/0/containerPort"),
        ],
    )


def _of_definitions() -> Iterator[Refused]:
    at = ("entity",)
    reference = "driver_inputs/secret_refs/b"
    yield from _cases("definition", definition(), ("metadata",), [("id", "ab"), ("id", "-ab"), ("id", "A-b")])
    yield from _cases(
        "definition",
        definition(),
        at,
        [
            ("name", 5),
            ("type", GONE),
            ("type", ""),
            ("type", 5),
            ("driver_type", GONE),
            ("driver_type", "echo"),
            ("driver_type", "/echo"),
            ("driver_type", "humanitec/"),
            ("driver_type", 5),
            ("driver_account", "No Account"),
            ("driver_account", "ab"),
            ("driver_account", 5),
            ("in_place_driver_change", "yes"),
            ("driver_inputs", []),
            ("driver_inputs/values", []),
            ("driver_inputs/secret_refs", "x"),
            ("driver_inputs/other", {}),
            ("driver_inputs/secrets", {"a": "${context.app.id}"}, "driver_inputs/secret_refs"),
            (reference, "plain"),
            (reference, {"store": "s"}),
            (reference, {"ref": "r"}),
            (reference, {"store": "humanitec", "ref": "r"}, f"{reference}/store"),
            (reference, {"store": "s", "ref": "r", "value": "${context.app.id}"}, f"{reference}/value"),
            (reference, {"store": "s", "ref": "r", "version": 3}, f"{reference}/version"),
            (reference, {"version": "3"}),
            ("provision", []),
            ("provision/dns", []),
            ("provision/dns/is_dependent", "no"),
            ("provision/dns/match_dependents", 1),
            ("provision/dns/params", []),
            ("provision/", {}),
            ("criteria", {}),
            ("criteria/0", "x"),
            ("criteria/0/app_id", 5),
            ("criteria/0/app", "x"),
        ],
    )
    references = ("entity", "driver_inputs", "secret_refs")
    leaf = {"store": "s", "ref": "r"}
    yield Refused("a leaf at the top", definition(), references, leaf, (*references, "store"), errors=2)


def _of_agents_and_stores() -> Iterator[Refused]:
    yield from _cases(
        "agent",
        agent(),
        (),
        [("metadata/id", "a"), ("metadata/id", "a--b"), ("metadata/id", "A1"), ("spec/description", 5)],
    )
    yield from _cases(
        "store",
        store(),
        (),
        [
            ("metadata/id", "a--b"),
            ("metadata/id", "a" * 60 + "!"),
            ("spec/orchestrator/primary", "yes"),
            ("spec/vault", GONE, "spec"),
            ("spec/gcpsm", {"project_id": "p"}, "spec"),
            ("spec/vault", []),
            ("spec/vault/url", 5),
            ("spec/vault/other", "x"),
            ("spec/orchestrator/auth", "hush"),
            ("spec/orchestrator/auth", {"token": 5}, "spec/orchestrator/auth/token"),
        ],
    )


def _of_agent_keys() -> Iterator[Refused]:
    keys = [
        "",
        "no PEM",
        ED25519,
        P256,
        rsa(2048),
        rsa(4096, PublicFormat.PKCS1),
        rsa(4096).replace("MII", "!!!"),
        rsa(4096) * 2,
    ]
    yield from _cases("agent key", key(rsa(4096)), ("spec",), [("publicKey", pem) for pem in keys])


CASES: tuple[Refused, ...] = tuple(
    case
    for group in (
        _of_every_runner,
        _of_agent_runners,
        _of_clusters,
        _of_ecs,
        _of_storages,
        _of_templates,
        _of_definitions,
        _of_agents_and_stores,
        _of_agent_keys,
    )
    for case in group()
)
GOOD: Mapping[str, Document] = {
    **{runner_type: runner(runner_type) for runner_type in RUNNERS},
    "definition": definition(),
    "agent": agent(),
    "store": store(),
    "key": key(rsa(4096)),
}
