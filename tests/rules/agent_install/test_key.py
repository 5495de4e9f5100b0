"""The file with the private key and the Secret it comes from: R31 to R33, R41, R42."""

import pytest

from reconciler.facts.file_mode import mode_of
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.finding import Severity
from reconciler.model.kubernetes_object import FINGERPRINT_ANNOTATION
from reconciler.settings import Limits
from reconciler.source.yaml_text import parse_yaml
from tests.rules.agent_install.installing import (
    IMAGE,
    ON_EKS,
    agent,
    config_map,
    deployment,
    found,
    messages,
    on_eu,
    unknown,
)
from tests.rules.pages_on_disk import read_example
from tests.rules.tree import judged

DOCKER = f"host: docker, image: '{IMAGE}'"
SECRET = "humanitec-agent-secret-private-key"
KEY_DOCUMENT = read_example("R13/right.yaml").partition("\n---\n")[2]
ONE, OTHER = "a" * 64, "b" * 64


def declared_fingerprint() -> str:
    value = parse_yaml(KEY_DOCUMENT.encode(), "key.yaml", Limits()).documents[0].value
    assert isinstance(value, dict)
    spec = value["spec"]
    assert isinstance(spec, dict)
    return inspect_public_key(str(spec["publicKey"])).fingerprint


def key_in(secret: str = SECRET, entry: str = "private_key", cluster: str = "eu-1") -> str:
    place = f"{{cluster: {cluster}, namespace: humanitec-agent, secret: {secret}, key: {entry}}}"
    return f"{KEY_DOCUMENT.rstrip()}\n  privateKey: {place}\n"


def mounted(items: str = "", *, default: str = "", mode: str = ", mode: 384") -> str:
    items = items or f"[{{key: private_key, path: private_key.pem{mode}}}]"
    return (
        f"[{{name: key, projected: {{{default}sources: [{{secret: {{name: {SECRET}, items: {items}}}}}]}}}}]"
    )


def secret(*entries: str, name: str = SECRET) -> str:
    data = "".join(f"{entry}: '', " for entry in entries)
    return f"apiVersion: v1\nkind: Secret\nmetadata: {{name: {name}, namespace: humanitec-agent}}\ndata: {{{data}}}"


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("384", 0),
        ('"0600"', 0),
        ('"600"', 0),
        ('"0o600"', 0),
        ("0o600", 0),
        ('"384"', 0),
        ("0600", 1),
        ("600", 1),
        ("420", 1),
        ('"0400"', 1),
        ('"0644"', 1),
        ('"rw-------"', 1),
    ],
)
def test_only_the_owner_may_read_the_key(mode: str, expected: int) -> None:
    said = found(on_eu(f"privateKey: {{mode: {mode}}}"), rule="R31")
    assert [severity for severity, _ in said] == [Severity.ERROR] * expected


def test_a_mode_that_lost_its_octal_digits_is_explained() -> None:
    from tests.rules.tree import judged

    advice = [f.advice for f in judged(on_eu("privateKey: {mode: 0600}")).findings if f.rule == "R31"]
    assert "without quotes" in advice[0]
    assert mode_of("0600") == 0o600


def test_a_file_mode_is_unknown_on_hosts_that_do_not_set_it() -> None:
    assert len(unknown(agent(f"{{{DOCKER}}}"), rule="R31")) == 1
    assert unknown(on_eu(), rule="R31") == []
    assert len(unknown(on_eu("privateKey: {mode: '${MODE}'}"), rule="R31")) == 1
    assert messages(on_eu("privateKey: {mode: '${MODE}'}"), rule="R31") == []


@pytest.mark.parametrize(
    ("volumes", "expected"),
    [
        (mounted(), 0),
        (mounted(mode=""), 1),
        (mounted(mode=", mode: 420"), 1),
        (mounted(mode="", default="defaultMode: 384, "), 0),
        (mounted(mode=", mode: text"), 1),
        (f"[{{name: key, secret: {{secretName: {SECRET}, defaultMode: 384}}}}]", 0),
        (f"[{{name: key, secret: {{secretName: {SECRET}}}}}]", 1),
    ],
)
def test_the_effective_mode_of_a_mounted_file_counts(volumes: str, expected: int) -> None:
    """Files have mode 0644 in Kubernetes unless the item or the volume says otherwise."""
    texts = (deployment(volumes=volumes), config_map(), secret("private_key", "private_key.pem"))
    assert len(messages(*texts, rule="R31")) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("privateKey: {ownerUid: 1000}", []),
        ("privateKey: {ownerUid: 65532}", [Severity.ERROR]),
        ("privateKey: {ownerUid: 65532}, podSecurity: {runAsUser: 65532}", []),
        ("privateKey: {ownerUid: 1000}, podSecurity: {runAsUser: 65532}", [Severity.ERROR]),
        ("podSecurity: {runAsUser: 2000}", [Severity.WARNING]),
        ("privateKey: {ownerUid: 2000}, podSecurity: {runAsUser: 2000}", [Severity.WARNING]),
        ("helmValues: {podSecurityContext: {runAsUser: 2000}}", [Severity.WARNING]),
        ("helmValues: {podSecurityContext: {runAsUser: 65532}}, privateKey: {ownerUid: 65532}", []),
        ("method: helm, privateKey: {ownerUid: 2000}", [Severity.ERROR]),
        ("method: helm, privateKey: {ownerUid: 65532}", []),
        ("", []),
    ],
)
def test_the_containers_user_owns_the_key(members: str, expected: list[Severity]) -> None:
    assert [severity for severity, _ in found(on_eu(members), rule="R32")] == expected


