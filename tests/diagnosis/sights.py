"""An Agent and a runner as a cluster shows them when everything is well; tests replace one thing."""

from dataclasses import replace

from reconciler.diagnosis.check import Check, Status
from reconciler.diagnosis.sight import InstallationSight, OrganizationSight
from reconciler.facts.delivery import Delivery
from reconciler.footprint.value import Footprint, SecretEntry, WorkloadKey
from reconciler.model.cluster_state import PrivateKey, SecretObject
from reconciler.model.json import JsonObject
from reconciler.model.origin import Origin
from reconciler.model.registration import Registration

FINGERPRINT, OTHER = "a" * 64, "b" * 64
IMAGE = "ghcr.io/humanitec/agent:1.8.4"
CONNECTED = (
    "level=INFO msg=Starting app=agent-client version=1.8.4 build=1 sha=1",
    'level=INFO msg="Connected to websocket tunnel"',
)
REFUSED = ('level=ERROR msg="Can\'t connect to websocket" err="unexpected HTTP response status: 401, { []}"',)


def pod(name: str = "agent-0", **status: object) -> JsonObject:
    members: JsonObject = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
        "containerStatuses": [
            {"name": "humanitec-agent", "restartCount": 0, "state": {"running": {"startedAt": "now"}}}
        ],
    }
    members.update(status)  # type: ignore[arg-type]  # JSON of a test
    return {
        "metadata": {"name": name, "annotations": {"reconciler/key-fingerprint": FINGERPRINT}},
        "spec": {"containers": [{"name": "humanitec-agent", "image": IMAGE}]},
        "status": members,
    }


def deployment(*, ready: int = 1) -> JsonObject:
    return {
        "metadata": {"generation": 1},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": ready},
    }


def secret(key: PrivateKey | None, *entries: str) -> SecretObject:
    return SecretObject(
        "agents",
        "the-key",
        frozenset(entries or ("private_key",)),
        {} if key is None else {"private_key": key},
    )


def agent(**changes: object) -> InstallationSight:
    """An Agent of organizations acme and shop, as it should be."""
    footprint = Footprint(
        "Agent/eu-1",
        "eu-1",
        Delivery.KUBERNETES,
        Origin("agent.yaml", 1, 1),
        secrets=(SecretEntry("agents", "the-key", "private_key"),),
        workload=WorkloadKey("agents", "humanitec-agent", {"app": "agent"}, "humanitec-agent"),
        image=IMAGE,
    )
    made = InstallationSight(
        footprint,
        ("acme", "shop"),
        deployment(),
        (pod(),),
        {"agent-0": CONNECTED},
        secret(PrivateKey(FINGERPRINT, "RSA", 4096)),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # of a test


def runner(**changes: object) -> InstallationSight:
    """A runner of organization acme, as it should be."""
    made = agent(
        organizations=("acme",),
        logs={"agent-0": ("started",)},
        secret=secret(PrivateKey(FINGERPRINT, "Ed25519", 0)),
    )
    footprint = replace(made.footprint, installation="Runner/eu-1")
    return replace(made, footprint=footprint, **changes)  # type: ignore[arg-type]  # of a test


def operator(**changes: object) -> InstallationSight:
    """An Operator of organization acme, as it should be."""
    made = agent(organizations=("acme",), logs={"agent-0": ("started",)})
    footprint = replace(made.footprint, installation="Operator/eu-1")
    return replace(made, footprint=footprint, **changes)  # type: ignore[arg-type]  # of a test


def organizations(**keys: dict[str, bool] | None) -> dict[str, OrganizationSight]:
    """Organizations with the keys of the Agent that they have; None where they do not know it."""
    given = keys or {"acme": {FINGERPRINT: True}, "shop": {FINGERPRINT: True}}
    return {
        name: OrganizationSight(
            name,
            {}
            if found is None
            else {"eu-1": {one: Registration(is_accepted=yes) for one, yes in found.items()}},
            {"eu-1": next(iter(found or {"": True}))},
        )
        for name, found in given.items()
    }


def bad(checks: list[Check]) -> list[tuple[Status, str, str]]:
    """Everything that is not ok."""
    return [(check.status, check.id, check.what) for check in checks if check.status is not Status.OK]
