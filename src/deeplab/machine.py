"""How many processor cores and graphics cards there are."""

import os
import re
import shutil
from dataclasses import dataclass
from functools import lru_cache

CARDS = "CUDA_VISIBLE_DEVICES"  # in the environment, which of them TensorFlow sees; it reads it once
_SECONDS = 20  # that nvidia-smi may take; the driver is woken up for it
_ASKED = ("name", "memory.total", "memory.free", "driver_version")


@dataclass(frozen=True)
class Card:
    """A graphics card as `nvidia-smi` lists it, in words."""

    name: str
    memory_mb: str
    free_mb: str
    driver: str


class CardsError(Exception):
    """Why `nvidia-smi` lists no cards."""


def cores() -> int:
    """Cores this process may use: containers, `taskset` and Slurm give a process fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def cards() -> tuple[Card, ...]:
    """All cards of this machine, in the order of their numbers.

    Raises:
        CardsError: there is no driver, or none that answers.
    """
    program = shutil.which("nvidia-smi")
    if program is None:
        raise CardsError("no NVIDIA driver is installed (there is no nvidia-smi)")
    return _listed(program)


def visible_cards() -> tuple[str, ...]:
    """The cards that this process may use, by the names that CARDS has for them, in the order TensorFlow counts in."""
    try:
        count = len(cards())
    except CardsError:
        return ()
    given = os.environ.get(CARDS)
    if given is None or not count:
        return tuple(map(str, range(count)))
    seen: list[str] = []
    for name in map(str.strip, given.split(",")):
        is_number = re.fullmatch(r"-?[0-9]+", name)
        if not name or name in seen or (is_number and not 0 <= int(name) < count):
            break  # CUDA leaves out the first that it does not know, and all behind it
        seen.append(name)
    return tuple(seen)


@lru_cache(maxsize=8)  # a sweep asks for each of its trials
def _listed(program: str) -> tuple[Card, ...]:
    import subprocess

    command = [program, f"--query-gpu={','.join(_ASKED)}", "--format=csv,noheader,nounits"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CardsError(f"nvidia-smi does not answer ({error})") from error
    lines = [[part.strip() for part in line.split(",")] for line in told.stdout.splitlines() if line.strip()]
    if told.returncode or not lines or any(len(line) != len(_ASKED) for line in lines):
        raise CardsError(f"the NVIDIA driver sees no card ({' '.join((told.stderr or told.stdout).split())[:200]})")
    return tuple(Card(*line) for line in lines)
