"""Sweeps on a real Ray cluster of two nodes, and as jobs of submitit."""

import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import PATIENCE, wait_until

from deeplab.config.schema import RayLauncherConfig
from deeplab.errors import RunError, UserError
from deeplab.sweep.observer import SweepObserver
from deeplab.sweep.plan import plan_sweep
from deeplab.sweep.run import run_sweep

pytestmark = pytest.mark.slow

TINY = (
    *("model=mlp_64_64", "dataset.limit=100", "dataset.image_size=8", "training.epochs=3", "tracking.save_model=none"),
    *("tracking.plots=none", "launcher.cpus_per_trial=1", "replicates=2"),
)


# A head and a second node, each a process of this machine with one core, until the standard input ends.
CLUSTER = """
import sys
from ray.cluster_utils import Cluster

about = {"num_cpus": 1, "include_dashboard": False, "node_ip_address": "127.0.0.1"}
cluster = Cluster(initialize_head=True, head_node_args=about)
cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
print("address", cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture
def ray_cluster() -> Iterator[str]:
    """The address of a Ray cluster of two nodes."""
    cluster = subprocess.Popen(
        [sys.executable, "-c", CLUSTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
    )
    assert cluster.stdout is not None
    yield next(line.split()[1] for line in cluster.stdout if line.startswith("address"))
    cluster.communicate(timeout=PATIENCE)


# A cluster of our own, its sockets, and what a task of it finds in the environment.
OWN_CLUSTER = """
import sys
from pathlib import Path
import ray
import psutil  # comes with ray
from deeplab.config.schema import RayLauncherConfig
from deeplab.sweep.launch.ray import RayLauncher

launcher = RayLauncher(RayLauncherConfig("ray", None, 1, 0.0, 1), Path(sys.argv[1]))
ray.get(ray.remote(lambda: None).remote())
this = psutil.Process()
for process in (this, *this.children(recursive=True)):
    for socket in process.net_connections(kind="inet"):
        if socket.status == "LISTEN":
            print("listens", process.name(), socket.laddr.ip)
launcher.close()
"""


# A search whose first point is pruned after its first epoch.
PRUNED = """
import sys
import optuna
from deeplab.cli.main import main
from deeplab.sweep.search import optuna_study

class OfFirst(optuna.pruners.BasePruner):
    def prune(self, study, trial):
        return trial.number == 0

optuna_study.MedianPruner = lambda *_: OfFirst()
sys.argv = {arguments}
if __name__ == "__main__":
    main()
