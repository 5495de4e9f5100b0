"""Lines for findings: the caret is right, what is harmless is shown, and no secret ever is."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.model.excerpt import Excerpt
from reconciler.model.origin import Origin
from reconciler.source.excerpt import MASK, MAX_PLACES, excerpts

EXAMPLES = Path(__file__).parents[2] / "reconciler" / "rules" / "pages"


def lines(text: str | bytes, file: str = "a.yaml") -> list[str | None]:
    """Every line as it would be shown."""
    content = text.encode() if isinstance(text, str) else text
    places = [Origin(file, number, 1) for number in range(1, content.count(b"\n") + 2)]
    found = excerpts({file: content}, places)
    return [found[place].text if place in found else None for place in places]


def at(text: str | bytes, line: int, column: int, file: str = "a.yaml") -> Excerpt | None:
    content = text.encode() if isinstance(text, str) else text
    place = Origin(file, line, column)
    return excerpts({file: content}, [place]).get(place)


def pointed(text: str | bytes, line: int, column: int) -> str:
    """The text from the caret on."""
    found = at(text, line, column)
    assert found is not None
    return found.text[found.caret :]


DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: shop}  # a note
entity:
  type: k8s-cluster
  driver_inputs:
    values:
      url: git@git.example.com:acme/manifests.git
      branch: "main"
      path: ${context.app.id}/${context.env.id}
      password: hunter2
    secrets:
      agent_url: ${resources["agent.default#agent"].outputs.url}
      token: hunter2
  provision: {k8s-cluster#runtime: {is_dependent: false, depth: 12}}
  criteria: [{env_type: production, class: 'default'}, {}]
"""


def test_names_structure_and_harmless_values_are_shown_and_the_rest_is_replaced() -> None:
    assert lines(DEFINITION) == [
        "apiVersion: entity.humanitec.io/v1b1",
        "kind: Definition",
        "metadata: {id: shop}",
        "entity:",
        "  type: k8s-cluster",
        "  driver_inputs:",
        "    values:",
        "      url: git@git.example.com:acme/manifests.git",
        '      branch: "main"',
        "      path: ${context.app.id}/${context.env.id}",
        f"      password: {MASK}",
        "    secrets:",
        '      agent_url: ${resources["agent.default#agent"].outputs.url}',
        f"      token: {MASK}",
        f"  provision: {{k8s-cluster#runtime: {{is_dependent: false, depth: {MASK}}}}}",
        "  criteria: [{env_type: production, class: 'default'}, {}]",
        None,
    ]


@pytest.mark.parametrize(
    ("line", "column", "rest"),
    [
        (1, 1, "apiVersion"),
        (1, 13, "entity.humanitec.io/v1b1"),
        (3, 12, "id: shop}"),
        (3, 16, "shop}"),
        (3, 17, "hop}"),
        (3, 26, ""),
        (3, 400, ""),
        (11, 17, MASK),
        (11, 20, MASK),
        (15, 27, "runtime: {"),
        (5, 0, "type: k8s-cluster"),
    ],
)
def test_the_caret_is_where_the_finding_points(line: int, column: int, rest: str) -> None:
    assert pointed(DEFINITION, line, column).startswith(rest)


def test_the_caret_is_right_after_replaced_parts() -> None:
    assert pointed("{token: aaaaaaaaaaaaaaaaaaaaaaaaaa, id: shop}\n", 1, 37) == "id: shop}"
    assert pointed("{token: a, id: shop}\n", 1, 12) == "id: shop}"


def test_the_caret_is_right_with_crlf_byte_order_mark_tabs_and_wide_characters() -> None:
    assert pointed(DEFINITION.replace("\n", "\r\n"), 5, 9) == "k8s-cluster"
    assert pointed(b"\xef\xbb\xbf" + DEFINITION.encode(), 1, 13) == "entity.humanitec.io/v1b1"
    assert pointed("id:\t\tshop\n", 1, 6) == "shop"
    assert pointed("{name: 漢字, id: shop}\n", 1, 12) == "id: shop}"
    assert pointed("{name: '\U0001f525', id: shop}\n", 1, 13) == "id: shop}"


