"""Real definitions: one by one they cause no false errors, as one set exactly its collisions.

The only errors are true ones: a definition that refers to an Agent which its organization does not have, one that
requests an agent that no definition provides, and credentials written in the file.
"""

from collections import Counter
from pathlib import Path

import pytest

from reconciler.model.finding import Severity
from reconciler.model.state import State
from tests import building
from tests.rules.tree import ACME, NOTHING_LIVE, declare_files, judge_all, live, scope

CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "definitions"
FILES = {path.relative_to(CORPUS).as_posix(): path for path in sorted(CORPUS.rglob("*.yaml"))}
POINTS_AT_AN_AGENT = "opentofu-container-runner-driver/credentials/agent.yaml"
PLAIN_SECRETS = frozenset(
    (
        "k8s-cluster/credentials/generic-k8s-client-certificate.yaml",
        "k8s-cluster-aks/credentials/aks-static-credentials.yaml",
        "k8s-cluster-gke/credentials/gke-static-credentials.yaml",
    )
)
ASK_FOR_AN_AGENT = frozenset(
    (
        "container-driver/inline-terraform/k8s-cluster-runner-config.yaml",
        "opentofu-container-runner-driver/credentials/k8s-cluster-opentofu-container-runner-config.yaml",
    )
)
WITH_AGENT = live(building.agent("my-agent"))

pytestmark = pytest.mark.skipif(
    not FILES, reason="the corpus of real definitions is not next to the checkout"
)


def errors(files: dict[str, bytes], state: State | None) -> list[str]:
    judgement = judge_all([scope(declare_files(files), live=state)], ACME)
    return [finding.rule for finding in judgement.findings if finding.severity is Severity.ERROR]


@pytest.mark.parametrize("name", FILES)
def test_real_files_cause_no_false_error(name: str) -> None:
    content = {name: FILES[name].read_bytes()}
    true_errors = ["R78"] if name in PLAIN_SECRETS else []
    assert errors(content, None) == true_errors
    true_errors += ["R51"] if name in ASK_FOR_AN_AGENT else []
    assert errors(content, WITH_AGENT) == true_errors
    assert errors(content, NOTHING_LIVE) == (["R03"] if name == POINTS_AT_AN_AGENT else true_errors)


def test_the_set_has_exactly_its_collisions() -> None:
    found = errors({name: path.read_bytes() for name, path in FILES.items()}, WITH_AGENT)
    assert Counter(found) == {"R08": 9, "R78": len(PLAIN_SECRETS)}
