#!/usr/bin/env python3
"""Feed random configurations to deeplab and report whatever is neither a success nor an error of one line.

Five kinds of input are generated: overrides, YAML files in a --config-dir folder, files that mean harm, networks of
groups that do, and .npz archives. Each goes in this process through all that `deeplab train --dry-run` does. A few of
those that are accepted are trained for an epoch into a store in a temporary folder, in which no run may stay RUNNING. A
failure is another exception, a warning, a line on stderr, more than ten seconds, a refusal that takes more than two
seconds of work or 500 MB, a file outside the folder of the input, a secret of the environment or of a file elsewhere in
what is printed, or a byte there that a terminal obeys; it is printed as commands that can be pasted into a shell.

scripts/fuzz.py [--examples 2000] [--seed 0] [--kind groups]
"""

import argparse
import contextlib
import importlib
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from fuzzing.archives import archive_cases
from fuzzing.case import SECRET, Case, Outcome
from fuzzing.feed import feed, feed_and_train
from fuzzing.files import file_cases
from fuzzing.groups import group_cases
from fuzzing.hostile import hostile_cases
from fuzzing.overrides import override_cases
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from deeplab.config.compose import compose
from deeplab.imports import load_keras

TRAINED_SHARE = 40  # one in so many of those that are small enough
KINDS: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "overrides": override_cases,
    "files": file_cases,
    "hostile": hostile_cases,
    "groups": group_cases,
    "archives": archive_cases,
}


def collect(strategy: st.SearchStrategy[Case], examples: int, number: int) -> list[Case]:
    """Draw inputs; they are fed later, outside of Hypothesis."""
    cases: list[Case] = []

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(case: Case) -> None:
        cases.append(case)

    draw()
    return cases[:examples]


def smallest(case: Case, signature: str) -> Case:
    """Leave out overrides, files and lines of files as long as it fails alike."""
    shorter = True
    while shorter:
        shorter = False
        for fewer in _shorter(case):
            if feed(fewer).signature == signature:
                case, shorter = fewer, True
                break
    return case


def _shorter(case: Case) -> Iterator[Case]:
    for index in range(len(case.overrides)):
        yield replace(case, overrides=case.overrides[:index] + case.overrides[index + 1 :])
    for index, (name, content) in enumerate(case.files):
        yield replace(case, files=case.files[:index] + case.files[index + 1 :])
        lines = content.splitlines(keepends=True) if name.endswith(".yaml") else []
        for line in range(len(lines)):
            fewer = (name, b"".join(lines[:line] + lines[line + 1 :]))
            yield replace(case, files=(*case.files[:index], fewer, *case.files[index + 1 :]))


def running(uri: str) -> int:
    """The number of runs in a store that say they are being trained."""
    import mlflow

    client = mlflow.MlflowClient(uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return len(client.search_runs(experiments, "attributes.status = 'RUNNING'"))


@contextlib.contextmanager
def isolated() -> Iterator[Path]:
    """A temporary folder that is home too; no setting of the person, no download."""
    before, cwd = dict(os.environ), Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        for key in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "DEEPLAB_DATA", "DEEPLAB_DEBUG", "KERAS_HOME"):
            os.environ.pop(key, None)
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
        os.environ.update({**proxies, "no_proxy": "127.0.0.1,localhost", "HOME": name, "FUZZ_SECRET": SECRET})
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(before)


def import_libraries() -> None:
    """What takes seconds, and would be counted against the first input."""
    load_keras()
    for name in ("sklearn.datasets", "mlflow.keras", "matplotlib.figure", "deeplab.cli.terminal.dry_run"):
        importlib.import_module(name)
    compose([])


def fuzz(examples: int, number: int, kinds: Sequence[str]) -> int:
    """Feed so many inputs of some kinds and print what failed.

    Returns:
        The number of failures.
    """
    began, counts = time.perf_counter(), Counter[str]()
    failures: dict[str, list[tuple[Case, Outcome]]] = {}
    with isolated() as folder:
        import_libraries()
        uri = f"sqlite:///{folder}/mlflow.db"
        small = 0
        for index, kind in enumerate(kinds):
            share = examples // len(kinds) + (index < examples % len(kinds))
            for case in collect(KINDS[kind](), share, number):
                outcome = feed(case)
                counts[outcome.status] += 1
                outcomes = [outcome]
                if outcome.composed is not None:
                    small += 1
                    if small % TRAINED_SHARE == 1:
                        outcomes.append(feed_and_train(case, outcome.composed, uri))
                        counts["tried"] += 1
                        counts["trained"] += outcomes[-1].status == "trained"
                for each in outcomes:
                    if each.status == "failed":
                        failures.setdefault(f"{each.signature}", []).append((case, each))
            print(f"{kind}: {share} fed, {time.perf_counter() - began:.0f} s", file=sys.stderr)
        for signature, found in failures.items():
            case, outcome = min(found, key=lambda pair: pair[0].size)
            if outcome == feed(case):
                case = smallest(case, signature)
            print(f"\n{signature} ({len(found)} inputs)\n{case.commands()}\n{outcome.what[:3000]}")
        left = running(uri) if counts["tried"] else 0
        if left:
            print(f"\n{left} runs are still RUNNING in the store.")
    gibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    total = sum(map(len, failures.values())) + left
    print(
        f"\n{examples:,} inputs with seed {number}: {counts['valid']:,} valid, {counts['large']:,} valid but too "
        f"large to build here, {counts['refused']:,} refused; {counts['trained']} of {counts['tried']} trained; "
        f"{total} failures of {len(failures)} sorts; {time.perf_counter() - began:.0f} s, at most {gibibytes:.1f} GiB"
    )
    return total


def main() -> None:
    """Parse, feed, and end with status 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=2000, help="number of inputs (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (default 0)")
    parser.add_argument("--kind", choices=KINDS, help="inputs of this kind alone")
    wanted = parser.parse_args()
    sys.exit(1 if fuzz(wanted.examples, wanted.seed, [wanted.kind] if wanted.kind else list(KINDS)) else 0)


if __name__ == "__main__":
    main()