def test_both_parsers_give_the_same_lines() -> None:
    """A colon in a flow value makes the slower parser read the whole file."""
    text = DEFINITION.replace("{id: shop}", "{id: shop, url: https://git.example.com/acme}")
    assert lines(text)[2] == "metadata: {id: shop, url: https://git.example.com/acme}"
    assert lines(text)[3:] == lines(DEFINITION)[3:]


@pytest.mark.parametrize(
    "value",
    [
        "https://user:hunter2@git.example.com/acme",
        "https://hunter2@git.example.com/acme",
        "https://example.com/?token=hunter2",
        "ghp_hunter2",
        "AKIAHUNTER2",
        "eyJhbGciOi.x.y",
        "6f3c9f3e-0000-4000-8000-00a000c0000b",
        "c29tZSBzZWNyZXQgdGhhdCBpcyBsb25n",
        "${hunter2}",
        "${resources.hunter2 secret}",
        "a;b",
        "x" * 300,
    ],
)
def test_a_harmless_place_does_not_make_every_value_harmless(value: str) -> None:
    shown = lines(f"url: {value!r}\n")[0]
    assert shown == f"url: {MASK}"


@pytest.mark.parametrize(
    "value",
    [
        "ghcr.io/humanitec/agent:1.8.4",
        "eu-central-1",
        "1.31",
        "https://git.example.com/acme/x.git",
        "asia-east1",
        "disk-store",
        "3",
        "true",
    ],
)
def test_usual_values_are_shown(value: str) -> None:
    assert lines(f"image: {value}\n")[0] == f"image: {value}"


def test_nothing_of_a_value_of_several_lines_is_shown() -> None:
    shown = lines("name: |\n  one\n  two\nid: 'a\n  b'\nkind: c\n  d\nrest: {name: \"x\n y\", id: z}\n")
    assert shown == [
        f"name: {MASK}",
        None,
        None,
        f"id: {MASK}",
        None,
        f"kind: {MASK}",
        None,
        f"rest: {{name: {MASK}",
        f"{MASK}, id: z}}",
        None,
    ]


def test_what_an_anchor_may_carry_to_a_secret_is_hidden() -> None:
    text = "id: &a shop\nspec: &b {name: shop, id: x}\nsecrets: {password: *a, <<: *b}\n"
    assert lines(text)[:3] == [
        f"id: {MASK}",
        f"spec: {{name: {MASK}, id: {MASK}}}",
        f"secrets: {{password: {MASK}, <<: {MASK}}}",
    ]


def test_free_text_is_hidden() -> None:
    text = "metadata:\n  annotations: {note: hunter2}\n  description: hunter2\ntemplates: {init: hunter2}\n"
    assert "hunter2" not in str(lines(text))


def test_values_with_control_or_invisible_characters_are_hidden() -> None:
    assert (
        lines('{name: "a\\x1bb", id: "c\u202ed", kind: e}\n')[0] == f"{{name: {MASK}, id: {MASK}, kind: e}}"
    )


def test_in_a_file_that_cannot_be_parsed_only_a_leading_known_name_is_shown() -> None:
    text = "metadata: {id: shop}\nsecrets:\n  - token: hunter2\nhunter2: x\nx: [\n"
    assert lines(text) == [f"metadata: {MASK}", "secrets:", f"  - token: {MASK}", None, None, None]
    assert pointed(text, 1, 12) == MASK
    assert pointed(text, 3, 5) == f"token: {MASK}"


@pytest.mark.parametrize(
    ("content", "line", "file"),
    [
        (b"", 1, "a.yaml"),
        (b"id: a\n", 7, "a.yaml"),
        (b"id: a\n", 0, "a.yaml"),
        (b"id: a\n", 1, "gone.yaml"),
        (b"id: a\n", 1, "a.txt"),
        (b"id: \xff\n", 1, "a.yaml"),
        (b"# id: a\n", 1, "a.yaml"),
        (b"\n", 1, "a.yaml"),
        (b"id: a" + b" " * 5_000 + b"#\n", 1, "a.yaml"),
        (b"hunter2\n", 1, "a.yaml"),
        (b"- hunter2\n", 1, "a.yaml"),
        (b"---\n", 1, "a.yaml"),
        (b"%YAML 1.2\n---\nid: a\n", 1, "a.yaml"),
    ],
)
def test_there_is_no_excerpt_if_nothing_can_be_shown(content: bytes, line: int, file: str) -> None:
    place = Origin(file, line, 1)
    assert excerpts({"a.yaml": content, "a.txt": content}, [place]) == {}