@pytest.mark.parametrize(("place", "names_group"), [(DOCKER, False), ("cluster: eu-1", True)])
def test_the_group_of_a_volume_is_named_only_where_there_are_volumes(
    place: str, *, names_group: bool
) -> None:
    members = f"{place}, podSecurity: {{runAsUser: 2000}}, privateKey: {{ownerUid: 2000}}"
    judgement = judged(agent(f"{{{members}}}"), only=("R32",))
    (advice,) = [finding.advice for finding in judgement.findings]
    assert ("`fsGroup`" in advice) is names_group


def test_an_owner_is_unknown_on_hosts_that_do_not_set_it() -> None:
    assert len(unknown(agent(f"{{{DOCKER}}}"), rule="R32")) == 1
    assert unknown(on_eu(), rule="R32") == []


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ("securityContext: {runAsUser: 1000, fsGroup: 1000}", 0),
        ("securityContext: {runAsUser: 65532, fsGroup: 65532}", 0),
        ("securityContext: {runAsUser: 2000, fsGroup: 2000}", 1),
        ("securityContext: {runAsUser: 1000}", 1),
        ("securityContext: {fsGroup: 1000}", 0),
        ("securityContext: {runAsUser: 0}", 0),
    ],
)
def test_the_user_of_a_manifest_can_read_its_key(pod: str, expected: int) -> None:
    said = found(deployment(pod=pod), config_map(), rule="R32")
    assert [severity for severity, _ in said] == [Severity.WARNING] * expected


def test_the_user_of_a_container_overrides_that_of_its_pod() -> None:
    text = deployment(security="{runAsUser: 2000}")
    assert "uid 2000" in messages(text, config_map(), rule="R32")[0]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ("", 0),
        ("env: {PRIVATE_KEY_FILE: /keys/private_key.pem}", 0),
        ("env: {PRIVATE_KEY_FILE: /keys/./private_key.pem}", 0),
        ("env: {PRIVATE_KEY_FILE: /keys/agent.pem}", 1),
        ("env: {PRIVATE_KEY_FILE: private_key.pem}", 1),
        ("privateKey: {path: /keys/agent.pem}", 0),
        ("privateKey: {path: keys/agent.pem}", 1),
        ("privateKey: {path: /keys/agent.pem}, env: {PRIVATE_KEY_FILE: /keys/agent.pem}", 0),
        ("privateKey: {path: /keys/agent.pem}, env: {PRIVATE_KEY_FILE: /keys/private_key.pem}", 1),
        ("privateKey: {path: agent.pem}, env: {PRIVATE_KEY_FILE: /keys/agent.pem}", 1),
    ],
)
def test_the_agent_looks_where_its_key_is(members: str, expected: int) -> None:
    assert [s for s, _ in found(on_eu(members), rule="R33")] == [Severity.ERROR] * expected


def test_the_finding_names_both_places_of_the_key() -> None:
    members = "privateKey: {path: /keys/agent.pem}, env: {PRIVATE_KEY_FILE: /keys/key.pem}"
    declared = judged(on_eu(members), settings=ON_EKS, only=("R33",)).findings
    manifest = judged(
        deployment(), config_map("{PRIVATE_KEY_FILE: /keys/a.pem}"), settings=ON_EKS, only=("R33",)
    ).findings
    assert [len({finding.origin, *finding.others}) for finding in (*declared, *manifest)] == [2, 2]


def test_where_the_key_is_may_be_unknown() -> None:
    elsewhere = f"{DOCKER}, env: {{PRIVATE_KEY_FILE: /run/key.pem}}"
    assert len(unknown(agent(f"{{{elsewhere}}}"), rule="R33")) == 1
    assert len(unknown(on_eu("env: {PRIVATE_KEY_FILE: '{{ .Values.file }}'}"), rule="R33")) == 1


