"""How the local launcher divides a machine among its workers: cores and cards."""

from pathlib import Path

from deeplab.config.schema import LauncherConfig, LocalLauncherConfig
from deeplab.errors import UserError
from deeplab.machine import cores, visible_cards

MOST_WORKERS = 8
# Values of `training.device` with which a trial takes the card that its worker has.
ANY_CARD = ("auto", "gpu")


def cards_of(launcher: LocalLauncherConfig, device: str) -> tuple[str, ...]:
    """The cards that workers get, by the names that CUDA has for them; none where there are none.

    Raises:
        UserError: others are asked for than there are, or trials do not use them.
    """
    asked, there = launcher.gpus, visible_cards() if device in ANY_CARD else ()
    if asked == "all":
        return there
    numbers = tuple(range(asked)) if isinstance(asked, int) else asked
    written = f"launcher.gpus={asked if isinstance(asked, int) else list(numbers)}"
    if device not in ANY_CARD:
        raise UserError(f"{written} divides cards among trials of training.device=gpu, which is {device} here.")
    if max(numbers) >= len(there):
        found = f"nvidia-smi lists {len(there)} that this process may use" if there else "there are none here"
        raise UserError(f"{written}: there are not so many cards, {found}. See: deeplab doctor")
    return tuple(there[number] for number in numbers)


def workers_of(launcher: LocalLauncherConfig, device: str, trials: int) -> int:
    """Worker processes of the local launcher: what is set, for each card where there are any; otherwise one a core."""
    cards = cards_of(launcher, device)
    if launcher.workers is not None:
        return launcher.workers * max(1, len(cards))
    if cards:
        return max(1, min(len(cards), trials))
    gpu = device.startswith("gpu") or (device == "auto" and Path("/dev/nvidia0").exists())
    return 1 if gpu else max(1, min(cores(), MOST_WORKERS, trials))


def threads_of(launcher: LauncherConfig, device: str, trials: int) -> int:
    """Threads of a trial, where its configuration leaves them open: the cores divided among the workers."""
    if isinstance(launcher, LocalLauncherConfig):
        return max(1, cores() // workers_of(launcher, device, trials))
    return launcher.cpus_per_trial
