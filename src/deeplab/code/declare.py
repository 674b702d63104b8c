"""What a file of code declares, and what it must be like."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

Kind = Literal["layer", "loss", "metric", "dataset", "schedule"]
Declaration = TypeVar("Declaration", bound=Callable[..., Any])
Layer = TypeVar("Layer", bound=type[Any])
# Words of an entry of `model.layers` that never reach the layer itself.
_WORDS_OF_LAYERS = ("dropout", "frozen", "l1", "l2", "part", "type")


class DeclarationError(ValueError):
    """A declaration that cannot be; where it stands, its traceback tells."""


class ReturnedError(ValueError):
    """A function of a file returned what it must not."""

    def __init__(self, function: Callable[..., Any], message: str) -> None:
        super().__init__(message)
        self.line = function.__code__.co_firstlineno


@dataclass(frozen=True)
class Declared:
    """A layer, loss, metric, data set or schedule."""

    kind: Kind
    name: str  # as configurations have it, and as the file has it
    value: Any  # the class or function
    settings: dict[str, str] = field(default_factory=dict)  # what its decorator was given


_COLLECTED: ContextVar[dict[tuple[Kind, str], Declared] | None] = ContextVar("collected", default=None)


@contextmanager
def collecting() -> Iterator[dict[tuple[Kind, str], Declared]]:
    """Collect what is declared for as long as the context lasts, by kind and name."""
    found: dict[tuple[Kind, str], Declared] = {}
    token = _COLLECTED.set(found)
    try:
        yield found
    finally:
        _COLLECTED.reset(token)


def layer(declared: Layer) -> Layer:
    """Declare a class of Keras layers, for `type` in `model.layers`; it must define `compute_output_shape`."""
    keras = sys.modules.get("keras")
    name = _name("layer", declared)
    if keras is None or not inspect.isclass(declared) or not issubclass(declared, keras.layers.Layer):
        raise DeclarationError(f"@layer stands before a class of Keras layers, and {name} is none")
    if hasattr(keras.layers, name):
        raise DeclarationError(f"keras.layers has a {name} already: choose another name")
    if getattr(declared, "compute_output_shape", None) is keras.layers.Layer.compute_output_shape:
        raise DeclarationError(f"layer {name} must define compute_output_shape(self, input_shape)")
    reserved = sorted({*_WORDS_OF_LAYERS} & {*inspect.signature(declared).parameters})
    if reserved:
        raise DeclarationError(f"layer {name}: '{reserved[0]}' has a meaning for every layer; rename the argument")
    return _declare("layer", declared)


def loss(declared: Declaration) -> Declaration:
    """Declare a loss, for `training.loss`: of targets and outputs, tensors [n, ...], a value of each row, [n]."""
    _check_function("loss", declared, "y_true", "y_pred")
    return _declare("loss", declared)


def metric(*, direction: str, label: str = "") -> Callable[[Declaration], Declaration]:
    """Declare a metric, for `training.metrics`: of targets and outputs of all rows, arrays [n, ...], a number.

    Args:
        direction: `max` where a higher value is better, `min` where a lower one is.
        label: in words, for tables and figures; "" is the function's name.
    """
    if direction not in ("max", "min"):
        raise DeclarationError(f"direction of a metric must be 'max' or 'min', got {direction!r}")
    if not isinstance(label, str) or len(label) > 60:
        raise DeclarationError("label of a metric must be a text of at most 60 characters")

    def declare(declared: Declaration) -> Declaration:
        _check_function("metric", declared, "y_true", "y_pred")
        return _declare("metric", declared, direction=direction, label=label or declared.__name__.replace("_", " "))

    return declare


def dataset(declared: Declaration | None = None, *, task: str = "classification") -> Any:
    """Declare a data set, for `dataset`: a function that returns x_train, y_train, x_test, y_test, arrays [n, ...].

    Its arguments are what `dataset.options` gives. `seed` is 0 where that does not say otherwise; the seed of the run
    changes no data.

    Args:
        declared: what `@dataset` without brackets stands before.
        task: `classification` or `regression`, what labels are for.
    """
    if task not in ("classification", "regression"):
        raise DeclarationError(f"task of a data set must be 'classification' or 'regression', got {task!r}")

    def declare(declared: Declaration) -> Declaration:
        _check_function("dataset", declared)
        return _declare("dataset", declared, task=task)

    return declare if declared is None else declare(declared)


def number_of(function: Callable[..., Any]) -> Callable[[Any, Any], float]:
    """Return a metric that refuses to be anything but a number."""

    def score(y_true: Any, y_pred: Any) -> float:
        value = function(y_true, y_pred)
        try:
            return float(value)
        except (TypeError, ValueError) as error:
            words = f"metric {function.__name__} must return a number, got {value!r:.60}"
            raise ReturnedError(function, words) from error

    return score


def default_options(function: Callable[..., Any]) -> dict[str, Any]:
    """The arguments of a data set that have a value if nobody gives one; `seed` among them where it takes one."""
    parameters = inspect.signature(function).parameters
    given = {key: each.default for key, each in parameters.items() if each.default is not each.empty}
    return ({"seed": 0} if "seed" in parameters else {}) | given


def schedule(declared: Declaration) -> Declaration:
    """Declare a schedule, for `schedule`: of the epoch, from 0, and the optimizer's learning rate that of the epoch."""
    _check_function("schedule", declared, "epoch", "learning_rate")
    return _declare("schedule", declared)


def _name(kind: Kind, declared: Any) -> str:
    name = getattr(declared, "__name__", type(declared).__name__)
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", name):
        raise DeclarationError(f"@{kind} names by letters, digits and _, a letter first, and this is {name}")
    return name


def _check_function(kind: Kind, declared: Any, *arguments: str) -> None:
    name = _name(kind, declared)
    if not inspect.isfunction(declared):
        raise DeclarationError(f"@{kind} stands before a function, and {name} is none")
    if inspect.iscoroutinefunction(declared) or inspect.isgeneratorfunction(declared):
        raise DeclarationError(f"@{kind} stands before a function that returns its value, and {name} does not")
    signature = inspect.signature(declared)
    if not arguments:
        if any(each.kind is not each.POSITIONAL_OR_KEYWORD for each in signature.parameters.values()):
            raise DeclarationError(f"{kind} {name} must name its arguments, without * and /")
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise DeclarationError(f"{kind} {name} must take ({', '.join(arguments)})") from error


def _declare(kind: Kind, declared: Declaration, **settings: str) -> Declaration:
    found = _COLLECTED.get()
    name = declared.__name__
    if found is not None:
        if (kind, name) in found:
            raise DeclarationError(f"two of the kind @{kind} are called {name}")
        found[kind, name] = Declared(kind, name, declared, settings)
    return declared
