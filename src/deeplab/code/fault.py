"""Where in a file of code an error came from."""

import re
import traceback
from collections.abc import Iterator

from deeplab.code.declare import DeclarationError, ReturnedError

MOST_SHOWN = 300
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def fault(error: BaseException, path: str, shown: str) -> str | None:
    """Word an error that came out of a file, as in `mine.py:12: ValueError: no`; None where it came from elsewhere.

    Args:
        error: as it was caught.
        path: of the file, as its code was compiled.
        shown: its path for a person.
    """
    for each in _chain(error):
        if isinstance(each, SyntaxError) and each.filename == path:
            return f"{shown}:{each.lineno or 1}: {type(each).__name__}: {each.msg}"
        if isinstance(each, ReturnedError):
            return f"{shown}:{each.line}: {each}"
        frames = traceback.walk_tb(each.__traceback__)
        lines = [line for frame, line in frames if frame.f_code.co_filename == path]
        # What TensorFlow compiles, it runs elsewhere, and says in words where it was written.
        lines = lines or [int(line) for line in re.findall(rf'File "{re.escape(path)}", line (\d+)', str(each))]
        if lines:
            kind = "" if isinstance(each, DeclarationError) else f"{type(each).__name__}: "
            return f"{shown}:{lines[-1]}: {kind}{_said(each)}".removesuffix(": ")
    # The cause of what TensorFlow says of its own operations is what they were made of.
    if type(error).__module__.startswith("tensorflow.python.framework.errors"):
        return f"{shown}: {type(error).__name__}: {_said(error)}"
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error, and what it was raised from."""
    seen: list[BaseException] = []
    following: BaseException | None = error
    while following is not None and following not in seen:
        seen.append(following)
        yield following
        following = following.__cause__ or following.__context__


def _said(error: BaseException) -> str:
    """What an error says, without what Keras and TensorFlow put around it."""
    # A KeyError shows its text in quotes.
    text = error.args[0] if len(error.args) == 1 and isinstance(error.args[0], str) else str(error)
    if "Graph execution error" in text:
        return text.partition("[[{{node")[0].strip().splitlines()[-1].strip()[:MOST_SHOWN]
    parts = [" ".join(part.split()) for part in _COLOURS.sub("", text).split("\n\n")]
    parts = [part for part in parts if part]
    if len(parts) > 1 and parts[0].startswith("Exception encountered when calling"):
        text = parts[1]
    elif len(parts) > 1 and parts[0].startswith("in user code:"):
        text = re.sub(r"^\w+(Error|Exception): ", "", parts[-1])
    else:
        text = " ".join(parts)
    return text[:MOST_SHOWN].rstrip(". ")
