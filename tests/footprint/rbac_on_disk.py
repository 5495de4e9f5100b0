"""The files of `config/rbac`; `python -m tests.footprint.rbac_on_disk` writes them again."""

from pathlib import Path

from reconciler.footprint.rbac import rbac_files

DIRECTORY = Path(__file__).parents[2] / "config" / "rbac"


def write_files(directory: Path) -> None:
    """Write every file and remove those that no longer exist."""
    directory.mkdir(parents=True, exist_ok=True)
    written = rbac_files()
    for stale in directory.glob("*.yaml"):
        if stale.name not in written:
            stale.unlink()
    for name, text in written.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_files(DIRECTORY)
