"""The script that Slurm gets: nothing of a configuration is more in it than a word."""

import shlex
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from submitit.core.utils import DelayedSubmission

from deeplab.code.file import CodeReference
from deeplab.config.compose import compose, compose_sweep
from deeplab.config.schema import SlurmLauncherConfig
from deeplab.errors import UserError
from deeplab.sweep.launch import slurm
from deeplab.sweep.launch.slurm import SlurmLauncher
from deeplab.sweep.messages import ContinueReply, TrialEvent, TrialJob

Script = Callable[..., str]
SBATCH = """#!/bin/sh
cat "$1" > {folder}/script
printf '%s\\n' "$@" > {folder}/arguments
echo Submitted batch job 7
"""


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Script:
    """What sbatch is given for a job of these settings."""
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, text in (("sbatch", SBATCH.format(folder=programs)), ("srun", "#!/bin/sh\n"), ("scancel", "#!/bin/sh\n")):
        (programs / name).write_text(text)
        (programs / name).chmod((programs / name).stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")

    def submit(*overrides: str, folder: str = "sweep of mine; $(touch pwned) 'x'") -> str:
        config = compose_sweep(["launcher=slurm", *overrides]).launcher
        assert isinstance(config, SlurmLauncherConfig)
        launcher = SlurmLauncher(config, tmp_path / folder)
        # Any value that can be pickled stands for a job here.
        launcher._executor.submit(print, "a job")
        assert len((programs / "arguments").read_text().splitlines()) == 1
        return (programs / "script").read_text()

    return submit


def test_a_job_takes_the_file_of_code_along_by_its_path_and_its_hash(script: Script, tmp_path: Path) -> None:
    script()
    config = compose_sweep(["launcher=slurm"]).launcher
    assert isinstance(config, SlurmLauncherConfig)
    code = CodeReference(str(tmp_path / "mine.py"), "0" * 64)
    job = TrialJob(0, "a", compose([]).values, (), {}, "parent", "sqlite:///mlflow.db", None, code=code)
    SlurmLauncher(config, tmp_path / "sweep").submit(job)
    (submitted,) = (tmp_path / "sweep" / "jobs").rglob("*_submitted.pkl")
    sent = DelayedSubmission.load(submitted)
    assert sent.args[0].code == code
    (tmp_path / "mine.py").write_text("x = 1\n")
    event = sent.result()  # as the node does it, to which another file lies there
    assert event.kind == "failed"
    assert event.text.endswith("mine.py has changed since the command began: what it trains would not be one thing.")


def test_every_line_of_the_script_is_ours(script: Script, tmp_path: Path) -> None:
    lines = script("launcher.partition='gpu,cpu-2.x'", "launcher.minutes=5", "launcher.gpus_per_trial=1").splitlines()
    settings = [line.removeprefix("#SBATCH --").partition("=")[0] for line in lines if line.startswith("#SBATCH")]
    assert settings == [
        *("cpus-per-task", "error", "gpus-per-node", "job-name", "mem", "nodes", "open-mode", "output", "partition"),
        *("signal", "time", "wckey"),
    ]
    assert "#SBATCH --partition=gpu,cpu-2.x" in lines
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands[0] == "export SUBMITIT_EXECUTOR=slurm"
    assert len(commands) == 2
    words = shlex.split(commands[1])
    assert words[:3] == ["srun", "--unbuffered", "--output"]
    assert words[-1] == str(tmp_path / "sweep of mine; $(touch pwned) 'x'" / "jobs")
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    "partition",
    [
        "gpu\ntouch pwned",
        "gpu\n",
        "\n#SBATCH --wrap=x",
        "a b",
        "a;b",
        "$(x)",
        "`x`",
        "a'b",
        "--wrap=x",
        "a,,b",
        "",
        "ü",
    ],
)
def test_a_partition_is_a_name_or_refused(partition: str) -> None:
    quoted = partition.replace("'", "\\'")
    with pytest.raises(UserError, match=r"^launcher\.partition: must be a name, or several with commas between them"):
        compose(["launcher=slurm", f"launcher.partition='{quoted}'"])


def test_a_job_asks_through_files_and_goes_on_alone_where_nobody_answers(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script()
    config = compose_sweep(["launcher=slurm"]).launcher
    assert isinstance(config, SlurmLauncherConfig)
    launcher = SlurmLauncher(config, tmp_path / "search")
    question = launcher._asking[7] = launcher._questions / "abc"
    should_continue = slurm.asks_through(question)
    heard: list[TrialEvent] = []

    def answer() -> None:
        for go_on in (True, False):
            while not (events := launcher.wait(0.1)):
                pass
            heard.extend(events)
            launcher.answer(ContinueReply(7, events[0].epoch, go_on))

    thread = threading.Thread(target=answer)
    thread.start()
    epochs = [TrialEvent(7, "epoch", epoch=number, epochs=3, metrics={"val/loss": 0.5}) for number in (1, 2, 3)]
    assert [should_continue(event) for event in epochs[:2]] == [True, False]
    thread.join()
    assert heard == epochs[:2]
    monkeypatch.setattr(slurm, "ANSWER_SECONDS", 0.1)
    assert should_continue(epochs[2])
    monkeypatch.setattr(slurm, "ANSWER_SECONDS", 1000)
    assert should_continue(epochs[2])  # it does not wait again
    # What a job asks whose place another one has taken is not answered.
    launcher._asking[7] = launcher._questions / "def"
    assert list(launcher.wait(0)) == []


def test_a_folder_with_a_line_break_in_its_name_is_refused(script: Script) -> None:
    with pytest.raises(UserError, match=r"the folder .*/a\\n#SBATCH --wrap=x has a line break in its name"):
        script(folder="a\n#SBATCH --wrap=x")
