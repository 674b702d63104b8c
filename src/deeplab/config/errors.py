"""The errors a person can cause, each one line that says what, where, what is allowed and the nearest name."""

import difflib
from collections.abc import Iterable


class UserError(Exception):
    """Bad input, found before anything was trained. The command ends with exit status 2."""

    def __init__(self, message: str) -> None:
        """Keep the message on one line, whatever was given and is quoted in it."""
        super().__init__(" ".join(message.split()))


class UserErrors(UserError):
    """Several things that are wrong, each on a line of its own."""

    def __init__(self, messages: Iterable[str]) -> None:
        """Keep each message on one line."""
        self.messages = tuple(" ".join(message.split()) for message in messages)
        super().__init__("; ".join(self.messages))


class RunError(Exception):
    """A run that had begun could not be finished. It is marked FAILED; the command ends with exit status 1."""


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return `Did you mean 'x'? ` for the closest of the choices, or nothing when none is close."""
    matches = difflib.get_close_matches(name, list(choices), n=1, cutoff=0.5)
    return f"Did you mean '{matches[0]}'? " if matches else ""


def unknown_name(what: str, name: str, choices: Iterable[str], where: str = "") -> UserError:
    """An error for a name that is not one of the choices.

    Args:
        what: what the name stands for, as in `layer` or `option of model`.
        name: the name that was given.
        choices: the names that are allowed.
        where: the place in the configuration, as in `model.layers[0]`.
    """
    known = sorted(choices)
    place = f" in {where}" if where else ""
    return UserError(f"Unknown {what} '{name}'{place}. {nearest(name, known)}Known: {', '.join(known)}.")


class Pruned(Exception):
    """A search has seen enough of a run: it is marked KILLED, and no failure."""


class Terminated(KeyboardInterrupt):
    """The system asked the process to end (SIGTERM), as a person does with Ctrl-C (SIGINT)."""


class Interrupted(Exception):
    """A run was ended by a person or the system. It is marked KILLED; exit status 128 + signal, as shells do."""

    def __init__(self, message: str, exit_status: int) -> None:
        super().__init__(message)
        self.exit_status = exit_status


def exit_status(interrupt: KeyboardInterrupt) -> int:
    """What a shell expects of a process that a signal ended."""
    return 143 if isinstance(interrupt, Terminated) else 130
