"""The pages of the rules and their examples as files; `python -m tests.rules.pages_on_disk` writes them again."""

from importlib.resources import files
from pathlib import Path

from reconciler.rules import page

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "rules"


def read_example(name: str) -> str:
    file = files("reconciler.rules") / "pages" / name
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def example(rule_id: str, case: str) -> page.Example:
    return page.example(rule_id, case, read_example)


def write_pages(directory: Path) -> None:
    """Write every page and remove pages of rules that no longer exist."""
    directory.mkdir(parents=True, exist_ok=True)
    written = page.pages(read_example)
    for stale in directory.glob("*.md"):
        if stale.name not in written:
            stale.unlink()
    for name, text in written.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_pages(DOCUMENTATION)
