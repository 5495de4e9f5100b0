"""From a tree of files to declarations: which documents are read, which are foreign, and findings in plain words."""

import re
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.declaration import Declarations
from reconciler.model.finding import Finding
from reconciler.model.key import PublicKey
from reconciler.settings import Limits
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree
from tests.building import PUBLIC_KEY, RUNNER_DOCUMENT

FINGERPRINT = "6bf284174d810080ca9cd91dd3976018a8c8d57762a1ef840ba68722c256adf2"
DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: db}
entity:
  name: db
  type: postgres
  driver_type: humanitec/echo
  driver_inputs:
    values: {host: h, port: 5432}
  criteria: [{}]
"""
AGENT = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec: {description: Agent of the EU cluster}
"""
KEY_FILE = """\
apiVersion: reconciler/v1alpha1
kind: Key
metadata: {id: eu-1-2026}
spec:
  for: {agent: eu-1}
  publicKey: {file: keys/eu-1.pem}
"""
FOREIGN = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n"


def tree(**files: str | bytes) -> Tree:
    """Files by name, with `__` for `/` and `_yaml` for the suffix."""
    spelled = {name.replace("__", "/").replace("_yaml", ".yaml"): text for name, text in files.items()}
    return tree_of(spelled)


def tree_of(files: dict[str, str | bytes], unread: tuple[tuple[str, str], ...] = ()) -> Tree:
    contents = {
        path: text.encode() if isinstance(text, str) else text for path, text in sorted(files.items())
    }
    return Tree("here", "", is_dirty=False, files=contents, unread=unread)


def load(given_tree: Tree, limits: Limits | None = None) -> Declarations:
    return Loader(limits or Limits(), inspect_public_key).load(given_tree)


def findings(text: str, name: str = "a.yaml") -> list[tuple[str, str, str, str]]:
    found = load(tree_of({name: dedent(text)})).findings
    return [(f.rule, f"{f.origin.line}:{f.origin.column}", f.message, f.advice) for f in found]


def one_finding(text: str) -> tuple[str, str, str, str]:
    [found] = findings(text)
    return found


def test_every_kind_is_loaded_with_its_place() -> None:
    loaded = load(
        tree_of(
            {
                "orgs/acme/all.yaml": f"{DEFINITION}---\n{AGENT}---\n{KEY_FILE}---\n{RUNNER_DOCUMENT}---\n{FOREIGN}",
                "orgs/acme/keys/eu-1.pem": PUBLIC_KEY,
            }
        )
    )
    assert loaded.findings == ()
    assert [d.document.metadata.id for d in loaded.definitions] == ["db"]
    assert [a.document.metadata.id for a in loaded.agents] == ["eu-1"]
    assert [k.document.spec.for_.agent for k in loaded.keys] == ["eu-1"]
    assert [r.document.metadata.id for r in loaded.runners] == ["eu-1"]
    assert [f.raw["kind"] for f in loaded.foreign] == ["Deployment"]
    assert str(loaded.definitions[0].origin(("entity", "driver_inputs", "values", "port"))) == (
        "orgs/acme/all.yaml:9:29"
    )
    assert {str(origin): str(key.fingerprint) for origin, key in loaded.public_keys.items()} == {
        str(loaded.keys[0].origin()): FINGERPRINT,
        str(loaded.runners[0].origin()): FINGERPRINT,
    }
    assert loaded.file_count == 2


def test_the_older_envelope_is_read_as_the_newer_one() -> None:
    old = DEFINITION.replace("entity.humanitec.io/v1b1", "core.api.humanitec.io/v1").replace(
        "entity:", "object:"
    )
    loaded = load(tree_of({"a.yaml": old}))
    assert loaded.findings == ()
    assert loaded.definitions[0].document.entity.type == "postgres"
    assert str(loaded.definitions[0].key_origin(("entity", "type"))) == "a.yaml:6:3"