def test_the_number_of_excerpts_is_limited() -> None:
    text = b"id: a\n" * 1 + b"name: a\n" + b"\n".join(b"k%d: a" % n for n in range(3 * MAX_PLACES))
    places = [Origin("a.yaml", number, 1) for number in range(1, 2 * MAX_PLACES)]
    assert len(excerpts({"a.yaml": text}, places)) == MAX_PLACES


def test_examples_of_the_rules_are_mostly_readable() -> None:
    """Hiding everything would be safe but useless."""
    shown = hidden = 0
    for path in sorted(EXAMPLES.glob("R6*/wrong.yaml")):
        for line in lines(path.read_bytes()):
            shown += line is not None and MASK not in line
            hidden += line is not None and MASK in line
    assert shown > 4 * hidden


# No secret, in any place or syntax

PIECE = "qxzjQXZJ7"
SECRETS = st.one_of(
    st.text("qxzj", min_size=5, max_size=12),
    st.text(PIECE, min_size=5, max_size=40),
    st.lists(st.text(PIECE, min_size=5, max_size=9), min_size=2, max_size=3).flatmap(
        lambda parts: st.sampled_from([" ", "-", "/", ".", ": ", " #", "@", "_", "=", "}", ", "]).map(
            lambda joint: joint.join(parts)
        )
    ),
)
PLACES: tuple[tuple[str, ...], ...] = (
    ("entity", "driver_inputs", "secrets", "password"),
    ("entity", "driver_inputs", "secrets", "id"),
    ("entity", "driver_inputs", "secrets"),
    ("entity", "driver_inputs", "secret_refs", "name", "value"),
    ("entity", "driver_inputs", "values", "apiKey"),
    ("entity", "driver_inputs", "values", "db_password", "name"),
    ("spec", "runner_configuration", "key"),
    ("spec", "runner_configuration", "cluster", "auth", "service_account_token"),
    ("spec", "runner_configuration", "cluster", "auth", "name"),
    ("spec", "orchestrator", "auth", "namespace"),
    ("spec", "privateKey", "name"),
    ("spec", "publicKey"),
    ("spec", "install", "env", "NAME"),
    ("spec", "install", "env", "version"),
    ("spec", "install", "helmValues", "type"),
    ("spec", "helmValues", "credentials", "url"),
    ("targets", "acme", "orchestrator", "token"),
    ("targets", "acme", "orchestrator", "token", "name"),
    ("inventory", "digestKey", "id"),
    ("stringData", "name"),
    ("data", "id"),
    ("binaryData", "region"),
    ("spec", "template", "spec", "containers", "env", "value"),
)


def quoted(secret: str) -> str:
    return '"' + secret.replace("\\", "\\\\").replace('"', '\\"') + '"'


def single(secret: str) -> str:
    return "'" + secret.replace("'", "''") + "'"


def escaped(secret: str) -> str:
    return '"' + "".join(f"\\x{ord(character):02x}" for character in secret[:2]) + secret[2:] + '"'


ON_ONE_LINE: tuple[Callable[[str], str], ...] = (
    quoted,
    single,
    escaped,
    lambda secret: f"!!str {quoted(secret)}",
)


def block(path: tuple[str, ...], value: str) -> str:
    """Nested block mappings; a value of several lines comes with its own indentation."""
    above = "".join(f"{'  ' * depth}{name}:\n" for depth, name in enumerate(path[:-1]))
    return f"{above}{'  ' * (len(path) - 1)}{path[-1]}: {value}\n"


def flow(path: tuple[str, ...], value: str) -> str:
    inside = value
    for name in reversed(path[1:]):
        inside = f"{{kind: a, {name}: {inside}, id: b}}"
    return f"{path[0]}: {inside}\n"


def sequence(path: tuple[str, ...], value: str) -> str:
    return block(path, f"[{value}, {{{value}}}, {{name: {value}}}]")


