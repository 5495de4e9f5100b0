"""An Agent on Azure Container Instances: manifest and commands (agent and operator 2.6).

The manifest contains the key where it is used, so it is only made by a command, from one with a placeholder. Mode and
owner of the key file cannot be set there.
"""

import posixpath
import shlex
from dataclasses import replace
from decimal import Decimal

from reconciler.facts.agent_installation import AGENT
from reconciler.facts.installed import InstalledAgent
from reconciler.footprint.agent import agent_image, key_path, problem_of_agent, variables
from reconciler.footprint.container import amounts
from reconciler.footprint.value import Footprint, Handover, Site
from reconciler.footprint.yaml_text import to_yaml
from reconciler.model.installation import AgentInstall
from reconciler.model.json import Json, JsonObject
from reconciler.vendor import agent
from reconciler.vendor.quantity import bytes_of

PLACEHOLDER = "__PRIVATE_KEY__"
KEY_FILE = "private_key.pem"
_API_VERSION = "2019-12-01"
_GIGABYTE = Decimal(10**9)


def container_group(installed: InstalledAgent, found: Footprint, site: Site) -> Footprint:
    """The footprint with manifest and commands, or why there are none."""
    install = installed.install
    group = install.containerGroup
    if group is None:
        return found.refused("`containerGroup` with `location` and `resourceGroup` is not set")
    problem = problem_of_agent(installed, site) or _problem(install)
    if problem:
        return found.refused(problem)
    name = group.name or AGENT
    file, filled = f"aci-{name}.yaml", f"aci-{name}.with-key.yaml"
    at = ["--resource-group", group.resourceGroup]
    of_group = ["--name", name, *at]
    state = shlex.join(["az", "container", "show", *of_group])
    # The key goes through a pipe: arguments of processes can be seen by every user.
    insert = f"awk 'NR == FNR {{key = $0; next}} {{sub(\"{PLACEHOLDER}\", key)}} 1' - {shlex.quote(file)}"
    return replace(
        found,
        secrets=(),
        handover=Handover(
            files=((file, to_yaml(_manifest(installed, site, name, group.location))),),
            install=(
                f"(umask 077; base64 < {KEY_FILE} | tr -d '\\n' | {insert} > {shlex.quote(filled)})",
                shlex.join(["az", "container", "create", *at, "--file", filled]),
                shlex.join(["rm", filled]),
            ),
            check=(
                f"{state} | jq '.containers[0].instanceView.currentState'",
                shlex.join(["az", "container", "logs", *of_group]),
            ),
            remove=(shlex.join(["az", "container", "delete", "--yes", *of_group]),),
        ),
    )


def _problem(install: AgentInstall) -> str:
    if install.imagePullSecrets:
        return "`imagePullSecrets` are Secrets of a cluster; a container group takes credentials of a registry itself"
    if install.replicas is not None and install.replicas != 1:
        return "a container group runs one Agent; use one installation for each replica"
    return ""


def _manifest(installed: InstalledAgent, site: Site, name: str, location: str) -> JsonObject:
    folder, file = posixpath.split(key_path(installed.install))
    env: list[Json] = [{"name": name, "value": value} for name, value in variables(installed, site).items()]
    container: JsonObject = {
        "name": AGENT,
        "properties": {
            "environmentVariables": env,
            "image": agent_image(installed.install),
            "resources": {"requests": _requests(installed.install)},
            "volumeMounts": [{"mountPath": folder, "name": agent.VOLUME}],
        },
    }
    return {
        "apiVersion": _API_VERSION,
        "location": location,
        "type": "Microsoft.ContainerInstance/containerGroups",
        "name": name,
        "properties": {
            "containers": [container],
            "osType": "Linux",
            "restartPolicy": "Always",
            "volumes": [{"name": agent.VOLUME, "secret": {file: PLACEHOLDER}}],
        },
    }


def _requests(install: AgentInstall) -> JsonObject:
    declared = None if install.resources is None else install.resources.requests
    wanted = {**agent.GROUP_REQUESTS, **({} if declared is None else amounts(declared))}
    cpu, memory = bytes_of(wanted["cpu"]), bytes_of(wanted["memory"])
    return {
        "cpu": float(cpu or 0),
        "memoryInGB": round(float((memory or Decimal(0)) / _GIGABYTE), 3),
    }