@pytest.mark.parametrize(
    ("head", "rule", "place", "said"),
    [
        ("apiVersion: reconciler/v1\nkind: Agent", "F07", "1:13", "did you mean `reconciler/v1alpha1`?"),
        (
            "apiVersion: reconcilor/v1alpha1\nkind: Agent",
            "F07",
            "1:13",
            "did you mean `reconciler/v1alpha1`?",
        ),
        (
            "apiVersion: entity.humanitec.com/v1b1\nkind: Definition",
            "F07",
            "1:13",
            "`entity.humanitec.io/v1b1`",
        ),
        (
            "apiVersion: entity.humanitec.io/v1b1\nkind: definition",
            "F07",
            "2:7",
            "did you mean `Definition`?",
        ),
        ("apiVersion: entity.humanitec.io/v1b1\nkind: Workload", "F07", "2:7", "`Definition`"),
        ("apiVersion: reconciler/v1alpha1\nkind: Runer", "F07", "2:7", "did you mean `Runner`?"),
        (
            "apiVersion: reconciler/v1alpha1\nkind: [Agent]",
            "F06",
            "2:7",
            "`Agent`, `Key`, `Operator`, `Runner`",
        ),
        ("apiVersion: reconciler/v1alpha1", "F06", "1:1", "`Agent`, `Key`, `Operator`, `Runner`"),
        ("kind: Agent\nmetadata: {id: x}\nspec: {}", "F06", "1:1", "write `apiVersion: reconciler/v1alpha1`"),
        (
            "apiVersion:\nkind: Agent\nmetadata: {id: x}\nspec: {}",
            "F07",
            "1:12",
            "write `apiVersion: reconciler/v1alpha1`",
        ),
        (
            "apiVersion: 1\nkind: Definition\nmetadata: {id: x}\nentity: {}",
            "F07",
            "1:13",
            "write `apiVersion: entity.humanitec.io/v1b1`",
        ),
    ],
)
def test_what_looks_like_a_document_is_never_silently_ignored(
    head: str, rule: str, place: str, said: str
) -> None:
    found = one_finding(head)
    assert found[:2] == (rule, place)
    assert said in found[3]


@pytest.mark.parametrize(
    "version", ["humanitec.io/v1b1", "v1", "v1b1", '""', "entity.humanitec.io", "entity/v1", "~", "7", "[a]"]
)
@pytest.mark.parametrize(
    "document",
    [
        DEFINITION,
        AGENT,
        KEY_FILE,
        RUNNER_DOCUMENT,
        AGENT.replace("eu-1}\nspec: {description: Agent of the EU cluster}", "eu-1}\nspec: {}"),
        DEFINITION.replace("entity:", "object:"),
    ],
)
def test_a_document_with_a_wrong_version_is_never_mistaken_for_foreign(document: str, version: str) -> None:
    text = re.sub("^apiVersion: .*", f"apiVersion: {version}", document)
    loaded = load(tree_of({"a.yaml": text}))
    assert [finding.rule for finding in loaded.findings] == ["F07"]
    assert loaded.findings[0].origin.line == 1
    assert loaded.foreign == ()


def test_an_agent_with_annotations_is_recognized() -> None:
    text = AGENT.replace("{id: eu-1}", "{id: eu-1, annotations: {team: a}}").replace("reconciler/", "r/")
    assert [found[0] for found in findings(text)] == ["F07"]


def test_a_secret_in_place_of_the_version_is_not_shown() -> None:
    text = re.sub("^apiVersion: .*", "apiVersion: " + "s3cr3t" * 20, RUNNER_DOCUMENT)
    assert "s3cr3t" not in str(findings(text))


@pytest.mark.parametrize(
    "document", [DEFINITION, AGENT, KEY_FILE, RUNNER_DOCUMENT, DEFINITION.replace("entity.h", "h")]
)
def test_documents_in_a_list_are_never_silently_ignored(document: str) -> None:
    item = "- " + document.strip().replace("\n", "\n  ") + "\n"
    for text, line in (
        (item, 1),
        (f"- {{a: 1}}\n{item}", 2),
        (f"kind: List\napiVersion: v1\nitems:\n{item}", 4),
    ):
        found = load(tree_of({"a.yaml": text}))
        [finding] = found.findings
        assert (finding.rule, finding.origin.line) == ("F07", line)
        assert finding.advice == "write each as a separate document, separated by `---`"
        assert found.foreign == ()


