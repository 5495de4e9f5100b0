"""Installations of runners with the vendor's defaults filled in (v2 reference 10 to 12)."""

from reconciler.facts.agent_installation import KEY_ENTRY
from reconciler.facts.definition import dig
from reconciler.model.installation import BY_HELM, RunnerInstall
from reconciler.vendor import runner
from reconciler.vendor.cloud import CLOUDS


def is_by_chart(install: RunnerInstall) -> bool:
    """True if the vendor's chart installs it: declared, else with a chart or Helm values."""
    if install.delivery is not None:
        return install.delivery in BY_HELM
    return any(value is not None for value in (install.chart, install.chartVersion, install.helmValues))


def namespace_of(install: RunnerInstall) -> str:
    """Namespace of the runner itself."""
    return install.namespace or runner.NAMESPACE


def account_of(install: RunnerInstall) -> str:
    """ServiceAccount of the runner itself, as declared or by default."""
    named = dig(install.helmValues, "serviceAccount", "name") or dig(install.helmValues, "fullnameOverride")
    return install.serviceAccount or (named if isinstance(named, str) and named else runner.NAME)


def key_secret(install: RunnerInstall) -> tuple[str, str]:
    """Name of the Secret with the private key, and of its entry; those of the guide if none is declared."""
    if install.privateKey is not None:
        return install.privateKey.secretName, install.privateKey.secretKey
    name = dig(install.helmValues, "humanitec", "existingSecret")
    entry = dig(install.helmValues, "humanitec", "existingSecretKey")
    return (
        name if isinstance(name, str) and name else runner.NAME,
        entry if isinstance(entry, str) and entry else KEY_ENTRY,
    )


def identity_annotation(install: RunnerInstall) -> tuple[str, str, str] | None:
    """Platform, annotation and value of the declared cloud identity; None if none is declared."""
    if install.identity is None:
        return None
    for platform, cloud in CLOUDS.items():
        value = getattr(install.identity, cloud.field)
        if value is not None:
            return platform, cloud.annotation, str(value)
    return None


def remote_url(install: RunnerInstall) -> str | None:
    """Address of the orchestrator that the runner polls, None for the image's default."""
    return (install.env or {}).get(runner.REMOTE_URL) or install.orchestratorUrl
