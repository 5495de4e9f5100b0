"""Documents, live states and clusters for tests of keys, as text. Keys are those of the examples."""

import re
import textwrap

from reconciler.keystore.public_key import inspect_public_key
from reconciler.model.finding import Finding, Severity
from reconciler.rules.judge import Judgement
from reconciler.settings import Settings
from tests.rules.observed import clusters_from, live_from
from tests.rules.pages_on_disk import example
from tests.rules.tree import ACME, NOTHING_LIVE, judged

_BLOCK = re.compile(r" *-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\n", re.DOTALL)
ONE, OTHER = (textwrap.dedent(found) for found in _BLOCK.findall(example("R15", "right").objects))
A, B = (inspect_public_key(pem).fingerprint for pem in (ONE, OTHER))
(RUNNER_KEY,) = (textwrap.dedent(found) for found in _BLOCK.findall(example("R17", "right").objects))
C, D = "c" * 64, "d" * 64
IN_SECRET = "{cluster: eu-1, namespace: humanitec-agent, secret: agent-key}"
IN_STORE = "{store: vault, ref: agents/eu-1}"
INSTALL = "{cluster: eu-1, namespace: humanitec-agent, image: a:1.8.4, privateKey: {secretName: agent-key}}"
DOCUMENT = "apiVersion: reconciler/v1alpha1\nkind: {kind}\nmetadata: {{id: {id}}}\nspec:\n{spec}---\n"


def agent(identifier: str = "eu-1", install: str = "", more: str = "") -> str:
    spec = (
        "  description: x\n"
        + (f"  install: {install}\n" if install else "")
        + (f"  {more}\n" if more else "")
    )
    return DOCUMENT.format(kind="Agent", id=identifier, spec=spec)


def key(pem: str, owner: str = "agent: eu-1", source: str = IN_STORE, identifier: str = "") -> str:
    spec = f"  for: {{{owner}}}\n  publicKey: |\n{textwrap.indent(pem, '    ')}"
    spec += f"  privateKey: {source}\n" if source else ""
    name = identifier or re.sub(r"[^a-z0-9]+", "-", owner) + ("-a" if pem == ONE else "-b")
    return DOCUMENT.format(kind="Key", id=name, spec=spec)


def operator(identifier: str = "eu-1", driver_key: str = "", cluster: str = "eu-1") -> str:
    spec = f"  cluster: {cluster}\n" + (f"  driverKey: {driver_key}\n" if driver_key else "")
    return DOCUMENT.format(kind="Operator", id=identifier, spec=spec)


def runner(install: str, identifier: str = "eu-1") -> str:
    """A runner with its key and an installation."""
    spec = f"""\
  runner_configuration:
    type: kubernetes-agent
    key: |
{textwrap.indent(RUNNER_KEY, "      ")}
    job: {{namespace: jobs, service_account: job}}
  state_storage_configuration: {{type: kubernetes, namespace: jobs}}
  install: {install}
"""
    return DOCUMENT.format(kind="Runner", id=identifier, spec=spec)


def secret(
    fingerprint: str | None,
    name: str = "agent-key",
    *,
    namespace: str = "humanitec-agent",
    entry: str = "private_key",
    facts: str = "",
) -> str:
    """One Secret as facts; no fingerprint: its entry holds no private key."""
    keys = (
        ""
        if fingerprint is None
        else f'{entry}: {{fingerprint: "{fingerprint}", algorithm: RSA, bits: 4096{facts}}}'
    )
    return f"{{namespace: {namespace}, name: {name}, entries: [{entry}], private_keys: {{{keys}}}}}"


def cluster(*secrets: str, name: str = "eu-1") -> str:
    return f"{name}: {{secrets: [{', '.join(secrets)}]}}\n"


def live(*keys: str, owner: str = "eu-1", waiting: tuple[str, ...] = (), expires: str = "2028-05-01") -> str:
    """One Agent and its registered keys."""
    rows = "".join(
        f"    - {{fingerprint: {name}, expired_at: '{expires}T00:00:00Z', "
        f"is_authorized: {'false' if name in waiting else 'true'}}}\n"
        for name in keys
    )
    return f"agents: [{{id: {owner}}}]\nkeys:\n  {owner}:\n{rows}" if keys else f"agents: [{{id: {owner}}}]\n"


def judgement(*texts: str, live: str | None = "", clusters: str = "", settings: Settings = ACME) -> Judgement:
    """Evaluate with a live state (None: not read) and clusters as YAML."""
    state = None if live is None else live_from(live) if live else NOTHING_LIVE
    return judged(
        "".join(texts), live=state, settings=settings, clusters=clusters_from(clusters) if clusters else None
    )


def of(judgement: Judgement, rule: str) -> list[Finding]:
    return [finding for finding in judgement.findings if finding.rule == rule]


def messages(judgement: Judgement, rule: str) -> list[str]:
    return [finding.message for finding in of(judgement, rule)]


def severities(judgement: Judgement, rule: str) -> list[Severity]:
    return [finding.severity for finding in of(judgement, rule)]


def unknown(judgement: Judgement, rule: str) -> list[str]:
    return [answer.reason for answer in judgement.unknown if answer.rule == rule]