@pytest.mark.parametrize(
    "text",
    [
        FOREIGN,
        "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: {name: x}}]",
        "apiVersion: v1\nkind: List\nitems: {}",
        "apiVersion: kagent.dev/v1alpha2\nkind: Agent\nmetadata: {name: x}\nspec: {description: x}",
        "apiVersion: agent.k8s.elastic.co/v1alpha1\nkind: Agent\nmetadata: {name: x}\nspec: {version: 8.0.0}",
        "apiVersion: x.example/v1\nkind: Agent\nmetadata: {id: x}\nspec: {image: x}",
        "apiVersion: actions.summerwind.dev/v1alpha1\nkind: Runner\nmetadata: {name: x}\nspec: {repository: a/b}",
        "apiVersion: kms.example/v1\nkind: Key\nmetadata: {name: x}\nspec: {publicKey: x}",
        "apiVersion: x.example/v1\nkind: Definition\nmetadata: {name: x}\nspec: {}",
        "apiVersion: score.dev/v1b1\nmetadata: {name: x}\ncontainers: {}",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: x}\nspec: {}",
        "apiVersion: humanitec.io/v1alpha1\nkind: SecretStore\nmetadata: {name: x}\nspec: {}",
        "version: 1\ntargets: {}",
        "- 1\n- 2",
        "just text",
        "on: push\njobs: {8080: x}",
        "a: 1\na: 2",
        "job: !reference [.a, b]",
        "apiVersion: 1\nkind: Agent",
        "kind: [Agent]\nmetadata: {}\nspec: {}",
        "- {kind: {a: b}, metadata: {}, spec: {}}",
        "kind: Agent",
        "v: .inf",
    ],
)
def test_foreign_documents_are_left_alone(text: str) -> None:
    loaded = load(tree_of({".gitlab-ci.yml": text}))
    assert loaded.findings == ()
    assert len(loaded.foreign) <= 1


def test_a_helm_template_is_noted_and_not_evaluated() -> None:
    template = "{{- if .Values.x }}\napiVersion: v1\nkind: Secret\n{{- end }}\n"
    loaded = load(tree_of({"chart/templates/a.yaml": template}))
    assert loaded.findings == ()
    assert loaded.unread == (("chart/templates/a.yaml", "a template, not YAML"),)


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c\n",
        "{{ x }}\napiVersion: entity.humanitec.io/v1b1\n a: b: c",
        "# reconciler/v1alpha1\na: {{ x }}: y\n",
    ],
)
def test_other_files_that_do_not_parse_are_errors(text: str) -> None:
    assert [found[0] for found in findings(text)] == ["F02"]


def test_files_that_are_not_yaml_are_not_parsed() -> None:
    loaded = load(tree_of({"README.md": "a: b: c", "x.json": "{", "notes.txt": DEFINITION}))
    assert (loaded.findings, loaded.foreign, loaded.definitions) == ((), (), ())


def test_a_pointer_of_git_lfs_is_not_mistaken_for_content() -> None:
    assert one_finding("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n")[0] == "F10"


