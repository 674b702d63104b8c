"""What the functions of this package take besides overrides, and how their errors reach a notebook."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, ParamSpec, TypedDict, TypeVar

from deeplab.errors import Interrupted, RunError, UserError, unknown_name
from deeplab.visible import visible

P = ParamSpec("P")
Result = TypeVar("Result")


class StoreKeywords(TypedDict, total=False):
    """Which store."""

    store: str | os.PathLike[str] | None  # MLflow's tracking URI, or the path of a SQLite file; as on the command line
    experiment: str | None  # in it
    config_dir: str | os.PathLike[str] | None  # a conf/ folder of one's own, looked into first
    code: str | os.PathLike[str] | None  # a file of code of one's own: consent to run it, here and by what is returned


class RunsKeywords(StoreKeywords, total=False):
    """Which runs of a store, and in what order."""

    kind: str | None  # only train, trial, sweep, noise, ...
    failed: bool  # only those that failed
    trials: bool  # the trials of sweeps, too
    sort: str | None  # a field or column, otherwise the newest first
    reverse: bool
    limit: int | None


class TrainingKeywords(StoreKeywords, total=False):
    """What is trained, beside overrides."""

    data: Any  # arrays; see `deeplab.api.arrays`
    epochs: int | None
    seed: int | None
    name: str | None
    quiet: bool  # show nothing while it is trained


class TrainKeywords(TrainingKeywords, total=False):
    """Of `train`."""

    resume: str | None  # a run to go on with, as `load` takes it


class SweepKeywords(TrainingKeywords, total=False):
    """Of `sweep`."""

    replicates: int | None  # trainings of each point, with different seeds
    search: str | None  # tpe or random, instead of every point
    trials: int | None  # how many in all
    hours: float | None  # after which none begins
    confirm: int | None  # fresh seeds that the best point and the runner-up are then trained again with
    fresh: bool  # begin anew, whatever the same call did before
    yes: bool  # train even more than 10,000 trials


class DecideKeywords(TrainingKeywords, total=False):
    """Of `decide`."""

    margin: float | None  # the largest difference that does not matter, in the unit of the metric
    hours: float | None  # after which no training is begun
    max_replicates: int | None  # seeds of a point, at most
    against: str | None  # the point that all others are held against, instead of the best
    fresh: bool  # begin anew, whatever the same call did before


class WhyKeywords(TrainingKeywords, total=False):
    """Of `why`."""

    replicates: int | None  # trainings of each combination, with different seeds
    orders: int | None  # that are drawn where there are more than four differences
    fresh: bool  # begin anew, whatever the same call did before
    yes: bool  # train even more than 10,000 trials


class VerifyKeywords(StoreKeywords, total=False):
    """Of `verify`."""

    spot: float | str | None  # the share of all epochs that is trained again: 0.05, "5%"
    seed: int | None  # that the stretches are drawn from
    data: str | os.PathLike[str] | None  # where the data are on this machine
    quiet: bool  # show nothing meanwhile


# Keywords that are short for an override.
KEYS = {
    "epochs": "training.epochs",
    "seed": "seed",
    "name": "name",
    "replicates": "replicates",
    "experiment": "tracking.experiment",
}
# Options of commands that functions take as keywords, and a value that stands behind one.
_OPTION = re.compile(
    r"--(margin|hours|max-replicates|against|trials|search|confirm|orders|fresh|yes|kind|sort|spot|seed|data|config-dir)"
    r"\b(?: (\d+(?:\.\d+)?|tpe\b|random\b))?"
)
# What a keyword must be like whose value goes to no override, which would be checked there.
_LIKE: dict[Any, tuple[str, str]] = {
    int | None: ("__index__", "a whole number, as in 5"),
    float | None: ("__float__", "a number, as in 0.5"),
    str | None: ("casefold", "text"),
}
_PLAIN = re.compile(r"[A-Za-z0-9_./:@+-]+")


def overrides_of(overrides: tuple[str, ...], keywords: Mapping[str, Any]) -> list[str]:
    """All overrides: those that were written, then those that keywords are short for.

    Raises:
        UserError: one is no text, or a key is given in both ways.
    """
    for text in overrides:
        if not isinstance(text, str):
            raise UserError(f"An override is text, as in 'training.epochs=3', and not {text!r:.60}.")
    given = {KEYS[name]: value for name, value in keywords.items() if name in KEYS and value is not None}
    if keywords.get("store") is not None:
        given["tracking.uri"] = store_uri(keywords["store"])
    for text in overrides:
        key = text.partition("=")[0].strip()
        if key in given:
            raise UserError(f"'{text}' and the keyword for {key} say the same thing: give one of them.")
    return [*overrides, *(override(key, value) for key, value in given.items())]


def store_uri(store: str | os.PathLike[str]) -> str:
    """The tracking URI of a store that may be given as the path of its SQLite file."""
    text = os.fspath(store)
    return text if "://" in text else f"sqlite:///{Path(text).expanduser()}"


def override(key: str, value: object) -> str:
    """An override that gives a key this value, quoted where it has to be.

    Examples:
        >>> override("training.epochs", 3), override("name", "a, b")
        ('training.epochs=3', "name='a, b'")
    """
    text = str(value)
    if _PLAIN.fullmatch(text):
        return f"{key}={text}"
    # Hydra's grammar: a backslash stands for itself, but where a quote comes after it.
    escaped = re.sub(r"(\\*)('|$)", lambda found: found[1] * 2 + found[2].replace("'", "\\'"), text)
    return f"{key}='{escaped}'"


def folder_of(keywords: Mapping[str, Any]) -> Path | None:
    """The folder of configurations that is given, if any."""
    folder = keywords.get("config_dir")
    return None if folder is None else Path(folder)


def code_of(keywords: Mapping[str, Any]) -> str | None:
    """The path of the file of code that is given, if any.

    Raises:
        UserError: it is no path.
    """
    code = keywords.get("code")
    if code is not None and not isinstance(code, str | os.PathLike):
        raise UserError(f"code: give the path of a file, as in code='mine.py', and not {code!r:.60}.")
    return None if code is None else os.fspath(code)


def consenting(code: str | None) -> AbstractContextManager[None]:
    """For as long as the context lasts, a file of code is in force, if there is one."""
    if code is None:
        return nullcontext()
    from deeplab.workflows.own_code import own_code  # here, because it imports NumPy

    return own_code(code)


def in_python(text: str) -> str:
    """Words of a command, as a notebook says the same.

    Examples:
        >>> in_python("Give --margin, as in --margin 0.002, or --max-replicates 20. To begin anew: --fresh.")
        'Give margin, as in margin=0.002, or max_replicates=20. To begin anew: fresh=True.'
        >>> in_python("--code FILE gives consent; --code mine.py is another file")
        "code='FILE' gives consent; code=mine.py is another file"
    """
    return _OPTION.sub(_keyword, text.replace("--code FILE", "code='FILE'").replace("--code ", "code="))


def _keyword(option: re.Match[str]) -> str:
    name, value = option[1].replace("-", "_"), option[2]
    if name in ("fresh", "yes"):
        return f"{name}=True"
    return name if value is None else f"{name}={value}" if value[0].isdigit() else f"{name}='{value}'"


def told(function: Callable[P, Result]) -> Callable[P, Result]:
    """Let errors of a person and a Ctrl-C reach a notebook without the frames they went through, in its own words."""

    @wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> Result:
        try:
            return function(*args, **keywords)
        except (UserError, RunError) as error:
            if os.environ.get("DEEPLAB_DEBUG") == "1":
                raise
            error.args = (visible(in_python(str(error))),)
            raise error.with_traceback(None) from None
        except Interrupted as error:
            raise KeyboardInterrupt(str(error)) from None

    return call


def taking(known: Any) -> Callable[[Callable[P, Result]], Callable[P, Result]]:
    """Give a function the keywords of a TypedDict: shown in its signature, and unknown ones refused by the nearest."""

    def decorate(function: Callable[P, Result]) -> Callable[P, Result]:
        plain = [each for each in signature(function).parameters.values() if each.kind is not Parameter.VAR_KEYWORD]
        names = {**{each.name: each.annotation for each in plain}, **known.__annotations__}

        @wraps(function)
        def call(*args: P.args, **keywords: P.kwargs) -> Result:
            for name, value in keywords.items():
                if name not in names:
                    raise _unknown(function.__name__, name, [each for each in names if each != "overrides"])
                like, words = _LIKE.get(names[name], ("__class__", ""))
                if name not in KEYS and value is not None and not hasattr(value, like):
                    raise UserError(f"{name}: must be {words}, got {value!r:.60}.")
            return function(*args, **keywords)

        more = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=known.__annotations__[name])
            for name in known.__annotations__
        ]
        call.__signature__ = signature(function).replace(parameters=[*plain, *more])  # type: ignore[attr-defined]
        return told(call)

    return decorate


def _unknown(function: str, name: str, names: list[str]) -> UserError:
    error = unknown_name("keyword", name, names, f"deeplab.{function}")
    return UserError(f"{error} Everything else is an override, as in 'model=cnn'.")