def test_a_value_in_place_of_a_path_is_not_printed() -> None:
    said = messages(on_eu('env: {PRIVATE_KEY_FILE: "not a path\\nbut a secret"}'), rule="R33")
    assert "secret" not in said[0]


@pytest.mark.parametrize(
    ("data", "volumes", "expected", "hidden"),
    [
        ("{ORGS: acme}", mounted(), 0, 0),
        ("{ORGS: acme}", mounted("[{key: private_key, path: agent.pem}]"), 1, 0),
        ("{PRIVATE_KEY_FILE: /keys/agent.pem}", mounted("[{key: private_key, path: agent.pem}]"), 0, 0),
        ("{PRIVATE_KEY_FILE: agent.pem}", mounted(), 1, 0),
        ("{PRIVATE_KEY_FILE: $FILE}", mounted(), 0, 1),
        ("{ORGS: acme}", "[]", 1, 0),
        ("{ORGS: acme}", "[{name: key, csi: {driver: secrets-store.csi.k8s.io}}]", 0, 1),
        ("{ORGS: acme}", "[{name: key, projected: {sources: [{configMap: {name: key}}]}}]", 0, 1),
        ("{ORGS: acme}", f"[{{name: key, secret: {{secretName: {SECRET}}}}}]", 0, 1),
    ],
)
def test_a_manifest_mounts_the_key_where_the_agent_looks(
    data: str, volumes: str, expected: int, hidden: int
) -> None:
    texts = (deployment(volumes=volumes), config_map(data))
    assert len(messages(*texts, rule="R33")) == expected
    assert len(unknown(*texts, rule="R33")) == hidden


def test_a_secret_without_items_is_mounted_with_its_entries_as_files() -> None:
    volumes = f"[{{name: key, secret: {{secretName: {SECRET}}}}}]"
    assert messages(deployment(volumes=volumes), config_map(), secret("private_key.pem"), rule="R33") == []
    said = messages(deployment(volumes=volumes), config_map(), secret("private_key"), rule="R33")
    assert "where nothing is mounted" in said[0]


def test_a_single_file_may_be_mounted() -> None:
    volumes = mounted("[{key: private_key, path: key.pem, mode: 384}]")
    at = "{name: key, mountPath: /keys/private_key.pem, subPath: key.pem}"
    text = deployment(volumes=volumes).replace("{name: key, mountPath: /keys, readOnly: true}", at)
    assert messages(text, config_map(), rule="R33") == []
    assert messages(text.replace("subPath: key.pem", "subPath: other"), config_map(), rule="R33") != []


def test_a_variable_that_something_outside_may_set_is_unknown() -> None:
    assert len(unknown(deployment(), rule="R33")) == 1
    assert messages(deployment(), rule="R31") == []


def on_cluster(*entries: str, deployed: bool = False, complete: str = "") -> str:
    objects = (
        "[{apiVersion: apps/v1, kind: Deployment, metadata: {name: humanitec-agent, namespace: humanitec-agent}}]"
        if deployed
        else "[]"
    )
    secrets = (
        f"[{{namespace: humanitec-agent, name: {SECRET}, entries: [{', '.join(entries)}]}}]"
        if entries
        else "[]"
    )
    return f"eu-1: {{objects: {objects}, secrets: {secrets}{complete}}}"


@pytest.mark.parametrize(
    ("members", "clusters", "expected"),
    [
        ("", on_cluster("private_key"), 0),
        ("", on_cluster("privateKey"), 1),
        ("privateKey: {secretKey: agent.pem}", on_cluster("private_key"), 1),
        ("privateKey: {secretKey: agent.pem}", on_cluster("agent.pem"), 0),
        ("", on_cluster(), 0),
        ("", on_cluster(deployed=True), 1),
        ("method: helm", on_cluster(deployed=True), 0),
    ],
)
def test_the_secret_on_the_cluster_has_the_entry(members: str, clusters: str, expected: int) -> None:
    """A Secret that does not exist yet is not a mistake before the Agent runs."""
    assert [s for s, _ in found(on_eu(members), rule="R41", clusters=clusters)] == [Severity.ERROR] * expected
    assert unknown(on_eu(members), rule="R41", clusters=clusters) == []


def test_a_secret_that_was_not_read_is_unknown() -> None:
    assert len(unknown(on_eu(), rule="R41")) == 1
    assert len(unknown(on_eu(), rule="R41", clusters="eu-1: {complete: [apps/v1 Deployment]}")) == 1
    assert unknown(agent(f"{{{DOCKER}}}"), rule="R41") == []


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (key_in(), 0),
        (key_in(entry="privateKey"), 1),
        (key_in(secret="another", entry="privateKey"), 0),
        (key_in(cluster="us-1", entry="privateKey"), 0),
    ],
)
def test_the_key_is_stored_under_the_entry_that_is_mounted(key: str, expected: int) -> None:
    assert len(messages(on_eu(), key, rule="R41")) == expected


