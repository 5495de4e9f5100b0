"""How long all rules take over a tree whose definitions refer to each other, beside loading that tree.

Both happen in this process, on texts in memory: what is compared is work, not disks.
"""

import gc
import time
from collections.abc import Callable
from datetime import UTC, datetime

from benchmarks.measures import Row, best
from benchmarks.processes import BenchmarkError
from reconciler.cli.collector import expect_loading
from reconciler.facts.scope import Scope
from reconciler.keystore.public_key import inspect_public_key
from reconciler.model import canonical
from reconciler.model.declaration import Declarations
from reconciler.model.identity import ResourceKey, TargetName
from reconciler.model.kind import Kind
from reconciler.model.place import organization
from reconciler.model.state import Resource, State
from reconciler.model.surroundings import LiveStore, Surroundings
from reconciler.rules.judge import judge
from reconciler.settings import Limits, Settings
from reconciler.source.loader import Loader
from reconciler.source.tree import Tree

_NOW = datetime(2026, 6, 1, 9, 0, tzinfo=UTC)
_APPLICATION = 10
"""Definitions of one application: a cluster, a configuration, and resources that refer to it."""
_SETTINGS = Settings.model_validate(
    {
        "version": 1,
        "targets": {"bench": {"organization": "bench", "primaryStore": "bench-vault"}},
        "clusters": {"eu-1": {"platform": "eks", "apiServer": {"public": True}}},
    }
)
_HEAD = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata:
  id: {id}
entity:
  name: Part of {app}
"""
_SHARED = """\
apiVersion: reconciler/v1alpha1
kind: Agent
metadata: {id: eu-1}
spec:
  description: Agent of the cluster
  definition: {id: eu-1-agent, criteria: [{res_id: agent}]}
  install:
    cluster: eu-1
    namespace: humanitec-agent
    image: ghcr.io/humanitec/agent:1.8.4
---
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: backend}
entity:
  name: Where state is kept
  type: config
  driver_type: humanitec/echo
  driver_inputs:
    values: {bucket: state, region: eu-central-1}
  criteria: [{res_id: tf-backend}]
"""
_CLUSTER = (
    _HEAD
    + """\
  type: k8s-cluster
  driver_type: humanitec/k8s-cluster-eks
  driver_inputs:
    values:
      name: {app}
      region: ${{resources['config.default#{app}'].outputs.region}}
    secrets:
      agent_url: ${{resources['agent.default#agent'].outputs.url}}
  criteria:
    - app_id: {app}
"""
)
_CONFIGURATION = (
    _HEAD
    + """\
  type: config
  driver_type: humanitec/echo
  driver_inputs:
    values:
      # What all parts of one application share.
      region: eu-central-1
      bucket: ${{resources['config.default#tf-backend'].outputs.bucket}}
      prefix: {app}/${{context.env.id}}
      tags: {{team: platform, application: {app}}}
  criteria:
    - app_id: {app}
      res_id: {app}
"""
)
_BUCKET = (
    _HEAD
    + """\
  type: s3
  driver_type: humanitec/template
  driver_inputs:
    values:
      name: {id}-${{context.env.id}}
      region: ${{resources['config.default#{app}'].outputs.region}}
      policy: ${{resources.aws-policy.outputs.arn}}
      templates:
        outputs: |
          bucket: {{{{ .driver.values.name }}}}
          region: {{{{ .driver.values.region }}}}
  provision:
    aws-policy: {{is_dependent: false}}
  criteria:
    - app_id: {app}
      class: part-{number}
"""
)
_POLICY = (
    _HEAD
    + """\
  type: aws-policy
  driver_type: humanitec/template
  driver_inputs:
    values:
      bucket: ${{resources.s3.outputs.bucket}}
      prefix: ${{resources['config.default#{app}'].outputs.prefix}}
      templates:
        outputs: |
          arn: arn:aws:iam::000000000000:policy/{{{{ .driver.values.bucket }}}}
  criteria:
    - app_id: {app}
      class: part-{number}
"""
)


def judging(count: int, *, repeat: int) -> list[Row]:
    """Judge so many definitions that refer to each other, before and after live was read.

    Garbage is collected as in the program, which collects rarely while it loads and plans.
    """
    thresholds = gc.get_threshold()
    expect_loading()
    try:
        return _judging(count, repeat)
    finally:
        gc.set_threshold(*thresholds)


def _judging(count: int, repeat: int) -> list[Row]:
    tree = Tree("memory", "", is_dirty=False, files=_files(count))
    loaded = Loader(Limits(), inspect_public_key).load(tree)
    if len(loaded.definitions) != count or loaded.findings:
        raise BenchmarkError(
            f"{len(loaded.definitions)} definitions were loaded, not {count}: {loaded.findings[:1]}"
        )
    load_s = best(repeat, lambda: _timed(lambda: Loader(Limits(), inspect_public_key).load(tree)))
    rows = []
    for words, live in (("files alone", None), ("with the live state", _live(loaded))):
        seconds = best(repeat, lambda live=live: _timed(lambda: _judge(loaded, live)))  # type: ignore[misc]  # no annotation fits in a lambda
        rows.append(
            Row(
                f"{count:,} definitions with references: judging, {words}",
                f"{seconds:.2f} s",
                "loading them",
                f"{load_s:.2f} s",
                seconds / load_s,
                "ratio under 0.25",
                seconds / load_s < 0.25,
            )
        )
    return rows


def _files(count: int) -> dict[str, bytes]:
    texts = [_SHARED, *(_part(number) for number in range(count - 1))]
    return {
        f"definitions/{number // 100:03}/{number:05}.yaml": text.encode() for number, text in enumerate(texts)
    }


def _part(number: int) -> str:
    """One document of an application; buckets and policies refer to each other, in a circle."""
    app, place = divmod(number, _APPLICATION)
    text = _CLUSTER if place == 0 else _CONFIGURATION if place == 1 else _BUCKET if place % 2 else _POLICY
    return text.format(id=f"part-{number:05}", app=f"app-{app:04}", number=place // 2)


def _live(declarations: Declarations) -> State:
    """Everything as declared: what is seen after an apply."""
    resources = [
        Resource(
            ResourceKey(organization("bench"), Kind.DEFINITION, declared.document.metadata.id),
            canonical.definition_document(declared.document.entity),
            criteria=canonical.criteria_fields(declared.document.entity.criteria or ()),
        )
        for declared in declarations.definitions
    ]
    beside = Surroundings(stores=(LiveStore("bench-vault", is_primary=True, type="vault"),))
    return State({resource.key: resource for resource in resources}, frozenset(Kind), beside)


def _judge(declarations: Declarations, live: State | None) -> None:
    scope = Scope(
        target=TargetName("bench"),
        place=organization("bench"),
        settings=_SETTINGS,
        declarations=declarations,
        everything=declarations,
        live=live,
        now=_NOW,
    )
    judge([scope], _SETTINGS, day=_NOW.date())


def _timed(action: Callable[[], object]) -> float:
    gc.collect()
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