TYPES = "`kubernetes-agent`, `kubernetes`, `kubernetes-gke`, `kubernetes-eks`, `serverless-ecs`"
BASE = """\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {id: r}
spec:
"""
STORAGE = "  state_storage_configuration: {type: s3, bucket: b}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            AGENT + "extra: 1\n",
            (
                "F05",
                "5:1",
                "the field `extra` is not known",
                "known fields: `apiVersion`, `kind`, `metadata`, `spec`",
            ),
        ),
        (
            AGENT.replace("description", "descripton"),
            ("F05", "4:8", "the field `descripton` in `spec` is not known", "did you mean `description`?"),
        ),
        (
            DEFINITION.replace("driver_inputs", "driverInputs"),
            (
                "F05",
                "8:3",
                "the field `driverInputs` in `entity` is not known",
                "did you mean `driver_inputs`?",
            ),
        ),
        (
            DEFINITION.replace("[{}]", "[{env_typ: x}]"),
            (
                "F05",
                "10:15",
                "the field `env_typ` in `entity.criteria[0]` is not known",
                "did you mean `env_type`?",
            ),
        ),
        (
            DEFINITION.replace("  type: postgres\n", ""),
            ("F06", "4:1", "`entity.type` is missing", ""),
        ),
        (
            DEFINITION.replace("id: db", "id: 12"),
            ("F06", "3:16", "`metadata.id` must be a string, but is a number", "put it in quotes"),
        ),
        (
            DEFINITION.replace("id: db", "id: true"),
            ("F06", "3:16", "`metadata.id` must be a string, but is true or false", "put it in quotes"),
        ),
        (
            DEFINITION.replace("[{}]", "{}"),
            ("F06", "10:13", "`entity.criteria` must be a list, but is a mapping", ""),
        ),
        (
            AGENT.replace("{description: Agent of the EU cluster}", "text"),
            ("F06", "4:7", "`spec` must be a mapping, but is a string", ""),
        ),
        (
            AGENT.replace("{description: Agent of the EU cluster}", ""),
            ("F06", "4:6", "`spec` must be a mapping, but is empty", ""),
        ),
        (
            DEFINITION.replace("[{}]", "[{class: 1}]"),
            (
                "F06",
                "10:22",
                "`entity.criteria[0].class` must be a string, but is a number",
                "put it in quotes",
            ),
        ),
        (
            RUNNER_DOCUMENT.replace("type: kubernetes-agent", "type: kubernetes_agent"),
            (
                "F06",
                "6:11",
                f"`spec.runner_configuration.type` must be one of {TYPES}, but is `kubernetes_agent`",
                "did you mean `kubernetes-agent`?",
            ),
        ),
        (
            RUNNER_DOCUMENT.replace("    type: kubernetes-agent\n", ""),
            (
                "F06",
                "5:3",
                "`spec.runner_configuration.type` is missing",
                f"set it to one of {TYPES}",
            ),
        ),
        (
            RUNNER_DOCUMENT.replace("type: kubernetes, namespace", "type: kubernetes, namespce"),
            (
                "F05",
                "12:51",
                "the field `namespce` in `spec.state_storage_configuration` is not known",
                "did you mean `namespace`?",
            ),
        ),
        (
            RUNNER_DOCUMENT.replace("service_account: job", "service_account: 5"),
            (
                "F06",
                "11:45",
                "`spec.runner_configuration.job.service_account` must be a string, but is a number",
                "put it in quotes",
            ),
        ),
        (
            RUNNER_DOCUMENT.replace("service_account: job", "service_account: r, imagee: x"),
            (
                "F05",
                "11:48",
                "the field `imagee` in `spec.runner_configuration.job` is not known",
                "known fields: `namespace`, `pod_template`, `service_account`",
            ),
        ),
        (
            KEY_FILE.replace("{file: keys/eu-1.pem}", "[1]"),
            ("F06", "6:14", "`spec.publicKey` must be a string, but is a list", ""),
        ),
        (
            KEY_FILE.replace("file:", "path:"),
            ("F05", "6:15", "a field in `spec.publicKey` is not known", "known fields: `file`"),
        ),
        (
            KEY_FILE.replace("for:", "four:"),
            ("F05", "5:3", "the field `four` in `spec` is not known", "did you mean `for`?"),
        ),
        (
            DEFINITION + "  provision: {a: {b: c}, d: 1}\n",
            ("F06", "11:29", "`entity.provision.d` must be a mapping, but is a number", ""),
        ),
    ],
)
def test_mistakes_are_reported_in_plain_words_with_their_place(
    text: str, expected: tuple[str, str, str, str]
) -> None:
    assert expected in findings(text)


def test_all_problems_of_all_files_are_reported_together_and_sorted() -> None:
    broken = AGENT.replace("description", "descripton")
    found = load(tree(b_yaml=broken, a_yaml="x: [", c__d_yaml=broken)).findings
    assert [(f.rule, f.origin.file) for f in found] == [
        ("F02", "a.yaml"),
        ("F05", "b.yaml"),
        ("F05", "c/d.yaml"),
    ]


JARGON = re.compile(
    r"pydantic|Input should|validation error|https?://|Literal|str type|dict\[|NoneType|extra_forbidden"
)
SECRET = "hunter2-hunter2"


CLUSTER_RUNNER = f"""\
{BASE}  runner_configuration:
    type: kubernetes
    job: {{namespace: a, service_account: b}}
    cluster:
      cluster_data: {{certificate_authority_data: c, server: s}}
      auth: {{{SECRET}: 1, client_key_data: [{SECRET}], service_account_token: {{a: {SECRET}}}}}
{STORAGE}"""


def everything(found: Finding) -> str:
    return repr(found) + found.message + found.advice


