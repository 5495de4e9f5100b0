"""An Agent on a machine with Docker (agent and operator 2.6). No source prints the command; its shape is derived."""

import posixpath
import shlex
from dataclasses import replace

from reconciler.facts.agent_installation import AGENT
from reconciler.facts.installed import InstalledAgent
from reconciler.footprint.agent import agent_image, key_path, problem_of_agent, variables
from reconciler.footprint.container import amounts
from reconciler.footprint.value import Footprint, Handover, Site
from reconciler.model.installation import DockerContainer, PodSecurity, Resources
from reconciler.vendor import agent
from reconciler.vendor.quantity import bytes_of

KEY_FILE = "private_key.pem"


def docker_container(installed: InstalledAgent, found: Footprint, site: Site) -> Footprint:
    """The footprint with the commands, or why there are none.

    The key is a file of the machine that only the container's user can read; its folder is mounted read-only.
    """
    install = installed.install
    problem = problem_of_agent(installed, site)
    if problem:
        return found.refused(problem)
    if install.replicas is not None and install.replicas != 1:
        return found.refused("a container is one Agent; use one installation for each replica")
    declared = install.docker or DockerContainer()
    name, source = declared.name or AGENT, declared.keyDirectory or agent.KEY_FOLDER
    security = install.podSecurity or PodSecurity()
    user = agent.USER if security.runAsUser is None else security.runAsUser
    group = user if security.runAsGroup is None else security.runAsGroup
    folder, file = posixpath.split(key_path(install))
    owner = ["-o", str(user), "-g", str(group)]
    words = [
        "docker",
        "run",
        "--detach",
        "--restart",
        "always",
        "--name",
        name,
        *(word for variable in variables(installed, site).items() for word in ("--env", "=".join(variable))),
        *_confinement(security, user, group),
        *_limits(install.resources),
        "--volume",
        f"{source}:{folder}:ro",
        agent_image(install),
    ]
    return replace(
        found,
        secrets=(),
        handover=Handover(
            install=(
                shlex.join(["install", "-d", "-m", "0700", *owner, source]),
                shlex.join(["install", "-m", "0600", *owner, KEY_FILE, posixpath.join(source, file)]),
                shlex.join(words),
            ),
            check=(shlex.join(["docker", "logs", name]),),
            remove=(shlex.join(["docker", "rm", "--force", name]),),
        ),
    )


def _limits(declared: Resources | None) -> list[str]:
    """Declared limits as options of Docker, which takes whole bytes; it reserves nothing."""
    found = {} if declared is None or declared.limits is None else amounts(declared.limits)
    options = {"--cpus": bytes_of(found.get("cpu", "")), "--memory": bytes_of(found.get("memory", ""))}
    return [
        word
        for option, amount in options.items()
        if amount is not None
        for word in (option, f"{amount.normalize():f}")
    ]


def _confinement(security: PodSecurity, user: int, group: int) -> list[str]:
    """What the vendor's manifest sets for a container on a cluster, as options of Docker."""
    dropped = ("ALL",) if security.dropCapabilities is None else security.dropCapabilities
    return [
        "--user",
        f"{user}:{group}",
        *(("--privileged",) if security.privileged else ()),
        *(() if security.readOnlyRootFilesystem is False else ("--read-only",)),
        *(word for capability in dropped for word in ("--cap-drop", capability)),
        *(() if security.allowPrivilegeEscalation else ("--security-opt", "no-new-privileges")),
    ]
