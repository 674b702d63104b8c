#!/usr/bin/env python3
"""Kill a training again and again, damage its checkpoints, and compare what comes out with an undisturbed run.

Kills: a training with dropout is ended by SIGKILL at random moments and resumed each time until it is done; its
history and final weights must equal the undisturbed run's to the bit. Damages: the newest checkpoint of a killed run is
truncated or a byte of it flipped, at places spread over the file; the run must go on from the one before, to the same
end, or be refused in one line.

scripts/torture.py [--kills 30] [--damages 20] [--seed 0]
"""

import argparse
import hashlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EPOCHS = 60
OVERRIDES = [
    *("model=cnn_dropout", "dataset.image_size=12", "dataset.limit=400", f"training.epochs={EPOCHS}"),
    *("training.checkpoint_seconds=0", "training.early_stopping_patience=50", "tracking.plots=none"),
]


def start(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    """Start a training in a process of its own."""
    code = "from deeplab.cli.main import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, "train", *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def end_of(folder: Path) -> str:
    """SHA-256 of the history file and the weights of the newest run.

    Read in a process of its own: a store that is put in the place of another must not be seen through its connections.
    """
    command = [sys.executable, str(Path(__file__).resolve()), "--end-of", str(folder)]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout.strip()


def digest(folder: Path) -> str:
    """What `end_of` tells."""
    from deeplab.config.compose import compose
    from deeplab.tracking.artifacts import load_network, read_artifact
    from deeplab.tracking.find import find_run
    from deeplab.tracking.store import open_store

    store = open_store(compose([f"tracking.uri=sqlite:///{folder}/mlflow.db"]).config.tracking)
    run = find_run(store, "latest")
    history = read_artifact(store, run, "history.csv")
    if history is None or run.status != "FINISHED":
        sys.exit(f"run {run.id} in {folder} is {run.status} and has no history")
    whole = hashlib.sha256(history)
    for array in load_network(store, run).get_weights():
        whole.update(array.tobytes())
    return whole.hexdigest()


def declare_dead(folder: Path) -> None:
    """Age the heartbeat of the newest run, as a minute's wait would."""
    import mlflow

    client = mlflow.MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name("deeplab")
    for run in client.search_runs([experiment.experiment_id], "attributes.status = 'RUNNING'"):
        client.set_tag(run.info.run_id, "deeplab.heartbeat", "1000")


def kill_until_done(folder: Path, kills: int, rng: random.Random, until_epoch: int = EPOCHS) -> int:
    """Kill at random moments after the run exists, resume each time, and let the last life end by itself."""
    done, first = 0, True
    while True:
        process = start(folder, *(OVERRIDES if first else ["--resume", "latest"]))
        assert process.stdout is not None
        lines: list[str] = []
        patience = rng.randrange(1, 1 + max(1, 2 * until_epoch // kills)) if done < kills else None
        epochs = 0
        for line in process.stdout:
            lines.append(line)
            epochs += line.startswith("epoch")
            begun = any("parameters;" in text for text in lines)
            if patience is not None and begun and epochs >= patience - 1:
                time.sleep(rng.uniform(0.0, 0.15))
                process.send_signal(signal.SIGKILL)
                break
        process.stdout.close()
        status = process.wait()
        first = False
        if status == -signal.SIGKILL:
            done += 1
            declare_dead(folder)
            print(f"kill {done} after {epochs} epochs of this life", file=sys.stderr)
        elif status == 0:
            return done
        else:
            sys.exit("".join(lines))


def damage(folder: Path, place: float, truncate: bool) -> None:
    """Cut the newest checkpoint at a place between 0 and 1 of its length, or flip a byte there."""
    path = max((folder / ".deeplab" / "checkpoints").rglob("*.ckpt"))
    content = bytearray(path.read_bytes())
    index = min(int(place * len(content)), len(content) - 1)
    content[index] ^= 0xFF
    path.write_bytes(content[:index] if truncate else content)


def main() -> None:
    """Run both, print counts, and fail if one is short."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--damages", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--end-of", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.end_of:
        print(digest(options.end_of))
        return
    rng = random.Random(options.seed)
    root = Path(tempfile.mkdtemp(prefix="deeplab-torture-"))
    print(f"in {root}, which is removed if all is well", file=sys.stderr)
    for folder in ("calm", "killed", "damaged"):
        (root / folder).mkdir()
    if start(root / "calm", *OVERRIDES).wait() != 0:
        sys.exit("the undisturbed run failed")
    calm = end_of(root / "calm")
    kills = kill_until_done(root / "killed", options.kills, rng) if options.kills else 0
    equal = end_of(root / "killed") == calm if options.kills else True
    print(f"{kills} kills: history and weights {'equal' if equal else 'DIFFER FROM'} the undisturbed run's", flush=True)
    good = _damages(root / "damaged", root, options.damages, calm, rng)
    print(f"{good} of {options.damages} damaged checkpoints: resumed from the one before to the same end, or refused")
    if not (equal and kills >= options.kills and good == options.damages):
        sys.exit(1)
    shutil.rmtree(root)


def _damages(folder: Path, root: Path, count: int, calm: str, rng: random.Random) -> int:
    if not count:
        return 0
    process = start(folder, *OVERRIDES)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"epoch {EPOCHS - 4}/"):
            process.kill()
            break
    process.stdout.close()
    process.wait()
    declare_dead(folder)
    good = 0
    for index in range(count):
        copy = root / "copy"
        # A store names its own place, so the copy takes that place for the time being.
        shutil.copytree(folder, copy)
        damage(folder, index / count + rng.uniform(0, 1 / count), truncate=index % 2 == 0)
        done = start(folder, "--resume", "latest")
        out = done.communicate()[0]
        refused = done.returncode == 2 and out.startswith("deeplab: ") and out.count("\n") == 1
        resumed = done.returncode == 0 and "is damaged; an older checkpoint is used" in out
        fine = refused or (resumed and end_of(folder) == calm)
        good += fine
        print(f"damage {index + 1}: {'refused' if refused else 'resumed' if fine else 'WRONG'}", file=sys.stderr)
        shutil.rmtree(folder)
        copy.rename(folder)
    return good


if __name__ == "__main__":
    main()