@pytest.mark.parametrize(
    "text",
    [
        DEFINITION.replace("values: {host: h, port: 5432}", f"secrets: {SECRET}"),
        DEFINITION.replace("values: {host: h, port: 5432}", f"secrets: [{SECRET}]"),
        DEFINITION.replace("values: {host: h, port: 5432}", f"secret_refs: {SECRET}"),
        DEFINITION.replace(
            "values: {host: h, port: 5432}", f"{{secrets: {{a: {SECRET}}}, secrets: {{b: {SECRET}}}}}"
        ),
        DEFINITION.replace("values: {host: h, port: 5432}", f"secrets: {{a: !x {SECRET}}}"),
        DEFINITION.replace("values: {host: h, port: 5432}", f"secrets: {{a: [{SECRET}"),
        f"{BASE}  runner_configuration: {{type: {SECRET}-{'A' * 40}}}\n{STORAGE}",
        CLUSTER_RUNNER,
        RUNNER_DOCUMENT.replace("job: {namespace: jobs, service_account: job}", f"job: {SECRET}"),
        RUNNER_DOCUMENT.replace("key: |", f"key: {{{SECRET}: {SECRET}}}\n    x: |"),
        AGENT + f"{'A1b2' * 10}{SECRET}: 1\n",
        KEY_FILE.replace("{file: keys/eu-1.pem}", f"{{{SECRET}: {SECRET}}}"),
        KEY_FILE.replace("{file: keys/eu-1.pem}", SECRET),
        KEY_FILE.replace(
            "{file: keys/eu-1.pem}",
            f'"-----BEGIN PRIVATE KEY-----\\n{SECRET}\\n-----END PRIVATE KEY-----"',
        ),
        f"apiVersion: reconciler/v1alpha1\nkind: '-----BEGIN PRIVATE KEY----- {SECRET}'\n",
    ],
    ids=range(15),
)
def test_the_value_of_a_secret_position_is_never_shown(text: str) -> None:
    loaded = load(tree_of({"a.yaml": text}))
    assert loaded.findings
    for found in loaded.findings:
        assert SECRET not in everything(found)
        assert not JARGON.search(everything(found))


@pytest.mark.parametrize(
    ("name", "rule", "place"),
    [
        ("../../outside.pem", "F08", "6:21"),
        ("/etc/passwd", "F08", "6:21"),
        ("x/../../../etc/passwd", "F08", "6:21"),
        ("keys/none.pem", "F09", "6:21"),
        ("keys/huge.pem", "F10", "6:21"),
        ("keys/binary.pem", "F06", "6:21"),
        ("keys/prose.pem", "F06", "6:14"),
        ("keys/private.pem", "F06", "6:14"),
    ],
)
def test_key_files_are_looked_for_inside_the_tree_only(name: str, rule: str, place: str) -> None:
    files: dict[str, str | bytes] = {
        "acme/a.yaml": KEY_FILE.replace("keys/eu-1.pem", name),
        "acme/keys/binary.pem": b"\xff\xfe\x00",
        "acme/keys/prose.pem": "hello",
        "acme/keys/private.pem": "-----BEGIN PRIVATE KEY-----",
    }
    loaded = load(tree_of(files, unread=(("acme/keys/huge.pem", "too large"),)))
    [found] = loaded.findings
    assert (found.rule, f"{found.origin.line}:{found.origin.column}") == (rule, place)
    assert loaded.public_keys == {}


def test_a_key_file_may_be_outside_the_folder_of_its_document() -> None:
    loaded = load(
        tree_of({"a/b/k.yaml": KEY_FILE.replace("keys/eu-1.pem", "../k.pem"), "a/k.pem": PUBLIC_KEY})
    )
    assert loaded.findings == ()
    assert len(loaded.public_keys) == 1


def test_private_keys_are_found_in_files_of_any_kind() -> None:
    private = PUBLIC_KEY.replace("PUBLIC", "PRIVATE")
    loaded = load(
        tree_of(
            {
                "id.pem": private,
                "values.yaml": "key: |\n" + private.replace("\n", "\n  ").replace("---", "  ---", 1),
            }
        )
    )
    assert [(str(place.origin), place.form) for place in loaded.private_keys] == [
        ("id.pem:1:1", "PEM"),
        ("values.yaml:2:3", "PEM"),
    ]


def test_a_second_load_parses_only_what_changed() -> None:
    looked_at: list[str] = []

    def inspect(text: str) -> PublicKey:
        looked_at.append(text)
        return inspect_public_key(text)

    loader = Loader(Limits(), inspect)
    first = loader.load(tree(a_yaml=DEFINITION, b_yaml=AGENT, c_yaml=RUNNER_DOCUMENT))
    second = loader.load(tree(a_yaml=DEFINITION, b_yaml=AGENT.replace("EU", "US"), c_yaml=RUNNER_DOCUMENT))
    assert second.definitions[0] is first.definitions[0]
    assert second.agents[0] is not first.agents[0]
    assert len(looked_at) == 1
    assert loader.load(tree(b_yaml=AGENT)).definitions == ()


