"""Texts of the template driver: what is certain, what is computed, and what is missing."""

import time
from functools import partial

import pytest

from reconciler.facts.template import Given, Templates, TemplateText
from reconciler.model.declaration import read_nothing
from reconciler.model.json import Json
from reconciler.settings import Limits
from reconciler.source.yaml_text import read_text

READER = partial(read_text, limits=Limits())
GIT = (Given.YES, "git")
NO, COMPUTED = (Given.NO, None), (Given.COMPUTED, None)


def read(text: str) -> TemplateText:
    return Templates(READER).read(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("cluster_type: git\n", GIT, id="a line"),
        pytest.param("   cluster_type: git\n   url: x\n", GIT, id="indented as a whole"),
        pytest.param("---\ncluster_type: git\n", GIT, id="with a start of the document"),
        pytest.param('{"cluster_type": "git"}', GIT, id="JSON"),
        pytest.param('{\n  "url": "x",\n  "cluster_type": "git"\n}\n', GIT, id="JSON over several lines"),
        pytest.param('{\n\t"url": "x",\n\t"cluster_type": "git"\n}\n', GIT, id="JSON indented by tabs"),
        pytest.param("{url: x, cluster_type: git}", GIT, id="flow style"),
        pytest.param("{url: a/${context.app.id}, cluster_type: git}", GIT, id="placeholder in flow style"),
        pytest.param("{url: {{ .x }}, cluster_type: git}", GIT, id="expression in flow style"),
        pytest.param('url: "{{ .x | default "a" }}"\ncluster_type: git', GIT, id="quotes in an expression"),
        pytest.param('url: {{ "}}" }}\ncluster_type: git', GIT, id="braces in an expression"),
        pytest.param(
            'url: ${resources["a#b"].outputs.c}\ncluster_type: "git"', GIT, id="quotes in a placeholder"
        ),
        pytest.param("{{/* cluster_type: eks */}}\ncluster_type: git", GIT, id="comment of the template"),
        pytest.param("{{- $x := .y -}}\ncluster_type: git", GIT, id="variable"),
        pytest.param(
            "cluster_type: git\n{{ if .x }}\nurl: x\n{{ end }}\n", GIT, id="condition around another"
        ),
        pytest.param("cluster_type: git\n{{ toYaml .x }}\n", GIT, id="line that an expression makes"),
        pytest.param("cluster_type: git\r\n{{ toYaml .x }}\r\n", GIT, id="line ends of Windows"),
        pytest.param('cluster_type: git\n{{ define "a" }}cluster_type: x{{ end }}', GIT, id="definition"),
        pytest.param("nested:\n  cluster_type: git", NO, id="inside another mapping"),
        pytest.param("nested: {cluster_type: git}", NO, id="inside another mapping in flow style"),
        pytest.param("note: |\n  cluster_type: git", NO, id="inside another text"),
        pytest.param('note: "cluster_type: git"', NO, id="inside a quoted text"),
        pytest.param("# cluster_type: git\nurl: x", NO, id="comment"),
        pytest.param("cluster_type: ''\nurl: x", NO, id="empty"),
        pytest.param("", NO, id="not text"),
        pytest.param("{{ if .x }}\ncluster_type: git\n{{ end }}\n", COMPUTED, id="conditional"),
        pytest.param("cluster_type: {{ if .x }}git{{ else }}eks{{ end }}\n", COMPUTED, id="alternatives"),
        pytest.param("url: x\n{{ toYaml .x }}\n", COMPUTED, id="perhaps in what an expression makes"),
        pytest.param("{{ .name }}: git\n", COMPUTED, id="computed name"),
        pytest.param("{{ .all }}", COMPUTED, id="computed as a whole"),
        pytest.param("cluster_type: git\n---\ncluster_type: eks\n", COMPUTED, id="two documents"),
        pytest.param("a: b: c\ncluster_type: git", COMPUTED, id="not YAML"),
        pytest.param("cluster_type: git\n{{ if .x }}", COMPUTED, id="condition without end"),
        pytest.param("cluster_type: git\n{{ end }}", COMPUTED, id="end without condition"),
        pytest.param("cluster_type: git\n{{ .x", COMPUTED, id="expression without end"),
        pytest.param("cluster_type: git\n# \ue000", COMPUTED, id="a character of the mask"),
        pytest.param(
            "{{ if .x }}\na:\n{{ else }}\nb:\n{{ end }}\n  cluster_type: git", COMPUTED, id="under which"
        ),
    ],
)
def test_a_value_is_returned_only_if_every_deployment_has_it(text: str, expected: tuple[Given, Json]) -> None:
    assert read(text).get("cluster_type") == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("path: ${context.app.id}/${context.env.id}\n", "${context.app.id}/${context.env.id}"),
        ("{path: a/${context.env.id}}", "a/${context.env.id}"),
        (
            "path: {{ .x }}-${resources['a.b#{{ .c }}'].outputs.d}",
            "{{ .x }}-${resources['a.b#{{ .c }}'].outputs.d}",
        ),
    ],
)
def test_placeholders_and_expressions_are_in_values_as_written(text: str, value: str) -> None:
    assert read(text).values == {"path": value}


def test_every_mapping_that_may_result_is_seen() -> None:
    text = "kind: A\n---\n- kind: B\n- {{ if .x }}{kind: C}{{ end }}\n---\nin: {kind: D}\n"
    assert [m["kind"] for m in read(text).mappings() if "kind" in m] == ["A", "B", "C", "D"]


def test_without_a_reader_everything_is_computed() -> None:
    assert Templates(read_nothing).read("cluster_type: git").get("cluster_type") == COMPUTED


@pytest.mark.parametrize("piece", ["{{", "{{/*", '{{"', "{{`", "${", "{{ a", "{{ if .x }}", "{{ .x }}"])
def test_the_cost_of_hostile_text_is_linear(piece: str) -> None:
    start = time.process_time()
    read(piece * 50_000)
    assert time.process_time() - start < 5
