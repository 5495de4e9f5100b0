"""Documents of installations for tests, and their footprints."""

from collections.abc import Mapping
from textwrap import dedent, indent

from reconciler.footprint.installation import installations
from reconciler.footprint.value import Footprint
from reconciler.model.declaration import Declarations
from reconciler.settings import Settings
from tests.building import PUBLIC_KEY
from tests.rules.tree import declare_files, settings

SETTINGS = settings(
    """
    version: 1
    instance: prod
    targets: {acme: {organization: acme}}
    clusters:
      eu-1: {inCluster: true}
      eks-1: {inCluster: true, platform: eks}
      gke-1: {inCluster: true, platform: gke}
      aks-1: {inCluster: true, platform: aks}
      files: {directory: clusters/files}
      far: {}
    """
)


def agent(install: str = "{cluster: eu-1}", identifier: str = "eu-1", organizations: str = "") -> str:
    """An Agent document. `install` is in flow style, or indented text in block style."""
    listed = f"\n  organizations: {organizations}" if organizations else ""
    return f"""\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {{id: {identifier}}}
spec:{listed}
  install: {_block(install)}
"""


def runner(
    install: str, identifier: str = "eu-1", job: str = "{namespace: jobs, service_account: job}"
) -> str:
    """A runner document; `install` as for `agent`."""
    return f"""\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: {identifier}}}
spec:
  runner_configuration:
    type: kubernetes-agent
    key: |
{indent(PUBLIC_KEY, " " * 6)}\
    job: {job}
  state_storage_configuration: {{type: kubernetes, namespace: jobs}}
  install: {_block(install)}
"""


def _block(text: str) -> str:
    return text if text.startswith("{") else "\n" + indent(dedent(text).strip("\n"), " " * 4)


def declarations(*texts: str) -> Declarations:
    """The documents as files `0.yaml` and so on; each must be valid."""
    found = declare_files({f"{index}.yaml": text.encode() for index, text in enumerate(texts)})
    assert found.findings == ()
    return found


def footprints(
    *texts: str, settings: Settings = SETTINGS, targets: Mapping[str, Declarations] | None = None
) -> tuple[Footprint, ...]:
    """Footprints of documents, in the order of the product."""
    return installations(targets or {"acme": declarations(*texts)}, settings)


def only(text: str) -> Footprint:
    """Footprint of a document with one installation."""
    (found,) = footprints(text)
    return found


def operator(
    spec: str = "{cluster: eu-1, delivery: flux, chartVersion: 0.9.0}", identifier: str = "eu-1"
) -> str:
    """An Operator document; `spec` as `install` of `agent`."""
    return f"""\
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {{id: {identifier}}}
spec: {_block(spec)}
"""