def test_a_moved_file_is_read_again_with_its_new_place() -> None:
    loader = Loader(Limits(), inspect_public_key)
    loader.load(tree(a_yaml=DEFINITION))
    assert loader.load(tree(b_yaml=DEFINITION)).definitions[0].file == "b.yaml"


pieces = st.sampled_from(
    ["apiVersion: reconciler/v1alpha1", "apiVersion: entity.humanitec.io/v1b1", "kind: Agent", "kind: Definition",
     "kind: Runner", "kind: Key", "metadata: {id: x}", "metadata: 1", "spec: {}", "spec: {for: 1, publicKey: {}}",
     "spec:\n  runner_configuration: {type: kubernetes, cluster: {auth: []}}", "entity: {criteria: [1, {class: []}]}",
     "spec: {runner_configuration: {type: [1]}, rules: {}}", "---", "entity: {provision: {a: 1}}", "entity: []"]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(pieces, max_size=8))
def test_no_document_makes_it_crash_or_use_jargon(lines: list[str]) -> None:
    for found in load(tree_of({"a.yaml": "\n".join(lines)})).findings:
        assert not JARGON.search(found.message + found.advice)
        assert found.origin.file == "a.yaml"


OPERATOR = """\
apiVersion: reconciler/v1alpha1
kind: Operator
metadata: {id: eu-1}
spec:
  cluster: eu-1
  organization: acme
  chartVersion: 0.9.0
  driverKey: {fingerprint: 6bf284174d810080}
"""
STORE = """\
apiVersion: reconciler/v1alpha1
kind: SecretStore
metadata: {id: eu}
spec:
  awssm: {region: eu-central-1}
  orchestrator: {primary: true}
  clusters: [{cluster: eu-1, default: true, auth: {}}]
"""
INSTALLED = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  install:
    cluster: eu-1
    replicas: 2
    privateKey: {secretName: humanitec-agent-secret-private-key, mode: "0600"}
  moreInstalls: [{cluster: eu-2, privateKey: {mode: 384}}]
"""


def test_installations_operators_and_stores_are_read() -> None:
    loaded = load(tree_of({"a.yaml": f"{OPERATOR}---\n{STORE}---\n{INSTALLED}"}))
    assert loaded.findings == ()
    assert loaded.operators[0].document.spec.namespace == "humanitec-operator-system"
    assert loaded.secret_stores[0].document.spec.orchestrator is not None
    spec = loaded.agents[0].document.spec
    assert spec.install is not None
    assert spec.install.replicas == 2
    assert [install.cluster for install in spec.moreInstalls or ()] == ["eu-2"]


def test_a_store_of_external_secrets_is_foreign() -> None:
    manifest = (
        "apiVersion: external-secrets.io/v1\nkind: SecretStore\nmetadata: {name: eu}\n"
        "spec: {provider: {vault: {server: x}}}\n"
    )
    loaded = load(tree_of({"a.yaml": manifest}))
    assert (loaded.findings, len(loaded.foreign), loaded.secret_stores) == ((), 1, ())


def test_a_store_with_a_wrong_group_is_not_mistaken_for_foreign() -> None:
    rule, _, _, advice = one_finding(STORE.replace("reconciler/v1alpha1", "example.com/v1"))
    assert (rule, advice) == ("F07", "write `apiVersion: reconciler/v1alpha1`")


@pytest.mark.parametrize("owners", ["{}", "{agent: a, operator: b}", "{agent: a, runner: b}"])
def test_a_key_has_exactly_one_owner(owners: str) -> None:
    text = KEY_FILE.replace("{agent: eu-1}", owners).replace("{file: keys/eu-1.pem}", "PEM")
    assert "exactly one of `agent`, `operator` and `runner`" in " ".join(m for _, _, m, _ in findings(text))


def test_an_invalid_document_is_kept_for_rules_that_explain_it() -> None:
    loaded = load(tree_of({"a.yaml": RUNNER_DOCUMENT.replace("runner_configuration:", "runner_config:")}))
    assert [(rejected.kind, rejected.file) for rejected in loaded.rejected] == [("Runner", "a.yaml")]
    assert loaded.runners == ()
