import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from reconciler.log import LogFormat, configure, pass_context, redact

PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----"
log = logging.getLogger("reconciler.test")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """A stream for records; the previous configuration is restored."""
    root, own = logging.getLogger(), logging.getLogger("reconciler")
    before = root.handlers[:], root.level, own.level
    yield io.StringIO()
    root.handlers[:], root.level = before[0], before[1]
    own.setLevel(before[2])


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_json_object_with_its_fields(stream: io.StringIO) -> None:
    configure("info", LogFormat.JSON, stream)
    log.info("agent created", extra={"kind": "Agent", "count": 2, "names": ("a", "b"), "none": None})
    (line,) = lines(stream)
    assert line.pop("time")
    assert line == {
        "level": "info",
        "logger": "reconciler.test",
        "message": "agent created",
        "kind": "Agent",
        "count": 2,
        "names": ["a", "b"],
        "none": None,
    }


def test_records_below_the_level_are_left_out(stream: io.StringIO) -> None:
    configure("warning", LogFormat.JSON, stream)
    log.info("quiet")
    log.warning("loud")
    assert [line["message"] for line in lines(stream)] == ["loud"]


def test_records_of_other_libraries_are_shown_from_warning_on(stream: io.StringIO) -> None:
    """HTTP clients log every URL at INFO."""
    configure("debug", LogFormat.JSON, stream)
    logging.getLogger("httpx").info("GET https://api.example")
    logging.getLogger("httpx").warning("odd")
    assert [line["message"] for line in lines(stream)] == ["odd"]


def test_an_unknown_level_is_refused(stream: io.StringIO) -> None:
    with pytest.raises(ValueError, match="LOUD"):
        configure("loud", LogFormat.JSON, stream)


def test_setting_up_twice_does_not_log_twice(stream: io.StringIO) -> None:
    configure("info", LogFormat.JSON, stream)
    configure("info", LogFormat.JSON, stream)
    log.info("once")
    assert len(lines(stream)) == 1


def test_records_inside_a_pass_have_its_id_and_those_after_it_do_not(stream: io.StringIO) -> None:
    configure("info", LogFormat.JSON, stream)
    with pass_context("p1", "abc"):
        log.info("inside")
    log.info("after")
    inside, after = lines(stream)
    assert (inside["pass"], inside["revision"]) == ("p1", "abc")
    assert "pass" not in after


def test_a_traceback_is_part_of_the_json_object(stream: io.StringIO) -> None:
    configure("info", LogFormat.JSON, stream)
    try:
        int(PEM)
    except ValueError:
        log.exception("failed")
    (line,) = lines(stream)
    assert "ValueError" in str(line["traceback"])
    assert "MIIEabc" not in stream.getvalue()


def test_the_console_form_has_the_fields_after_the_message(stream: io.StringIO) -> None:
    configure("info", LogFormat.CONSOLE, stream)
    log.warning("pass finished", extra={"verdict": "up to date", "count": 3})
    assert stream.getvalue().endswith('warning pass finished verdict="up to date" count=3\n')


def test_a_value_cannot_start_a_line_or_colour_a_terminal(stream: io.StringIO) -> None:
    configure("info", LogFormat.CONSOLE, stream)
    log.info("seen", extra={"id": "a\n12:00:00 error forged \x1b[31m"})
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("form", LogFormat)
@pytest.mark.parametrize(
    "fields",
    [
        {"secret": "hunter22"},
        {"client_secret": ["hunter22"]},
        {"token": "hunter22"},
        {"headers": {"Authorization": "hunter22"}},
        {"error": "sent Authorization: Bearer hunter22"},
        {"url": "https://robot:hunter22@git.example/x"},
        {"error": "password=hunter22"},
        {"nested": {"list": [{"privateKey": "hunter22"}]}},
        {"thing": PEM.replace("MIIEabc", "hunter22")},
    ],
    ids=lambda fields: next(iter(fields)),
)
def test_what_looks_like_a_secret_is_removed(
    stream: io.StringIO, form: LogFormat, fields: dict[str, object]
) -> None:
    configure("info", form, stream)
    log.info("trying", extra=fields)
    assert "hunter22" not in stream.getvalue()
    assert "<redacted>" in stream.getvalue()


def test_a_secret_in_the_message_is_removed(stream: io.StringIO) -> None:
    configure("info", LogFormat.JSON, stream)
    log.info("got %s", "Bearer hunter22")
    assert "hunter22" not in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(PEM, id="whole"),
        pytest.param(PEM[:45], id="cut off"),
        pytest.param(PEM.replace("\n", "\\n"), id="escaped"),
        pytest.param(PEM.replace("RSA ", ""), id="PKCS 8"),
    ],
)
def test_private_keys_are_removed_in_every_form(text: str) -> None:
    assert redact(f"a {text}") == "a <redacted>"


@pytest.mark.parametrize(
    "text", ["Agent/eu-1 created", "https://api.example/orgs/acme", "token: no", PEM[:20]]
)
def test_plain_text_is_unchanged(text: str) -> None:
    assert redact(text) == text


def test_nothing_is_set_up_at_import() -> None:
    import subprocess

    program = "import logging, reconciler.log; assert not logging.getLogger().handlers"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
