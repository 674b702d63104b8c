#!/usr/bin/env python3
"""Set up a Slurm cluster of one node in a temporary folder, run sweeps on it, and treat them roughly.

Needs Debian's `slurm-wlm` and `munge`, and root. Everything listens on 127.0.0.1, and is ended with the script: munged,
slurmctld, slurmd and what they started. There are no cgroups and no database, so neither memory is limited nor `sacct`
answers. After each fault the same command is given again, and what comes out is compared with a sweep on the same
cluster that nobody disturbed, to the bit.

scripts/slurm.py [--only PART-OF-A-NAME] [--epochs 2000] [--write]
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from faults.page import Row, Tries
from faults.programs import Program
from faults.stores import begun, begun_runs, difference, statuses

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scancel", "squeue")
SWEEP = (
    *("sweep", "model=cnn_dropout", "dataset.image_size=10", "dataset.limit=300", "training.threads=1"),
    *("tracking.plots=none", "tracking.save_model=none", "training.checkpoint_seconds=0", "training.epochs=60"),
    *("l2=1e-5,1e-3", "launcher=slurm", "launcher.cpus_per_trial=1", "launcher.memory_gb=1"),
)
CONFIGURATION = """
ClusterName=rough
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
ReturnToService=2
KillWait=20
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=4000 State=UNKNOWN
PartitionName=rough Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Cluster:
    """Slurm on this machine, in a folder; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Write its configuration."""
        self.folder = folder
        for name in ("munge", "state", "spool"):
            (folder / name).mkdir(mode=0o755)
        (folder / "munge" / "key").write_bytes(os.urandom(128))
        (folder / "munge" / "key").chmod(0o400)
        taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        ports = [each.getsockname()[1] for each in taken]
        for each in taken:
            each.close()
        self.configuration = folder / "slurm.conf"
        text = CONFIGURATION.format(
            host=socket.gethostname().partition(".")[0], ports=ports, folder=folder, cores=os.cpu_count()
        )
        self.configuration.write_text(text)
        self.environment = {"SLURM_CONF": str(self.configuration)}
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> "Cluster":
        munge = self.folder / "munge"
        self._start("munged", *(f"--{name}={munge / name}" for name in ("socket", "key-file", "pid-file", "seed-file")))
        self._until((munge / "socket").exists, "munged")
        self.start_controller()
        self._start("slurmd", "-D", "-f", str(self.configuration))
        self._until(lambda: "idle" in self.ask("sinfo", "--noheader", "--format=%T"), "a node")
        return self

    def __exit__(self, *_: object) -> None:
        self.ask("scancel", "--user=root")
        deadline = time.monotonic() + 40
        while self.ask("squeue", "--noheader") and time.monotonic() < deadline:
            time.sleep(0.5)
        for daemon in reversed(self._daemons.values()):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()

    def start_controller(self) -> None:
        """Start slurmctld, also again."""
        self._start("slurmctld", "-D", "-f", str(self.configuration))
        self._until(lambda: "UP" in self.ask("scontrol", "ping"), "slurmctld")

    def end_controller(self) -> None:
        """Kill slurmctld."""
        self._daemons["slurmctld"].kill()
        self._daemons["slurmctld"].wait()

    def _start(self, name: str, *arguments: str) -> None:
        options = ("--foreground", "--force") if name == "munged" else ()
        if name == "munged":
            arguments = tuple(each.replace("munge/key-file", "munge/key") for each in arguments)
        program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        assert program is not None
        with (self.folder / f"{name}.out").open("ab") as out:
            self._daemons[name] = subprocess.Popen(
                [program, *options, *arguments], stdout=out, stderr=out, env={**os.environ, **self.environment}
            )

    def ask(self, *command: str) -> str:
        """What a command of Slurm says."""
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        return done.stdout.strip()

    def jobs(self) -> list[str]:
        """Ids of jobs that run."""
        return self.ask("squeue", "--noheader", "--format=%A", "--states=RUNNING").split()

    def processes(self, job: str) -> list[int]:
        """The processes that train in a job."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                if folder.name.isdecimal() and b"submitit.core._submit" in (folder / "cmdline").read_bytes():
                    environment = (folder / "environ").read_bytes().split(b"\0")
                    ours = {f"SLURM_JOB_ID={job}".encode(), f"SLURM_CONF={self.configuration}".encode()}
                    found += [int(folder.name)] if ours <= set(environment) else []
            except FileNotFoundError:
                continue
        return found

    def _until(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + 60
        while not is_so():
            if time.monotonic() > deadline:
                logs = "\n".join(path.read_text()[-1500:] for path in self.folder.glob("*.[lo][ou][gt]"))
                self.__exit__()
                raise RuntimeError(f"{what} did not come up:\n{logs}")
            time.sleep(0.2)


def compared(fault: str, program: Program, folders: tuple[Path, Path], again: Program | None) -> Row:
    """A row: what a program said, left, and what the command again came to."""
    folder, calm = folders
    status = program.end()
    said, left = f"{program.said() or '(nothing)'} — status {status}", statuses(folder)
    ended = again.end() if again else status
    wrong = difference(folder, calm)
    if ("of a job" in fault or "a job" in fault) and "tried again" not in program.text:
        wrong = f"NO FAULT: no job was lost; {wrong}"
    if fault == "Ctrl-C" and status != 130:
        wrong = f"NO FAULT: the signal did not end it; {wrong}"
    if ended:
        wrong = f"status {ended}: {(again or program).said()}"
    after = wrong or ("the same command: equal to the bit" if again else "equal to the bit")
    return Row(fault, said, left, after, not wrong)


class Faults:
    """What is done to sweeps."""

    def __init__(self, cluster: Cluster, root: Path, epochs: int) -> None:
        """Run a sweep that nobody disturbs; so many epochs take longer than a job has that comes to its time limit."""
        self.cluster, self.root = cluster, root
        self.long = (f"training.epochs={epochs}", "launcher.retries=0")
        self.calm = root / "calm"
        program = self.start(self.calm)
        if program.end():
            raise RuntimeError(f"the undisturbed sweep failed:\n{program.text}")
        self.undisturbed = f"{program.said()} — status 0"

    def start(self, folder: Path, *overrides: str) -> Program:
        """Start the sweep, or go on with it."""
        folder.mkdir(exist_ok=True)
        return Program(folder, *SWEEP, *overrides, environment=self.cluster.environment)

    def nothing(self) -> Row:
        """A sweep from its beginning to its end."""
        return Row("nothing", self.undisturbed, statuses(self.calm), "", True)

    def partition(self) -> Row:
        """A partition that there is none of."""
        folder = self.root / "partition"
        program = self.start(folder, "launcher.partition=gpu")
        status = program.end()
        is_one_line = "Traceback" not in program.text and status == 2
        return Row(
            "`launcher.partition=gpu`, which there is not", f"{program.said()} — status {status}", "", "", is_one_line
        )

    def cancelled_job(self) -> Row:
        """A job that a person cancels."""
        folder = self.root / "cancelled"
        program = self.start(folder)
        begun(folder, program)
        self.cluster.ask("scancel", self.cluster.jobs()[0])
        return compared("`scancel` of a job", program, (folder, self.calm), None)

    def killed_job(self) -> Row:
        """A job whose processes are killed, as those that take too much memory."""
        folder = self.root / "killed"
        program = self.start(folder)
        begun(folder, program)
        for pid in self.cluster.processes(self.cluster.jobs()[0]):
            os.kill(pid, signal.SIGKILL)
        return compared("a job killed (SIGKILL)", program, (folder, self.calm), None)

    def late_job(self) -> Row:
        """Jobs that come to their time limit, the only attempt, and then get more of it."""
        folder, calm = self.root / "late", self.root / "calm-late"
        program = self.start(folder, *self.long, "launcher.minutes=2")
        status = program.end()
        says_so = status == 1 and "launcher.minutes" in program.text
        told = next((line for line in program.lines if "launcher.minutes" in line), program.said())
        left, before = statuses(folder), begun_runs(folder)
        again = self.start(folder, *self.long, "launcher.minutes=60")
        wrong = f"status {ended}: {again.said()}" if (ended := again.end()) else ""
        if begun_runs(folder) != before:
            wrong = "a trial was trained anew"
        undisturbed = self.start(calm, *self.long, "launcher.minutes=60")
        wrong = wrong or undisturbed.end() or difference(folder, calm)
        return Row(
            "jobs come to the time limit (`launcher.minutes=2`)",
            f"{told.removeprefix('deeplab: ')} — status {status}",
            left,
            str(wrong or "the same command with `launcher.minutes=60`: on from the checkpoints, equal to the bit"),
            says_so and "RUNNING" not in left and not wrong,
        )

    def parent(self) -> Row:
        """A parent that is lost, while its jobs go on."""
        folder = self.root / "parent"
        program = self.start(folder)
        begun(folder, program)
        program.end_all()
        return compared("the parent killed (SIGKILL), its jobs go on", program, (folder, self.calm), self.start(folder))

    def interrupted(self) -> Row:
        """Ctrl-C."""
        folder = self.root / "interrupted"
        program = self.start(folder)
        begun(folder, program)
        program.signal_all(signal.SIGINT)
        program.process.wait(120)
        left = self.cluster.ask("squeue", "--noheader")
        row = compared("Ctrl-C", program, (folder, self.calm), self.start(folder))
        return Row(row.fault, row.said, f"{row.left}; jobs in the queue: {left or 'none'}", row.after, row.is_good)

    def controller(self) -> Row:
        """A controller that is away for a while."""
        folder = self.root / "controller"
        program = self.start(folder)
        begun(folder, program)
        self.cluster.end_controller()
        time.sleep(25)
        self.cluster.start_controller()
        return compared("slurmctld killed, started again after 25 s", program, (folder, self.calm), None)


FAULTS = ("nothing", "partition", "cancelled_job", "killed_job", "late_job", "parent", "interrupted", "controller")


def main() -> None:
    """Set the cluster up, try each fault, print a table, end the cluster."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="those whose name has this in it")
    parser.add_argument("--write", action="store_true", help="write the table into docs/rough-machines.md")
    parser.add_argument("--epochs", type=int, default=2000, help="that take longer than a minute on this machine")
    options = parser.parse_args()
    missing = [name for name in PROGRAMS if shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin") is None]
    if missing or os.getuid() != 0:
        sys.exit(f"Missing: {', '.join(missing) or 'the rights of root'}. apt-get install slurm-wlm munge")
    signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background it is ignored, also by what is started
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the cluster is ended
    with tempfile.TemporaryDirectory(prefix="deeplab-slurm-") as scratch:
        root = Path(scratch)
        root.chmod(0o755)
        with Cluster(root) as cluster:
            faults = Faults(cluster, root, options.epochs)
            tries = Tries("slurm", scratch, options.write)
            for name in FAULTS:
                if options.only in name:
                    tries.add(name, getattr(faults, name))
    sys.exit(not tries.are_good)


if __name__ == "__main__":
    main()
