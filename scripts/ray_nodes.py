#!/usr/bin/env python3
"""Run sweeps on a Ray cluster of three nodes in this machine, and take parts of it away.

A worker, a raylet, the head and the sweep's own process are killed in the midst of a sweep, and the same command is
given again where it did not end by itself. What comes out is compared with an undisturbed sweep on the same cluster,
to the bit. Everything listens on 127.0.0.1 and is ended with the script.

scripts/ray_nodes.py [--only PART-OF-A-NAME] [--write]
"""

import argparse
import os
import signal
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from faults.page import Row, Tries
from faults.programs import Program, below
from faults.stores import begun, difference, statuses

SWEEP = (
    *("sweep", "model=cnn_dropout", "dataset.image_size=10", "dataset.limit=300", "training.threads=1"),
    *("tracking.plots=none", "tracking.save_model=none", "training.checkpoint_seconds=0", "training.epochs=60"),
    *("l2=1e-5,1e-3", "launcher=ray", "launcher.retries=3"),
)
NODE = {"num_cpus": 1, "object_store_memory": 80 << 20, "node_ip_address": "127.0.0.1", "include_dashboard": False}


class Nodes:
    """A head that trains nothing and two nodes with a core each; a context manager."""

    def __enter__(self) -> "Nodes":
        from ray._private import ray_constants
        from ray.cluster_utils import Cluster

        ray_constants.ENABLE_RAY_CLUSTER = False  # else 127.0.0.1 becomes the machine's outer address
        self.cluster: Any = Cluster(initialize_head=True, head_node_args={**NODE, "num_cpus": 0})
        self.others = [self.cluster.add_node(**NODE) for _ in range(2)]
        self.address = f"127.0.0.1:{self.cluster.address.rpartition(':')[2]}"
        return self

    def __exit__(self, *_: object) -> None:
        self.cluster.shutdown()
        for pid in self.trainings():
            os.kill(pid, signal.SIGKILL)

    def trainings(self) -> list[int]:
        """The processes that train a trial."""
        found = []
        for pid in below(os.getpid()):
            try:
                if b"ray::_train" in Path(f"/proc/{pid}/cmdline").read_bytes():
                    found.append(pid)
            except FileNotFoundError:
                continue
        return found


def attempt(what: str, root: Path, calm: Path | None) -> Row:
    """Run the sweep, do one thing to it, go on where it ended."""
    folder = root / what.replace(" ", "-")
    folder.mkdir()
    with Nodes() as nodes:
        program = Program(folder, *SWEEP, f"launcher.address={nodes.address}")
        if what != "nothing":
            begun(folder, program)
        if what == "a worker":
            os.kill(nodes.trainings()[0], signal.SIGKILL)
        elif what == "a raylet":
            nodes.cluster.remove_node(nodes.others[0], allow_graceful=False)
        elif what == "the parent":
            program.end_all()
        elif what == "the head":
            for kind in ("raylet", "gcs_server"):
                for each in nodes.cluster.head_node.all_processes[kind]:
                    each.process.kill()
        status = program.end()
        said, left = f"{program.said() or '(nothing)'} — status {status}", statuses(folder)
        is_one_line = (
            "Traceback" not in program.text and "did not end" not in said and "will terminate" not in program.text
        )
        starts = 1
        if status and what != "the head":
            again, starts = Program(folder, *SWEEP, f"launcher.address={nodes.address}"), 2
            status = again.end()
            said += f"; again: {again.said()} — status {status}"
    if status and what == "the head":
        with Nodes() as nodes:
            starts, status = 2, Program(folder, *SWEEP, f"launcher.address={nodes.address}").end()
    wrong = "" if calm is None else difference(folder, calm)
    after = wrong or ("" if calm is None else "equal to the bit") + (f", {starts} starts" if starts > 1 else "")
    return Row(f"{what} killed" if calm else what, said, left, after, not wrong and not status and is_one_line)


def main() -> None:
    """Try each, print a table, end the cluster."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="those whose name has this in it")
    parser.add_argument("--write", action="store_true", help="write the table into docs/rough-machines.md")
    options = parser.parse_args()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the cluster is ended
    calm = None
    with tempfile.TemporaryDirectory(prefix="deeplab-ray-") as scratch:
        tries = Tries("ray", scratch, options.write)
        for what in ("nothing", "a worker", "the parent", "a raylet", "the head"):
            if calm is not None and options.only not in what:
                continue
            tries.add(what, partial(attempt, what, Path(scratch), calm))
            calm = calm or Path(scratch) / "nothing"
    sys.exit(not tries.are_good)


if __name__ == "__main__":
    main()
