"""Names that try to be something else, in every format: none starts a line, a command, an escape or an element."""

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.finding import Finding, Severity
from reconciler.model.identity import TargetName
from reconciler.model.origin import Origin
from reconciler.passes.result import PassResult
from reconciler.views import github, junit, markdown, sarif, text
from reconciler.views import json as json_view
from tests.cli import samples

NAMES = [
    "x\n::error file=a.yaml,line=1::owned",
    "x\r::set-output name=a::b",
    "##[error]owned",
    "::stop-commands::token",
    "\x1b[31mred\x1b]8;;https://evil.test\x07link\x1b]8;;\x07",
    "\u202egnp.exe\u2066",
    "a\u2028b\u0085c\u000bd",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "[link](javascript:alert(1)) ![i](https://evil.test/p.png) @everyone #1 `x` ```\n### owned",
    "]]><testcase/><!--",
    "%0A::error::owned%2C%3A",
    "\ud800",
]
FORMS: dict[str, Callable[[PassResult], str]] = {
    "text": lambda result: text.render(result, width=80, color=False),
    "json": lambda result: "".join(json_view.stream(result)),
    "markdown": markdown.render,
    "sarif": sarif.render,
    "junit": junit.render,
    "github": github.render,
}


def named(name: str) -> PassResult:
    """A result in which everything that a stranger can name has this name."""
    found = Finding("R01", Severity.ERROR, f"the agent {name} is wrong", Origin(name, 1, 1), advice=name)
    target = replace(
        samples.target(None), target=TargetName(name), organization=name, error=name, advice=name
    )
    return replace(
        samples.empty(),
        findings=(found, replace(found, severity=Severity.WARNING)),
        targets=(target,),
        unread=((name, name),),
        rules_off=((name, name),),
        error=name,
        advice=name,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", FORMS)
def test_a_hostile_name_is_made_visible(form: str, name: str) -> None:
    shown = FORMS[form](named(name))
    shown.encode()
    unseen = [c for c in shown if not c.isprintable() and c != "\n"]
    assert unseen == []
    match form:
        case "json" | "sarif":
            json.loads(shown)
        case "junit":
            assert ET.fromstring(shown).tag == "testsuites"
            assert "<script" not in shown
        case "markdown":
            outside = re.sub(r"(?ms)^(`{3,})[^\n]*\n.*?^\1$", "", shown)
            for live in ("<script", "<img", "@everyone", "](", "### owned"):
                assert live not in outside
        case "github":
            for line in shown.split("\n"):
                assert line.lstrip().startswith("::") or "##[" not in line
                if line.lstrip().startswith("::"):
                    assert re.match(r"::(error|warning|notice) [^:\r\n]*::", line)
        case _:
            assert not [line for line in shown.split("\n") if line.lstrip().startswith("::") or "##[" in line]
