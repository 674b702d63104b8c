"""What a SQLite store holds, read without MLflow."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from faults.programs import PATIENCE_SECONDS, Program


def runs(folder: Path) -> list[tuple[str, str, dict[tuple[str, int], Any]]]:
    """Name, status and metrics, by key and step, of each run, the newest last; how long things took is left out."""
    with closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True, timeout=60)) as store:
        found = store.execute(
            "select run_uuid, name, status from runs where lifecycle_stage = 'active' order by start_time"
        ).fetchall()
        result = []
        for run_id, name, status in found:
            query = "select key, step, value from metrics where run_uuid = ?"
            rows = store.execute(query, (run_id,)).fetchall()
            keys = [(key, step) for key, step, _ in rows]
            double = {("twice", step): key for key, step in keys if keys.count((key, step)) > 1}
            values = {
                (key, step): value for key, step, value in rows if "second" not in key and not key.startswith("time/")
            }
            result.append((name, status, {**values, **double}))
    return result


def statuses(folder: Path) -> str:
    """The statuses of all runs, as `3 FINISHED, 1 KILLED`."""
    said = [status for _, status, _ in runs(folder)]
    return ", ".join(f"{said.count(status)} {status}" for status in sorted(set(said)))


def begun_runs(folder: Path) -> set[str]:
    """The ids of all runs."""
    with closing(sqlite3.connect(f"file:{folder / 'mlflow.db'}?mode=ro", uri=True, timeout=60)) as store:
        return {run_id for (run_id,) in store.execute("select run_uuid from runs where lifecycle_stage = 'active'")}


def difference(folder: Path, calm: Path) -> str:
    """How the store differs from that of an undisturbed run: nothing, or in a few words."""
    ours, theirs = runs(folder), runs(calm)
    if sorted(name for name, *_ in ours) != sorted(name for name, *_ in theirs):
        return f"{len(ours)} runs instead of {len(theirs)}"
    wrong = [f"{name} is {status}" for name, status, _ in ours if status != "FINISHED"]
    expected = {name: metrics for name, _, metrics in theirs}
    for name, _, metrics in ours:
        keys = [key for key in {*metrics, *expected[name]} if metrics.get(key) != expected[name].get(key)]
        wrong += [f"{name} differs in {min(keys)} and {len(keys) - 1} more"] if keys else []
    return "; ".join(wrong)


def begun(folder: Path, program: Program) -> None:
    """Wait until a trial of a sweep has metrics."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while program.process.poll() is None and time.monotonic() < deadline:
        try:
            if any(metrics for *_, metrics in runs(folder)):
                return
        except sqlite3.OperationalError:  # its tables are being made
            pass
        time.sleep(0.2)
    program.end_all()
    raise RuntimeError(f"no trial began:\n{program.text}")
