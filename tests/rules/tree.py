"""Declarations and scopes from YAML text, for tests of rules."""

from textwrap import dedent

from reconciler.errors import KeyStoreError
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.agent import AgentDocument
from reconciler.model.declaration import Declarations, Declared, Foreign
from reconciler.model.identity import Kind, TargetName
from reconciler.model.key import KeyDocument, PublicKey
from reconciler.model.origin import Origin
from reconciler.model.resource_definition import DefinitionDocument
from reconciler.model.runner import AgentRunner, RunnerDocument
from reconciler.model.state import Resource, State
from reconciler.rules.judge import Judgement, judge
from reconciler.rules.scope import Scope
from reconciler.settings import Limits, Settings
from reconciler.source.private_key import find_private_keys
from reconciler.source.yaml_text import parse_yaml

ORGANIZATION = "acme"
NOTHING_LIVE = State({}, frozenset(Kind))
ACME = Settings.model_validate({"version": 1, "targets": {"acme": {"organization": ORGANIZATION}}})
_OURS = "reconciler/v1alpha1"


def settings(text: str) -> Settings:
    parsed = parse_yaml(dedent(text).encode(), "reconciler.yaml", Limits())
    assert parsed.failure is None
    return Settings.model_validate(parsed.documents[0].value)


def declare(*texts: str) -> Declarations:
    """Load texts as files `0.yaml`, `1.yaml` …"""
    return declare_files({f"{index}.yaml": dedent(text).encode() for index, text in enumerate(texts)})


def declare_files(files: dict[str, bytes]) -> Declarations:
    definitions, agents, keys, runners, foreign = [], [], [], [], []
    public_keys: dict[Origin, PublicKey] = {}
    for file, content in files.items():
        parsed = parse_yaml(content, file, Limits())
        assert parsed.failure is None, parsed.failure
        for document in parsed.documents:
            raw, positions = document.value, document.positions
            assert isinstance(raw, dict)
            match raw.get("apiVersion"), raw.get("kind"):
                case "entity.humanitec.io/v1b1", "Definition":
                    definitions.append(Declared(DefinitionDocument.model_validate(raw), raw, positions))
                case str(version), "Agent" if version == _OURS:
                    agents.append(Declared(AgentDocument.model_validate(raw), raw, positions))
                case str(version), "Key" if version == _OURS:
                    key = Declared(KeyDocument.model_validate(raw), raw, positions)
                    keys.append(key)
                    text = key.document.spec.publicKey
                    assert isinstance(text, str)
                    _inspect(text, key.origin(), public_keys)
                case str(version), "Runner" if version == _OURS:
                    runner = Declared(RunnerDocument.model_validate(raw), raw, positions)
                    runners.append(runner)
                    configuration = runner.document.spec.runner_configuration
                    if isinstance(configuration, AgentRunner):
                        _inspect(configuration.key, runner.origin(), public_keys)
                case _:
                    foreign.append(Foreign(raw, positions))
    return Declarations(
        definitions=tuple(definitions),
        agents=tuple(agents),
        keys=tuple(keys),
        runners=tuple(runners),
        foreign=tuple(foreign),
        public_keys=public_keys,
        private_keys=tuple(
            place for file, content in files.items() for place in find_private_keys(content, file)
        ),
        file_count=len(files),
    )


def _inspect(text: str, origin: Origin, found: dict[Origin, PublicKey]) -> None:
    try:
        found[origin] = inspect_public_key(text)
    except KeyStoreError:
        return


def live(*resources: Resource, complete: frozenset[Kind] = frozenset(Kind)) -> State:
    return State({resource.key: resource for resource in resources}, complete)


def scope(
    declarations: Declarations,
    *,
    live: State | None = None,
    settings: Settings = ACME,
    everything: Declarations | None = None,
    target: str = "acme",
) -> Scope:
    return Scope(
        target=TargetName(target),
        organization=settings.targets[target].organization,
        settings=settings,
        declarations=declarations,
        everything=declarations if everything is None else everything,
        live=live,
    )


def judged(*texts: str, live: State | None = NOTHING_LIVE, settings: Settings = ACME) -> Judgement:
    """Judge one target that owns every file; nothing is live unless said otherwise."""
    return judge([scope(declare(*texts), live=live, settings=settings)], settings)


def rules_of(judgement: Judgement) -> list[str]:
    return [finding.rule for finding in judgement.findings]
