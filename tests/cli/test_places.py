"""Places cost a second parse of a file, so a pass asks for none if nothing is reported about the file."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.program import program
from reconciler.settings import Limits
from reconciler.source.composer import Composer

SETTINGS = "version: 1\ninstance: demo\ntargets:\n  acme: {organization: acme}\n"
DEFINITION = """\
apiVersion: entity.humanitec.io/v1b1
kind: Definition
metadata: {id: ID}
entity:
  name: Bucket
  type: s3
  driver_type: humanitec/echo
  driver_inputs: {values: {bucket: "ID-${context.env.id}"}}
  criteria: [{app_id: ID}]
"""


def test_files_without_findings_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    composed: list[str] = []

    class Counted(Composer):
        def __init__(self, file: str, limits: Limits) -> None:
            composed.append(file)
            super().__init__(file, limits)

    monkeypatch.setattr("reconciler.source.yaml_text.Composer", Counted)
    (tmp_path / "reconciler.yaml").write_text(SETTINGS)
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(DEFINITION.replace("ID", name))
    shown = CliRunner().invoke(program, ["-C", str(tmp_path), "validate"]).stdout
    assert "valid: 2 documents in 3 files" in shown
    assert [file for file in composed if file != "reconciler.yaml"] == []
    (tmp_path / "two.yaml").write_text(DEFINITION.replace("ID", "Two_"))
    shown = CliRunner().invoke(program, ["-C", str(tmp_path), "validate"]).stdout
    assert "two.yaml:3:16: error R" in shown
    assert [file for file in composed if file != "reconciler.yaml"] == ["two.yaml"]
