"""Where private keys come from: R19, R27."""

import pytest

from reconciler.model.finding import Severity
from tests.rules.keys.documents import (
    IN_SECRET,
    IN_STORE,
    INSTALL,
    ONE,
    agent,
    cluster,
    judgement,
    key,
    messages,
    of,
    operator,
    runner,
    secret,
    severities,
)

PLACED = "cluster: eu-1, namespace: runner"
RUNNER = runner(f"{{{PLACED}, privateKey: {{secretName: runner-key}}}}")
LABEL = '"-----BEGIN PRIVATE KEY-----\\n(text)\\n"'


def helm(values: str) -> str:
    return agent(install=f"{{cluster: eu-1, method: helm, helmValues: {values}}}")


@pytest.mark.parametrize(
    ("values", "path"),
    [
        pytest.param("{humanitec: {privateKey: something}}", "humanitec.privateKey", id="the chart's value"),
        pytest.param("{agent: {private_key: something}}", "agent.private_key", id="another name"),
        pytest.param(f"{{extra: [{{data: {LABEL}}}]}}", "extra.0.data", id="labelled"),
        pytest.param(f"{{args: [{LABEL}]}}", "args.0", id="labelled item"),
        pytest.param('{humanitec: {privateKey: ""}}', "", id="empty"),
        pytest.param('{humanitec: {privateKey: "${KEY}"}}', "", id="placeholder"),
        pytest.param('{humanitec: {privateKey: "{{ .Values.key }}"}}', "", id="template"),
        pytest.param('{humanitec: {privateKey: "ENC[AES256_GCM,data:x]"}}', "", id="SOPS"),
        pytest.param("{humanitec: {privateKey: {valueFrom: secret}}}", "", id="reference"),
        pytest.param("{humanitec: {org: acme, publicKey: something}}", "", id="other values"),
        pytest.param("{humanitec: [1, null, true]}", "", id="other shape"),
    ],
)
def test_private_keys_in_chart_values_of_documents_are_errors(values: str, path: str) -> None:
    found = judgement(helm(values))
    expected = (
        [f"The chart value `{path}` of Agent `eu-1` would contain a private key from Git"] if path else []
    )
    assert messages(found, "R19") == expected
    assert not any("something" in str(finding) for finding in of(found, "R19"))


def test_chart_values_of_operators_and_runners_are_checked() -> None:
    values = "{humanitec: {privateKey: something}}"
    other = runner(f"{{{PLACED}, helmValues: {values}}}")
    found = judgement(
        operator().replace("---", f"  helmValues: {values}\n---") + other,
    )
    assert [message.split(" of ")[1].split(" would")[0] for message in messages(found, "R19")] == [
        "Operator `eu-1`",
        "runner `eu-1`",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("humanitec: {org: acme, privateKey: something}", 1, id="values file"),
        pytest.param(
            "humanitec-agent:\n  humanitec:\n    privateKey: something", 3, id="below a parent chart"
        ),
        pytest.param(
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec:\n  values:\n    humanitec:\n"
            "      privateKey: something",
            6,
            id="Flux",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n"
            "      valuesObject:\n        humanitec: {privateKey: something}",
            7,
            id="Argo CD",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  sources:\n    - {}\n    - helm:\n"
            "        valuesObject:\n          humanitec: {privateKey: something}",
            8,
            id="Argo CD, several sources",
        ),
        pytest.param(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  source:\n    helm:\n      parameters:\n"
            "        - {name: humanitec.org, value: acme}\n"
            "        - {name: humanitec.privateKey, value: something}",
            8,
            id="Argo CD parameter",
        ),
        pytest.param("humanitec: {privateKey: '${KEY}'}", 0, id="filled in later"),
        pytest.param("spec: {humanitec: 3}", 0, id="other shape"),
        pytest.param("apiVersion: v1\nkind: List\nitems: [{humanitec: {privateKey: x}}]", 0, id="other kind"),
        pytest.param("privateKey: x\nname: humanitec", 0, id="other software"),
    ],
)
def test_values_for_the_chart_in_other_files_are_checked(text: str, line: int) -> None:
    found = of(judgement(text), "R19")
    assert [finding.origin.line for finding in found] == ([line] if line else [])