"""


def trials(runs: list[Any]) -> list[Any]:
    return [run for run in runs if run.data.tags["deeplab.kind"] == "trial"]


def workers() -> list[int]:
    """The processes in which Ray trains at this moment."""
    found = subprocess.run(["pgrep", "-f", "ray::_train"], capture_output=True, text=True, check=False)
    return [int(line) for line in found.stdout.split()]


def test_ray_trains_on_every_node_and_a_killed_worker_is_tried_again(
    folder: Path, ray_cluster: str, start: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    command = [*TINY, "launcher=ray", f"launcher.address={ray_cluster}", "training.epochs=200"]
    sweep = start("sweep", *command)
    wait_until(lambda: len(workers()) >= 2 and len(trials(runs())) >= 2)
    os.kill(workers()[0], signal.SIGKILL)
    out, _ = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 0, out
    assert ", 2 at once" in out
    assert re.search(r"its Ray worker is gone \(\w+\); it is tried again", out)
    assert Counter(run.info.status for run in trials(runs())) == {"FINISHED": 2}


def test_submitit_trains_the_same_jobs_as_slurm_would(
    folder: Path, process: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    done = process("sweep", *TINY, "launcher=slurm", "launcher.cluster=local", "launcher.memory_gb=1")
    assert (done.status, done.err) == (0, "")
    assert Counter(run.info.status for run in trials(runs())) == {"FINISHED": 2}


@pytest.mark.parametrize(
    "launcher",
    [("launcher=ray",), pytest.param(("launcher=slurm", "launcher.cluster=local"), marks=pytest.mark.long)],
)
def test_a_search_prunes_through_every_launcher(
    folder: Path, start: Callable[..., Any], runs: Callable[[], list[Any]], launcher: tuple[str, ...]
) -> None:
    command = ["deeplab", "sweep", "--search", "random", "--trials", "2", *TINY, *launcher, "l2=interval(1e-6,1e-2)"]
    search = start("-c", PRUNED.format(arguments=command), program=(sys.executable,))
    out, _ = search.communicate(timeout=PATIENCE)
    assert search.returncode == 0, out
    assert "1 trials finished, 1 were pruned" in out
    ended = {(run.data.tags["deeplab.point"], run.data.tags["deeplab.replicate"]): run for run in trials(runs())}
    assert {place: run.info.status for place, run in ended.items()} == {
        ("0", "0"): "KILLED",
        ("1", "0"): "FINISHED",
        ("1", "1"): "FINISHED",
    }
    pruned = ended["0", "0"]
    assert pruned.data.tags["deeplab.pruned"] == "true"
    assert max(metric.step for metric in pruned.data._metric_objs if metric.key == "train/loss") == 1


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("launcher=ray", "launcher.address=127.0.0.1:1"), "no Ray cluster can be reached there"),
        (("launcher=ray", "launcher.address=nonsense"), "no Ray cluster can be reached there"),
        (("launcher=slurm",), "the command sbatch is not found here"),
    ],
)
def test_a_cluster_that_is_not_there_is_one_line_and_nothing_begins(
    folder: Path,
    process: Callable[..., Any],
    runs: Callable[[], list[Any]],
    overrides: tuple[str, ...],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent))  # without a Slurm that this machine may have
    done = process("sweep", *TINY, *overrides)
    assert done.status == 2
    assert message in done.err
    assert len(done.err.splitlines()) == 1
    assert runs() == []


def test_a_trial_that_no_machine_of_the_cluster_can_take_is_refused() -> None:
    from deeplab.sweep.launch.ray import check_room

    nodes = [{"Alive": True, "Resources": {"CPU": 2.0}}, {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 1.0}}]
    check_room(RayLauncherConfig("ray", None, 2, 0.0, 1), nodes)
    for cores, gpus in ((3, 0.0), (1, 0.5)):
        with pytest.raises(UserError, match=rf"asks for {cores} cores and {gpus:g} GPUs.*\(2 and 0\)"):
            check_room(RayLauncherConfig("ray", None, cores, gpus, 1), nodes)


def test_a_head_that_answers_no_more_is_one_line() -> None:
    from deeplab.sweep.launch.ray import answer_of

    def refused() -> dict[str, float]:
        raise RuntimeError("refused")

    with pytest.raises(RuntimeError, match="refused"):
        answer_of("10.0.0.1:6379", refused)
    assert answer_of("10.0.0.1:6379", lambda: {"CPU": 2}) == {"CPU": 2}
    ended = threading.Event()
    with pytest.raises(RunError, match=r"^launcher=ray: the head of the cluster at 10.0.0.1:6379 is gone, .*the same"):
        answer_of("10.0.0.1:6379", lambda: {"CPU": ended.wait()}, seconds=0.1)
    ended.set()


@pytest.mark.long
def test_a_sweep_ends_in_one_line_when_the_head_is_killed_and_goes_on_by_the_same_command(
    folder: Path, start: Callable[..., Any], runs: Callable[[], list[Any]]
) -> None:
    command = ["sweep", *TINY, "launcher=ray", "training.epochs=200"]
    sweep = start(*command)
    wait_until(lambda: len(trials(runs())) >= 1)
    head = subprocess.run(
        ["pgrep", "-f", "-P", str(sweep.pid), "gcs_server"], capture_output=True, text=True, check=True
    )
    os.kill(int(head.stdout), signal.SIGKILL)
    out, _ = sweep.communicate(timeout=PATIENCE)
    assert sweep.returncode == 1, out
    assert re.search(r"^deeplab: launcher=ray: the head of the cluster at 127.0.0.1:\d+ is gone", out, re.MULTILINE)
    assert "GCS" not in out
    again = start(*command)
    out, _ = again.communicate(timeout=PATIENCE)
    assert again.returncode == 0, out
    assert Counter(run.info.status for run in trials(runs())) == {"FINISHED": 2}


def test_a_ray_cluster_of_our_own_listens_on_this_machine_alone(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWN_CLUSTER, str(tmp_path / "sweep")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    listening = [line.split()[1:] for line in done.stdout.splitlines() if line.startswith("listens")]
    assert {"gcs_server", "raylet"} <= {name for name, _ in listening}
    assert {address.removeprefix("::ffff:") for _, address in listening} == {"127.0.0.1"}


def test_a_cluster_is_sent_credentials_only_where_runs_go_to_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    from deeplab.sweep.launch.ray import passed_on

    for name in (
        "MLFLOW_TRACKING_TOKEN",
        "MLFLOW_TRACKING_USERNAME",
        "MLFLOW_TRACKING_PASSWORD",
        "DEEPLAB_DATA",
        "AWS",
    ):
        monkeypatch.setenv(name, f"my {name}")
    assert passed_on("sqlite:////shared/mlflow.db") == {"DEEPLAB_DATA": "my DEEPLAB_DATA"}
    assert passed_on("postgresql://host/runs") == {"DEEPLAB_DATA": "my DEEPLAB_DATA"}
    assert sorted(passed_on("https://host")) == [
        "DEEPLAB_DATA",
        *("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "MLFLOW_TRACKING_USERNAME"),
    ]


@pytest.mark.parametrize(
    ("kind", "module", "package"), [("ray", "ray", "ray>=2.60"), ("slurm", "submitit", "submitit>=1.5.4")]
)
def test_a_missing_package_is_named_as_pip_takes_it_and_no_store_is_made(
    kind: str, module: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, module, None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, f"deeplab.sweep.launch.{kind}", raising=False)
    plan = plan_sweep(["model=mlp_64_64", f"launcher={kind}", "replicates=2"], None)
    with pytest.raises(UserError, match=f"^launcher={kind} needs a package: pip install '{package}'$"):
        run_sweep(plan, SweepObserver())
    assert not list(tmp_path.iterdir())
