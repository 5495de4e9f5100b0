"""Measure the numbers of benchmarks/README.md and print them beside what they are compared with.

Run as `python -m benchmarks.run`; `make bench` does. Everything happens on loopback and in a
temporary folder. Exit code 1 where a run did not do what was to be measured; a missed target is
a fact for the table, not a failure.
"""

import argparse
import compileall
import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import reconciler
from benchmarks import judging, measures
from benchmarks.clusters import clusters
from benchmarks.emulator_speed import emulator_speed
from benchmarks.measures import Row
from benchmarks.processes import BenchmarkError
from benchmarks.watching import watching

RESULTS = Path(__file__).with_name("results.md")
_HEAD = ("Measure", "Here", "Beside", "There", "Ratio", "Target", "Met")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__)
    parser.add_argument(
        "--definitions", type=int, nargs="*", default=[100, 550, 10_000], metavar="N", help="sizes of trees"
    )
    parser.add_argument(
        "--runners", type=int, nargs="*", default=[500], metavar="N", help="numbers of runners"
    )
    parser.add_argument(
        "--passes", type=int, default=342, metavar="N", help="passes of `watch` under faults; 0 for none"
    )
    parser.add_argument(
        "--agents", type=int, nargs="*", default=[100], metavar="N", help="numbers of Agents on a cluster"
    )
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="runs of which the best counts")
    parser.add_argument("--concurrency", type=int, default=8, metavar="N", help="actions at once")
    parser.add_argument("--write", action="store_true", help=f"keep the table in benchmarks/{RESULTS.name}")
    return parser


def _cells(row: Row) -> tuple[str, ...]:
    ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
    met = {None: "", True: "yes", False: "**no**"}[row.is_met]
    return (row.measure, row.value, row.beside, row.beside_value, ratio, row.bound, met)


def _table(rows: Iterable[Row]) -> str:
    lines = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    shown = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
             for line in lines]  # fmt: skip
    return (
        "\n".join([shown[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *shown[1:]]) + "\n"
    )


def _place() -> str:
    return (
        f"{platform.python_implementation()} {platform.python_version()} on {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}"
    )


def main() -> int:
    """Measure, print, and write if asked to."""
    options = _parser().parse_args()
    compileall.compile_dir(Path(reconciler.__file__).parent, quiet=1)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="reconciler-bench-") as scratch:
        root = Path(scratch)
        try:
            rows += measures.start_up(root / "tiny", max(5, options.repeat))
            for count in options.definitions:
                print(f"measuring {count:,} definitions …", file=sys.stderr)
                rows += judging.judging(count, repeat=options.repeat)
                rows += measures.definitions(
                    root / f"definitions-{count}",
                    count,
                    repeat=options.repeat,
                    concurrency=options.concurrency,
                )
            for count in options.runners:
                print(f"measuring {count:,} runners …", file=sys.stderr)
                rows += measures.runners(
                    root / f"runners-{count}", count, repeat=options.repeat, concurrency=options.concurrency
                )
            for count in options.agents:
                print(f"measuring {count:,} Agents on a cluster …", file=sys.stderr)
                rows += clusters(root / f"agents-{count}", count, repeat=options.repeat)
            if options.definitions and options.runners:
                most = max(options.definitions), max(options.runners)
                print(f"measuring the emulator with {most[0]:,} and {most[1]:,} …", file=sys.stderr)
                rows += emulator_speed(*most, options.repeat)
            if options.passes:
                print(f"measuring {options.passes:,} passes under faults …", file=sys.stderr)
                rows += watching(root / "watching", options.passes)
        except BenchmarkError as error:
            print(_table(rows) if rows else "", end="")
            print(f"error: {error}", file=sys.stderr)
            return 1
    table = _table(rows)
    print(f"{_place()}\n\n{table}", end="")
    if options.write:
        text = f"# Results\n\n{_place()}. What the columns mean: [README](README.md).\n\n{table}"
        RESULTS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