@pytest.mark.parametrize(
    ("documents", "severity"),
    [
        pytest.param(agent(install="{cluster: eu-1, method: helm}"), Severity.ERROR, id="chart, no Secret"),
        pytest.param(agent(install="{cluster: eu-1}"), Severity.WARNING, id="Secret of the guide"),
        pytest.param(agent(install="{host: docker}"), Severity.WARNING, id="other host"),
        pytest.param(
            agent(install="{host: docker, privateKey: {secretName: k}}"),
            Severity.WARNING,
            id="other host, Secret of a cluster",
        ),
        pytest.param(agent(install=INSTALL), None, id="Secret named"),
        pytest.param(
            agent(install="{cluster: eu-1, method: helm}") + key(ONE, source=IN_STORE), None, id="store"
        ),
        pytest.param(
            agent(install="{host: docker}") + key(ONE, source=IN_SECRET), None, id="Key names a Secret"
        ),
        pytest.param(agent(), None, id="not installed"),
        pytest.param(helm("{humanitec: {privateKey: x}}"), None, id="in the values, which is R19"),
        pytest.param(
            agent(install="{cluster: eu-1}")
            + "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\n"
            + "metadata: {name: x}\nspec: {target: {name: humanitec-agent-secret-private-key}}\n",
            None,
            id="created by a manifest",
        ),
        pytest.param(
            agent(install="{cluster: eu-1}")
            + "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: humanitec-agent-secret-private-key}\n",
            Severity.WARNING,
            id="another manifest",
        ),
        pytest.param(RUNNER, None, id="runner with a Secret"),
        pytest.param(
            runner(f"{{{PLACED}}}"),
            Severity.WARNING,
            id="runner without",
        ),
        pytest.param(
            runner(f"{{{PLACED}, helmValues: {{humanitec: {{existingSecret: k}}}}}}"),
            None,
            id="runner's chart names it",
        ),
        pytest.param(agent() + key(ONE, source=""), Severity.WARNING, id="Key alone"),
        pytest.param(agent(install=INSTALL) + key(ONE, source=""), None, id="Key of an installed Agent"),
        pytest.param(key(ONE, "operator: eu-1", ""), Severity.WARNING, id="Key of an Operator elsewhere"),
        pytest.param(
            operator(driver_key="{}") + key(ONE, "operator: eu-1", ""), None, id="Key of an Operator"
        ),
        pytest.param(
            agent() + key(ONE, source="{cluster: eu-1}"), Severity.ERROR, id="place names no Secret"
        ),
        pytest.param(agent() + key(ONE, source="{store: vault}"), Severity.ERROR, id="store without ref"),
    ],
)
def test_every_private_half_has_a_source(documents: str, severity: Severity | None) -> None:
    assert severities(judgement(documents), "R27") == ([] if severity is None else [severity])


@pytest.mark.parametrize("host", ["docker", "azure-container-instances"])
@pytest.mark.parametrize("more", ["", ", privateKey: {secretName: k}"])
def test_the_advice_for_another_host_names_nothing_of_a_cluster(host: str, more: str) -> None:
    (finding,) = of(judgement(agent(install=f"{{host: {host}{more}}}")), "R27")
    assert "Secret" not in finding.advice
    assert "`store` and `ref`" in finding.advice
    assert finding.message.endswith(
        "; Secret `k` is only read on a cluster" if more else f"host `{host}` gets it"
    )
    (finding,) = of(judgement(agent(install="{cluster: eu-1}")), "R27")
    assert "`privateKey.secretName`" in finding.advice


@pytest.mark.parametrize(
    ("secrets", "severity"),
    [
        pytest.param((), Severity.ERROR, id="missing"),
        pytest.param((secret(None, "humanitec-agent-secret-private-key"),), None, id="there"),
    ],
)
def test_the_secret_of_the_guide_is_looked_up_on_the_cluster(
    secrets: tuple[str, ...], severity: Severity | None
) -> None:
    found = judgement(agent(install="{cluster: eu-1}"), clusters=cluster(*secrets))
    assert severities(found, "R27") == ([] if severity is None else [severity])


def test_nothing_is_reported_about_secrets_that_were_not_read() -> None:
    found = judgement(agent(install="{cluster: eu-1}"), clusters="eu-1: {complete: []}\n")
    assert severities(found, "R27") == [Severity.WARNING]


@pytest.mark.parametrize(
    ("source", "message", "line"),
    [
        pytest.param("", "none is declared", 3, id="none"),
        pytest.param(
            "{store: vault}", "`privateKey` names neither a Secret nor a store with `ref`", 21, id="half"
        ),
    ],
)
def test_what_a_key_lacks_is_reported_where_it_is_missing(source: str, message: str, line: int) -> None:
    (finding,) = of(judgement(key(ONE, source=source)), "R27")
    assert (
        finding.message == f"No source for the private half of key `agent-eu-1-a` of Agent `eu-1`: {message}"
    )
    assert finding.origin.line == line
    assert str(finding.key) == "Agent/eu-1"
