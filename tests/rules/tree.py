"""Declarations and scopes from YAML, for tests of rules."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from textwrap import dedent

from reconciler.facts.scope import Scope
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.cluster_state import ClusterState
from reconciler.model.declaration import Declarations
from reconciler.model.identity import TargetName
from reconciler.model.kind import Kind
from reconciler.model.state import Resource, State
from reconciler.rules.judge import Judgement, Turn, judge
from reconciler.rules.registry import RULES, AnyRule
from reconciler.settings import Limits, Settings
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree
from reconciler.source.yaml_text import parse_yaml

ORGANIZATION = "acme"
NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
NOTHING_LIVE = State({}, frozenset(Kind))
ACME = Settings.model_validate({"version": 1, "targets": {"acme": {"organization": ORGANIZATION}}})


def settings(text: str) -> Settings:
    parsed = parse_yaml(dedent(text).encode(), "reconciler.yaml", Limits())
    assert parsed.failure is None
    return Settings.model_validate(parsed.documents[0].value)


def declare(*texts: str) -> Declarations:
    """Load strings as files named `0.yaml`, `1.yaml` and so on."""
    return declare_files({f"{index}.yaml": dedent(text).encode() for index, text in enumerate(texts)})


def declare_files(files: dict[str, bytes]) -> Declarations:
    return Loader(Limits(), inspect_public_key).load(Tree("memory", "", is_dirty=False, files=files))


def live(*resources: Resource, complete: frozenset[Kind] = frozenset(Kind)) -> State:
    return State({resource.key: resource for resource in resources}, complete)


def scope(
    declarations: Declarations,
    *,
    live: State | None = None,
    settings: Settings = ACME,
    everything: Declarations | None = None,
    target: str = "acme",
    clusters: Mapping[str, ClusterState] | None = None,
) -> Scope:
    return Scope(
        target=TargetName(target),
        place=settings.place(target),
        settings=settings,
        declarations=declarations,
        everything=declarations if everything is None else everything,
        live=live,
        clusters=clusters or {},
        now=NOW,
    )


def judged(
    *texts: str,
    live: State | None = NOTHING_LIVE,
    settings: Settings = ACME,
    clusters: Mapping[str, ClusterState] | None = None,
    only: Iterable[str] = RULES,
) -> Judgement:
    """Evaluate all rules, or `only` some, for one target with every file; nothing is live unless given."""
    seen = scope(declare(*texts), live=live, settings=settings, clusters=clusters)
    return judge_all([seen], settings, only=only)


def judge_all(
    scopes: Sequence[Scope],
    settings: Settings = ACME,
    *,
    only: Iterable[str] = RULES,
    rules: Mapping[str, AnyRule] = RULES,
    turn: Turn | None = None,
) -> Judgement:
    """Evaluate `rules`, or `only` some of the catalogue, on the day of the tests."""
    chosen = rules if rules is not RULES else {rule_id: RULES[rule_id] for rule_id in only}
    return judge(scopes, settings, day=NOW.date(), rules=chosen, turn=turn)


def rules_of(judgement: Judgement) -> list[str]:
    return [finding.rule for finding in judgement.findings]
