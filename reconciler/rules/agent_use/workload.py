"""The rule about workloads that request an Agent (compatibility rules, table B): R57."""

from collections.abc import Iterator

from reconciler.facts.definition import AGENT_TYPE
from reconciler.facts.deployed_workload import agents_asked_for
from reconciler.model.declaration import Declarations
from reconciler.model.finding import Severity
from reconciler.rules.over import TREE
from reconciler.rules.rule import Answer, Confidence, Rule, Side
from reconciler.rules.subject import Subject


def _no_agent(tree: Subject[Declarations]) -> Iterator[Answer]:
    for document in tree.fact.foreign:
        for path, name in agents_asked_for(document):
            yield tree.says(
                f"Workloads cannot depend on an agent: resource `{name}` has type `{AGENT_TYPE}`",
                at=document.origin(path),
                advice="Remove it; set the Agent in `agent_url` of the cluster's definition.",
            )


RULES = (
    Rule(
        id="R57",
        title="Workloads do not request an Agent",
        severity=Severity.ERROR,
        confidence=Confidence.DOCUMENTED,
        sides=(Side.FILE,),
        over=TREE,
        check=_no_agent,
    ),
)