def deep(path: tuple[str, ...]) -> str:
    return "  " * len(path)


Form = Callable[[tuple[str, ...], str, str], str]
"""A document with a secret at a path: given plain, and as a value on one line."""
FORMS: tuple[Form, ...] = (
    lambda path, _, value: block(path, value),
    lambda path, _, value: flow(path, value),
    lambda path, _, value: sequence(path, value),
    lambda path, secret, _: block(path, f"|\n{deep(path)}{secret}\n{deep(path)}{secret}"),
    lambda path, secret, _: block(path, f">-\n{deep(path)}{secret}\n\n{deep(path)}name: {secret}"),
    lambda path, secret, _: block(path, f"{quote(secret)}\n{deep(path)}{quote(secret)}"),
    lambda path, secret, _: block(path, f"'x\n{deep(path)}{quote(secret)}'"),
    lambda path, secret, _: block(path, f"a # {secret}"),
    lambda path, secret, _: f"# {secret}\n" + block(path, "a"),
    lambda path, _, value: block((*path, value), "x"),
    lambda path, _, value: flow((*path, value), "x"),
    lambda path, _, value: block(path, f"{{{value}}}"),
    lambda path, _, value: block(path, f"\n{deep(path)}? {value}\n{deep(path)}: {value}"),
    lambda path, _, value: f"id: &a {value}\n" + block(path, "*a"),
    lambda path, _, value: f"spec1: &a {{id: {value}, name: {value}}}\n" + block(path, "*a"),
    lambda path, _, value: (
        f"spec1: &a\n  id: {value}\n  {value}: a\n" + block(path, "\n" + deep(path) + "<<: *a")
    ),
    lambda path, secret, _: f"url: https://qx:{quote(secret)}@git.example.com/acme\n" + block(path, "a"),
    lambda path, secret, value: f"metadata: {{id: a}} # {secret}\n" + block(path, value),
)


def leaked(text: str, secret: str) -> list[str]:
    """Lines that show a part of a secret."""
    parts = set(fragments(secret))
    return [line for line in lines(text) if line is not None and any(part in line for part in parts)]


@pytest.mark.parametrize("number", range(len(FORMS)))
@pytest.mark.parametrize("end", ["", "broken: [\n", "more: {url: https://x}\n"])
def test_a_secret_in_any_place_and_form_is_in_no_line(number: int, end: str) -> None:
    for path in PLACES:
        for value in ON_ONE_LINE:
            for secret in ("qxzjqxzj", "QXqx7zjQZX7Jqx", "qxzjq qxzjz"):
                text = FORMS[number](path, secret, value(secret)) + end
                assert not leaked(text, secret), text


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str]:
    """A document with a secret in a possible place, and the secret."""
    secret, path = draw(SECRETS), draw(st.sampled_from(PLACES))
    one_line = draw(st.sampled_from(ON_ONE_LINE))(secret)
    text = draw(st.sampled_from(["", "kind: Secret\n---\n", "--- # x\nid: b\n...\n---\n"]))
    text += draw(st.sampled_from(FORMS))(path, secret, one_line)
    text += draw(
        st.sampled_from(["", "---\nid: c\n", "more: {url: https://x}\n", "broken: [\n", "\t: : x\n"])
    )
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    if draw(st.booleans()):
        text = "\ufeff" + text
    return text, secret


def quote(secret: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "x", secret)


def fragments(secret: str) -> Iterator[str]:
    """Four characters of a secret are enough to call it a leak."""
    for piece in re.findall(f"[{PIECE}]+", secret):
        yield from (piece[start : start + 4] for start in range(max(len(piece) - 3, 0)))


@settings(max_examples=300, deadline=None)
@given(documents())
def test_no_secret_is_in_any_line_that_may_be_shown(given_: tuple[str, str]) -> None:
    text, secret = given_
    assert not leaked(text, secret)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.integers(0, 12), st.integers(0, 30))
def test_no_input_makes_it_raise_and_the_caret_is_inside_the_line(text: str, line: int, column: int) -> None:
    content = text.encode("utf-8", "surrogatepass")
    found = at(content, line, column)
    if found is not None:
        assert 0 <= found.caret <= len(found.text)
        assert found.text.isprintable()
