"""Input of every kind with parts replaced: each ends in a result or an expected error, never in a bug.

Examples are derived from fixed seeds, so that a run on another machine tries the same ones. `FUZZ_EXAMPLES` sets
their number.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path as File

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.errors import ExitCode, SettingsError
from reconciler.model.json import Json
from reconciler.passes.result import PassResult
from reconciler.settings import Limits
from reconciler.source.settings_file import commented_example, parse_settings
from reconciler.source.yaml_text import parse_yaml
from reconciler.views import github, junit, markdown, sarif, text
from reconciler.views import json as json_view
from tests.fuzz.mutation import VALUES, mutated, paths, replaced
from tests.rules.tree import NOTHING_LIVE, judged
from tests.scenarios.world import KillSwitch, World

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "60"))
fuzzed = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
ROOT = File(__file__).parents[2]
PAGES = ROOT / "reconciler/rules/pages"
CORPUS = sorted(
    [
        *PAGES.glob("R*/*.yaml"),
        *(file for file in (ROOT / "examples").rglob("*.yaml") if file.name != "reconciler.yaml"),
    ]
)
SETTINGS: dict[str, Json] = {
    "version": 1,
    "instance": "acme",
    "targets": {
        "acme": {
            "organization": "acme",
            "paths": ["**"],
            "orchestrator": {"url": "https://api.test", "token": {"env": "TOKEN"}},
            "runners": {"url": "https://api2.test", "token": {"file": "token"}},
            "mode": "direct",
            "builtIn": {"disabled": ["default-humanitec-dns"]},
        }
    },
    "clusters": {"eu-1": {"platform": "gke", "apiServer": {"public": True}, "kubernetesVersion": "1.31"}},
    "policy": {"default": {"prune": "never"}, "kinds": {"Runner": {"drift": "report"}}},
    "safety": {"maxDelete": "10% or 5", "protect": ["Agent/*"]},
    "rules": {"R01": {"severity": "off", "reason": "known", "until": "2026-01-01"}},
    "inventory": {"file": {"directory": "record"}},
}


def documents(file: File) -> list[Json]:
    return [document.value for document in parse_yaml(file.read_bytes(), file.name, Limits()).documents]


def rendered(result: PassResult) -> str:
    """The result in every format."""
    forms: list[Callable[[PassResult], str]] = [markdown.render, junit.render, github.render, sarif.render]
    shown = [form(result) for form in forms]
    shown.append("".join(json_view.stream(result)))
    shown.append(text.render(result, width=80, color=False))
    return "".join(shown)


@fuzzed
@given(data=st.data())
def test_documents(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(CORPUS), label="file")
    whole = documents(file)
    index = data.draw(st.integers(0, len(whole) - 1))
    changed = [*whole[:index], data.draw(mutated(whole[index])), *whole[index + 1 :]]
    texts = [json.dumps(document) for document in changed]
    judged(*texts, live=data.draw(st.sampled_from([None, NOTHING_LIVE])))


@fuzzed
@given(changed=mutated(SETTINGS))
def test_settings(changed: Json) -> None:
    with contextlib.suppress(SettingsError):
        parse_settings(json.dumps(changed).encode(), "reconciler.yaml")


def test_the_settings_that_are_fuzzed_are_valid() -> None:
    parse_settings(json.dumps(SETTINGS).encode(), "reconciler.yaml")
    parse_settings(commented_example().encode(), "reconciler.yaml")


@fuzzed
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_bytes_as_settings_and_as_a_document(content: bytes) -> None:
    with pytest.raises(SettingsError):
        parse_settings(content, "reconciler.yaml")
    judged(content.decode("latin-1"))


class Liar(KillSwitch):
    """Replaces one answer of the server; nothing dies."""

    def __init__(self, number: int, content: Callable[[Json], bytes]) -> None:
        super().__init__(at=0, after_effect=False)
        self.left = number
        self.content = content

    def wrap(self, transport: httpx.BaseTransport) -> httpx.BaseTransport:
        return _LyingTransport(transport, self)


class _LyingTransport(httpx.BaseTransport):
    def __init__(self, inner: httpx.BaseTransport, liar: Liar) -> None:
        self._inner = inner
        self._liar = liar

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        self._liar.left -= 1
        if self._liar.left != -1:
            return response
        try:
            original = json.loads(response.read() or b"null")
        except ValueError:
            original = None
        return httpx.Response(response.status_code, content=self._liar.content(original), request=request)


def world(folder: File) -> World:
    made = World.make(folder)
    for rule in ("R09", "R20", "R117"):
        made.write(f"{rule}.yaml", (PAGES / rule / "right.yaml").read_text())
    return made


@fuzzed
@given(data=st.data())
def test_answers(data: st.DataObject) -> None:
    # Answers come in other threads, where nothing can be drawn.
    nonsense = data.draw(st.none() | st.none() | st.binary(max_size=40))
    place, new = data.draw(st.integers(0, 500)), data.draw(st.sampled_from(VALUES))

    def lie(original: Json) -> bytes:
        places = list(paths(original))
        return nonsense or json.dumps(replaced(original, places[place % len(places)], new)).encode()

    with tempfile.TemporaryDirectory() as folder:
        made = world(File(folder))
        if data.draw(st.booleans(), label="applied before"):
            made.apply()
        made.switch = Liar(data.draw(st.integers(0, 14), label="answer"), lie)
        results = [made.plan(), made.apply()]
        made.emulator.close()
    for result in results:
        assert rendered(result)
        assert result.exit_code() is not ExitCode.BUG
