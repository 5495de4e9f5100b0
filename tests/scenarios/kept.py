"""An Agent and a runner on a real cluster, kept by an ordinary user with exactly the rights that a test grants."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from reconciler.cluster.request import Request
from reconciler.footprint.permission import Permission, Purpose, Right, permissions, within_namespace
from reconciler.model.place import Realm
from reconciler.passes.result import PassResult
from reconciler.vendor import runner
from tests.control_plane.plane import ControlPlane
from tests.scenarios.test_installation_cluster import CONNECTED, IMAGE, SECRET, Pair, messages
from tests.scenarios.world import World, indented, key_yaml

_PAIR = ed25519.Ed25519PrivateKey.generate()
RUNNER_PRIVATE_KEY = _PAIR.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
RUNNER_KEY = (
    _PAIR.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)
PLAN = (Purpose.PLAN, Purpose.RULES)
APPLY = (*PLAN, Purpose.APPLY, Purpose.RUNNERS)
_NAME_AND_SUBRESOURCE = 3


@dataclass
class Kept:
    """A world with a cluster. The namespaces are those of one test; that of the jobs belongs to others."""

    world: World
    plane: ControlPlane
    pair: Pair
    user: str
    name: str

    @classmethod
    def make(
        cls, plane: ControlPlane, folder: Path, pair: Pair, user: str = "", concurrency: int = 4
    ) -> "Kept":
        """With a user who has no rights yet, unless another one is given."""
        name = f"kept-{uuid4().hex[:10]}"
        path = folder / "kubeconfig"
        kubeconfig = plane.kubeconfig(path, user) if user else plane.user(path, name)
        world = World.make(
            folder,
            clusters={"eu-1": {"kubeconfig": {"path": str(kubeconfig)}}},
            instance=name,
            apply={"concurrency": concurrency},
        )
        made = cls(world, plane, pair, user or name, name)
        plane.namespace(made.jobs)
        return made

    @property
    def agents(self) -> str:
        return f"{self.name}-agents"

    @property
    def runners(self) -> str:
        return f"{self.name}-runners"

    @property
    def jobs(self) -> str:
        return f"{self.name}-jobs"

    def declare(
        self,
        tag: str = "1.8.4",
        *,
        image: str = "",
        waits: int = 20,
        env: str = "{}",
        policy: bool = True,
        is_installed: bool = True,
    ) -> None:
        """Declare an Agent with every kind of object."""
        image = image or f"{IMAGE.partition(':')[0]}:{tag}"
        install = (
            f"  install: {{cluster: eu-1, namespace: {self.agents}, image: '{image}', "
            f"networkPolicy: {str(policy).lower()}, waitSeconds: {waits}, env: {env}}}\n"
        )
        self.world.write(
            "agent.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Agent\nmetadata: {id: eu-1}\nspec:\n  description: an agent\n"
            + (install if is_installed else ""),
        )
        self.world.write("key.yaml", key_yaml("k", "eu-1", self.pair.public))

    def declare_runner(self, tag: str = "1.0.0", *, is_installed: bool = True, more: str = "") -> None:
        """Declare a runner; `more` are further members of its installation."""
        image = f"{runner.REPOSITORY}:{tag}"
        install = f"  install: {{cluster: eu-1, namespace: {self.runners}, image: '{image}', {more}}}\n"
        self.world.write(
            "runner.yaml",
            "apiVersion: reconciler/v1alpha1\nkind: Runner\nmetadata: {id: jobs}\nspec:\n"
            "  description: of a test\n  runner_configuration:\n    type: kubernetes-agent\n"
            f"    key: |\n{indented(RUNNER_KEY, 6)}\n"
            f"    job: {{namespace: {self.jobs}, service_account: job}}\n"
            f"  state_storage_configuration: {{type: kubernetes, namespace: {self.jobs}}}\n"
            "  rules: [{env_type_id: development}]\n" + (install if is_installed else ""),
        )

    def hand_in_keys(self) -> None:
        """Put the Secrets there; their namespaces exist already."""
        for namespace in (self.agents, self.runners):
            if self.plane.client.get(f"/api/v1/namespaces/{namespace}").is_success:
                self.plane.secret(namespace, SECRET, private_key=self.pair.private)
                self.plane.secret(namespace, runner.NAME, private_key=self.pair.private)
        self.plane.write_log(self.agents, *CONNECTED)

    def take_keys_away(self) -> None:
        """Delete the Secrets."""
        for namespace in (self.agents, self.runners):
            for name in (SECRET, runner.NAME):
                self.plane.client.delete(f"/api/v1/namespaces/{namespace}/secrets/{name}")

    def make_namespaces(self) -> None:
        """Let the namespaces belong to others, with the keys in them."""
        for namespace in (self.agents, self.runners):
            self.plane.namespace(namespace)
        self.hand_in_keys()

    def remove(self) -> None:
        """Keep the registrations, and declare no installation."""
        self.declare(is_installed=False)
        self.declare_runner(is_installed=False)

    def grant(self, *purposes: Purpose, without: Right | None = None) -> None:
        """Give the user what these purposes need, except one right; for jobs in their namespace alone."""
        for purpose in purposes:
            rights = [one for one in _rights(permissions(purpose)) if one != without]
            self.allow(rights, self.jobs if purpose is Purpose.JOBS else None)

    def grant_in_namespace(self, namespace: str) -> None:
        """Give the user what plan and apply need in one namespace."""
        for purpose in (Purpose.PLAN, Purpose.APPLY):
            self.allow(_rights(within_namespace(purpose)), namespace)

    def allow(self, rights: Iterable[Right], namespace: str | None = None) -> None:
        """Give the user these rights, in one namespace or everywhere."""
        rules: list[dict[str, object]] = [
            {
                "apiGroups": [right.group],
                "resources": [right.resource],
                "verbs": [right.verb],
                **({"resourceNames": [right.name]} if right.name else {}),
            }
            for right in rights
        ]
        self.plane.allow(self.user, rules, namespace)

    def apply_approved(self) -> PassResult:
        """Apply, with every approval that is asked for."""
        return self.world.apply(*self.approvals())

    def approvals(self) -> list[str]:
        """Every approval that a plan asks for."""
        plans = [one.plan for one in self.world.plan().targets if one.plan is not None]
        return [value for plan in plans for one in plan.refusals for value in one.approvals]

    def foreign(self) -> list[object]:
        """Objects of others in the namespaces."""
        paths = [
            f"/api/v1/namespaces/{one}/configmaps/theirs" for one in (self.agents, self.runners, self.jobs)
        ]
        return [self.plane.get(path) for path in paths]

    def objects(self) -> dict[str, str]:
        """Objects of the test's namespaces that the reconciler can own, with their uids."""
        found = {}
        for resource in (
            "api/v1:configmaps",
            "api/v1:serviceaccounts",
            "apis/apps/v1:deployments",
            "apis/networking.k8s.io/v1:networkpolicies",
            "apis/rbac.authorization.k8s.io/v1:roles",
            "apis/rbac.authorization.k8s.io/v1:rolebindings",
        ):
            prefix, _, plural = resource.partition(":")
            for item in self.plane.get(f"/{prefix}/{plural}")["items"]:
                metadata = item["metadata"]
                if (metadata.get("labels") or {}).get("reconciler/instance") == self.name:
                    found[f"{plural} {metadata['namespace']}/{metadata['name']}"] = metadata["uid"]
        return found


def _rights(wanted: Sequence[Permission]) -> list[Right]:
    return [right for one in wanted for right in one.rights()]


def right_of(request: Request) -> Right | None:
    """The right that a request needs; None for the discovery, which everybody may read."""
    steps = request.steps
    if not steps:
        return None
    group = request.path.partition("/apis/")[2].partition("/")[0] if "/apis/" in request.path else ""
    resource, *rest = steps[2:] if request.namespace else steps
    if len(rest) + 1 >= _NAME_AND_SUBRESOURCE:
        resource = f"{resource}/{rest[1]}"
    verbs = {"GET": "get" if rest else "list", "PATCH": "patch", "DELETE": "delete", "POST": "create"}
    return Right(verbs[request.method], group, resource, rest[0] if resource == "secrets" and rest else "")


def everything_said(result: PassResult) -> str:
    """Errors, outcomes and what was not seen."""
    said = [line for one in result.targets for line in (one.error, one.advice)]
    for one in result.targets:
        if one.realm is Realm.CLUSTER and one.plan is not None:
            said += [f"{item}" for item in one.plan.unexamined]
            said += [f"{item}" for item in one.plan.problems]
    return "\n".join([*said, *messages(result)])