def test_a_key_without_an_entry_contradicts_none() -> None:
    key = key_in(entry="privateKey").replace(", key: privateKey", "")
    assert messages(on_eu("privateKey: {secretKey: agent.pem}"), key, rule="R41") == []


@pytest.mark.parametrize(
    ("entries", "expected", "hidden"), [(("private_key",), 0, 0), (("privateKey",), 1, 0), ((), 1, 0)]
)
def test_the_secret_next_to_a_manifest_has_the_entry(
    entries: tuple[str, ...], expected: int, hidden: int
) -> None:
    texts = (deployment(), config_map(), secret(*entries))
    assert len(messages(*texts, rule="R41")) == expected
    assert len(unknown(*texts, rule="R41")) == hidden


def test_a_secret_that_is_not_in_the_tree_is_unknown() -> None:
    assert len(unknown(deployment(), config_map(), secret("a", name="another"), rule="R41")) == 1


def started(annotation: str, held: str = ONE, *, complete: str = "") -> str:
    annotations = f"{{{FINGERPRINT_ANNOTATION}: {annotation}}}" if annotation else "{}"
    return f"""\
eu-1:
  objects:
    - apiVersion: apps/v1
      kind: Deployment
      metadata: {{name: humanitec-agent, namespace: humanitec-agent}}
      spec: {{template: {{metadata: {{annotations: {annotations}}}}}}}
  secrets:
    - namespace: humanitec-agent
      name: {SECRET}
      entries: [private_key]
      private_keys: {{private_key: {{fingerprint: {held}, algorithm: RSA, bits: 4096}}}}
{complete}
"""


def test_pods_that_were_started_with_another_key_are_an_error() -> None:
    said = found(on_eu(), rule="R42", clusters=started(OTHER))
    assert [severity for severity, _ in said] == [Severity.ERROR]
    assert OTHER[:12] in said[0][1]
    assert messages(on_eu(), rule="R42", clusters=started(ONE)) == []
    assert unknown(on_eu(), rule="R42", clusters=started(ONE)) == []


def test_a_declared_key_in_the_secret_is_a_rotation_under_way() -> None:
    """An error would keep the plan from restarting the pods."""
    said = found(on_eu(), key_in(), rule="R42", clusters=started(OTHER, declared_fingerprint()))
    assert [severity for severity, _ in said] == [Severity.WARNING]


def test_pods_without_a_fingerprint_are_unknown() -> None:
    assert len(unknown(on_eu(), rule="R42", clusters=started(""))) == 1
    assert messages(on_eu(), rule="R42", clusters=started("")) == []
    assert len(unknown(on_eu("method: helm"), rule="R42", clusters=started(ONE))) == 1
    assert len(unknown(on_eu(), rule="R42")) == 1


def test_a_value_in_place_of_a_fingerprint_is_not_printed() -> None:
    assert "nonsense" not in messages(on_eu(), rule="R42", clusters=started("nonsense"))[0]


def test_an_agent_that_does_not_run_yet_has_no_old_key() -> None:
    assert unknown(on_eu(), rule="R42", clusters=on_cluster("private_key")) == []


@pytest.mark.parametrize("is_current", [True, False])
def test_a_manifest_names_the_key_that_is_declared_for_its_secret(is_current: bool) -> None:  # noqa: FBT001
    annotation = f"{FINGERPRINT_ANNOTATION}: {declared_fingerprint() if is_current else OTHER}"
    text = deployment().replace("metadata: {labels:", f"metadata: {{annotations: {{{annotation}}}, labels:")
    assert FINGERPRINT_ANNOTATION in text
    said = found(text, config_map(), key_in(), rule="R42")
    assert [severity for severity, _ in said] == ([] if is_current else [Severity.ERROR])
    assert messages(text, config_map(), key_in(secret="another"), rule="R42") == []


def test_for_several_manifests_it_is_unknown_which_agent_each_one_is() -> None:
    """The same names occur once for each cluster, and some of the keys may be declared elsewhere."""
    text = deployment().replace(
        "metadata: {labels:", f"metadata: {{annotations: {{{FINGERPRINT_ANNOTATION}: {OTHER}}}, labels:"
    )
    assert messages(text, text, key_in(), config_map(), rule="R42") == []
    assert len(unknown(text, deployment(), key_in(), config_map(), rule="R42")) == 1
