"""The manifests and the example settings, compared with the program."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from reconciler.settings import Settings, Watch

CONFIG = Path(__file__).parents[2] / "config"
DEPLOYMENT = CONFIG / "deployment"


def loaded_all(text: str) -> list[Any]:
    return list(YAML(typ="safe").load_all(text))


def loaded(text: str) -> Any:
    (only,) = loaded_all(text)
    return only


def manifest(kind: str) -> Any:
    found = [document for document in documents() if document["kind"] == kind]
    assert len(found) == 1
    return found[0]


def documents() -> list[Any]:
    listed = loaded((DEPLOYMENT / "kustomization.yaml").read_text("utf-8"))["resources"]
    return [document for name in listed for document in loaded_all((DEPLOYMENT / name).read_text("utf-8"))]


def pod() -> Any:
    return manifest("Deployment")["spec"]["template"]["spec"]


def container() -> Any:
    (only,) = pod()["containers"]
    return only


def pod_settings() -> Settings:
    return Settings.model_validate(loaded(manifest("ConfigMap")["data"]["reconciler.yaml"]))


def example_settings() -> Settings:
    return Settings.model_validate(loaded((CONFIG / "reconciler.example.yaml").read_text("utf-8")))


def test_every_manifest_is_listed_and_no_secret_is_among_them() -> None:
    listed = set(loaded((DEPLOYMENT / "kustomization.yaml").read_text("utf-8"))["resources"])
    assert listed == {path.name for path in DEPLOYMENT.glob("*.yaml")} - {"kustomization.yaml"}
    kinds = {document["kind"] for document in documents()}
    assert kinds == {"Namespace", "ServiceAccount", "ConfigMap", "Deployment", "Service", "NetworkPolicy"}


def test_there_is_never_a_second_pod() -> None:
    spec = manifest("Deployment")["spec"]
    assert spec["replicas"] == 1
    assert spec["strategy"] == {"type": "Recreate"}


def test_the_pod_has_no_rights_it_does_not_need() -> None:
    security = pod()["securityContext"]
    assert security["runAsNonRoot"] is True
    assert security["runAsUser"] > 0
    assert security["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod()["automountServiceAccountToken"] is False
    inner = container()["securityContext"]
    assert inner["readOnlyRootFilesystem"] is True
    assert inner["allowPrivilegeEscalation"] is False
    assert inner["capabilities"] == {"drop": ["ALL"]}


def test_probes_service_and_annotations_use_the_port_of_the_settings() -> None:
    host, _, port = pod_settings().watch.listen.rpartition(":")
    assert host == "0.0.0.0", "the probes come from the node"
    probes = [container()[f"{name}Probe"]["httpGet"] for name in ("liveness", "readiness", "startup")]
    assert [probe["path"] for probe in probes] == ["/healthz", "/readyz", "/healthz"]
    (service_port,) = manifest("Service")["spec"]["ports"]
    annotations = manifest("Deployment")["spec"]["template"]["metadata"]["annotations"]
    ports = {probe["port"] for probe in probes} | {
        container()["ports"][0]["containerPort"],
        service_port["targetPort"],
        manifest("NetworkPolicy")["spec"]["ingress"][0]["ports"][0]["port"],
        int(annotations["prometheus.io/port"]),
    }
    assert ports == {int(port)}


def test_the_selectors_find_the_pod() -> None:
    labels = manifest("Deployment")["spec"]["template"]["metadata"]["labels"]
    selectors = [
        manifest("Deployment")["spec"]["selector"]["matchLabels"],
        manifest("Service")["spec"]["selector"],
        manifest("NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)


def test_what_is_mounted_exists_and_what_is_written_is_a_volume() -> None:
    volumes = {volume["name"]: volume for volume in pod()["volumes"]}
    mounts = {mount["mountPath"]: mount for mount in container()["volumeMounts"]}
    assert {mount["name"] for mount in mounts.values()} == set(volumes)
    environment = {entry["name"]: entry["value"] for entry in container()["env"]}
    for name in ("HOME", "XDG_CACHE_HOME"):
        assert "emptyDir" in volumes[mounts[environment[name]]["name"]]


def test_tokens_of_the_settings_come_from_the_mounted_secret() -> None:
    settings = pod_settings()
    tokens = [settings.inventory.digestKey]
    for target in settings.targets.values():
        tokens += [connection.token for connection in (target.orchestrator, target.runners) if connection]
    mount = "/run/secrets/reconciler/"
    example = (DEPLOYMENT / "secret.example.md").read_text("utf-8")
    for token in tokens:
        assert token is not None
        assert token.file is not None
        assert token.file.startswith(mount)
        assert f"`{token.file.removeprefix(mount)}`" in example


def test_the_record_of_the_pod_is_kept_in_the_repository_of_its_files() -> None:
    git = pod_settings().inventory.git
    assert git is not None
    assert f"--source={git.remote}" in container()["args"]


def test_the_example_settings_are_valid() -> None:
    assert example_settings().inventory.git is not None


def names_in_files(model: Any) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


@pytest.mark.parametrize("name", names_in_files(Settings))
def test_the_example_explains_every_section(name: str) -> None:
    text = (CONFIG / "reconciler.example.yaml").read_text("utf-8")
    assert f"\n{name}:" in text or f"\n# {name}:" in text
    section = Settings.model_fields[name].annotation
    if name in ("watch", "limits", "inventory", "policy", "safety", "network", "apply"):
        assert [entry for entry in names_in_files(section) if f"{entry}:" not in text] == []


def test_the_example_shows_the_defaults_of_watch() -> None:
    assert example_settings().watch == Watch()


def test_the_image_runs_as_the_user_of_the_manifests() -> None:
    dockerfile = (CONFIG.parent / "Dockerfile").read_text("utf-8")
    security = pod()["securityContext"]
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in dockerfile
    assert 'ENTRYPOINT ["reconciler"]' in dockerfile
