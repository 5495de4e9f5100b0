"""Builders of model values for tests: short to write, valid by default."""

import textwrap
from collections.abc import Mapping

from reconciler.diff.compare import criteria_digest, leaves_digest
from reconciler.model.identity import ResourceKey
from reconciler.model.json import JsonObject, digest
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.record import Inventory, Ownership, Phase
from reconciler.model.secret import SecretLeaf
from reconciler.model.state import Resource, State

ORGANIZATION = organization("acme")
ALL_KINDS = frozenset(Kind)
PUBLIC_KEY = """\
-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA0wPtt+SIHec03H/Xufd3SyUO7YNJaXuqnF3F3oA3snU=
-----END PUBLIC KEY-----
"""
"""An Ed25519 key with a published fingerprint."""
ESCAPED_PUBLIC_KEY = PUBLIC_KEY.replace("\n", "\\n")
"""The key for a double-quoted YAML string."""
RUNNER_DOCUMENT = f"""\
apiVersion: reconciler/v1alpha1
kind: Runner
metadata: {{id: eu-1}}
spec:
  runner_configuration:
    type: kubernetes-agent
    key: |
{textwrap.indent(PUBLIC_KEY, " " * 6)}\
    job: {{namespace: jobs, service_account: job}}
  state_storage_configuration: {{type: kubernetes, namespace: jobs}}
"""
"""A document to which further members of `spec` can be appended."""


def key(kind: Kind, identifier: str) -> ResourceKey:
    return ResourceKey(ORGANIZATION, kind, identifier)


def definition(
    identifier: str,
    *selectors: str,
    type_: str = "s3",
    manages_criteria: bool = True,
    secrets: Mapping[str, SecretLeaf] | None = None,
    is_built_in: bool = False,
    **document: object,
) -> Resource:
    body: JsonObject = {
        "name": identifier,
        "type": type_,
        "driver_type": "humanitec/echo",
        "in_place_driver_change": False,
    }
    body.update(document)  # type: ignore[arg-type]  # tests pass JSON
    return Resource(
        key(Kind.DEFINITION, identifier),
        body,
        secrets=secrets or {},
        criteria={s: fields(s) for s in selectors} if manages_criteria else None,
        handle={s: f"id-{identifier}-{s}" for s in selectors},
        is_built_in=is_built_in,
    )


def fields(selector: str) -> dict[str, str]:
    pairs = dict(part.split("=") for part in selector.split(",") if part)
    return {**pairs, "class": pairs.get("class", "default")}


def agent(identifier: str, description: str = "") -> Resource:
    return Resource(key(Kind.AGENT, identifier), {"description": description})


def agent_key(owner: str, fingerprint: str) -> Resource:
    return Resource(key(Kind.KEY, f"{owner}/{fingerprint}"), {"public_key": f"PEM {fingerprint}"})


def runner(
    identifier: str, type_: str = "kubernetes-eks", bucket: str = "state", **document: object
) -> Resource:
    body: JsonObject = {
        "description": "",
        "runner_configuration": {"type": type_, "job": {"namespace": "jobs", "service_account": "job"}},
        "state_storage_configuration": {"type": "s3", "bucket": bucket},
    }
    body.update(document)  # type: ignore[arg-type]  # tests pass JSON
    return Resource(key(Kind.RUNNER, identifier), body)


def rule(pair: str, runner_id: str) -> Resource:
    return Resource(
        key(Kind.RUNNER_RULE, pair), {"runner_id": runner_id}, handle={"id": f"id-{pair}-{runner_id}"}
    )


def operator_key(fingerprint: str) -> Resource:
    return Resource(
        key(Kind.OPERATOR_KEY, fingerprint),
        {"public_key": f"PEM {fingerprint}"},
        handle={"id": f"id-{fingerprint}"},
    )


def store(
    identifier: str, url: str = "https://vault.test", *, agent: str = "", is_primary: bool = False
) -> Resource:
    block: JsonObject = {"url": url, **({"agent_id": agent} if agent else {})}
    return Resource(
        key(Kind.SECRET_STORE, identifier), {"type": "vault", "primary": is_primary, "vault": block}
    )


def state(*resources: Resource, complete: frozenset[Kind] = ALL_KINDS) -> State:
    return State({resource.key: resource for resource in resources}, complete)


def owning(*resources: Resource, phase: Phase = Phase.OWNED) -> Inventory:
    return Inventory(
        "test",
        "acme",
        {
            r.key: Ownership(
                r.key,
                phase,
                applied=digest(r.document),
                criteria=criteria_digest(r),
                leaves=leaves_digest(r),
            )
            for r in resources
        },
    )
