"""The errors a person can cause, each one line that says what, where, what is allowed and the nearest name."""

import re
from collections.abc import Iterable

LEAST_PART = 3  # letters of a part that says what is meant
_NO_LETTERS = re.compile(r"[\W_]")


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


def one_line(error: BaseException) -> str:
    """What an error says, on one line without a full stop; its kind where it says nothing.

    Examples:
        >>> one_line(OSError("no\\nroom.")), one_line(MemoryError())
        ('no room', 'MemoryError')
    """
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def nearest(name: str, choices: Iterable[str]) -> str:
    """Return `Did you mean 'x'? ` for the closest of the choices, or nothing when none is close.

    Close is what a slip of the fingers makes, one edit in three letters and capitals aside, or what has the name as a
    part of it or is a part of it, as `dropout` and `cnn_dropout`: no suggestion is better than a far one.
    """
    folded = name.casefold()
    most = max(1, len(name) // 3)
    known = [(choice, choice.casefold()) for choice in choices]
    # A key or a metric may be meant by its last part: `accuracy` for `val/accuracy`.
    forms = [(choice, form) for choice, other in known for form in {other, _last_part(other)}]
    counted = [(edits(folded, form, most), choice, form) for choice, form in forms]
    # Of equals one of the same letters, which the fingers exchange more often than they hit another; then the shortest.
    near = [
        (2 * count + (sorted(folded) != sorted(form)), len(choice), choice)
        for count, choice, form in counted
        if count <= most and count < len(form)
    ]
    near = near or [
        (abs(len(other) - len(folded)), len(choice), choice) for choice, other in known if _is_part(folded, other)
    ]
    return f"Did you mean '{min(near, key=lambda found: found[:2])[2]}'? " if near else ""


def edits(one: str, other: str, most: int) -> int:
    """Letters put in, left out, replaced, or exchanged with their neighbour between two texts (Damerau, 1964).

    Args:
        one: a text.
        other: another.
        most: beyond which the number does not matter; most + 1 is returned then.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    line = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        before, last, line = line, before, [row]
        for column, theirs in enumerate(other, 1):
            cost = min(before[column] + 1, line[-1] + 1, before[column - 1] + (letter != theirs))
            if row > 1 and column > 1 and letter == other[column - 2] and one[row - 2] == theirs:
                cost = min(cost, last[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
    return min(line[-1], most + 1)


def _last_part(name: str) -> str:
    return name.replace("/", ".").rpartition(".")[2]


def _is_part(one: str, other: str) -> bool:
    """Whether the shorter text is some whole words of the longer one, or its beginning."""
    short, long = sorted((one, other), key=len)
    if len(short) < LEAST_PART:
        return False
    return long.startswith(short) or f"_{short}_" in f"_{_NO_LETTERS.sub('_', long)}_"


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


class Paused(Pruned):
    """The same, but a search may yet go on with it: its checkpoint is kept."""


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
