"""From composed plain values to the frozen configuration, with one line for whatever is wrong."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeVar, get_args, get_type_hints

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from deeplab.code.declare import Kind
from deeplab.code.file import declared, hint
from deeplab.config.identity import CODE
from deeplab.config.schema import DATASET_KINDS, ExperimentConfig, SweepConfig
from deeplab.config.schema.schedule import OWN
from deeplab.config.yaml_file import Place, dotted
from deeplab.errors import UserError, nearest, unknown_name

Config = TypeVar("Config")


class SchemaError(UserError):
    """A value that is not what the schema asks for.

    Attributes:
        place: of the value, as in `("model", "layers", 0)`.
        wants_text: whether text is asked for and something else was given.
    """

    def __init__(self, message: str, place: Place, wants_text: bool) -> None:
        super().__init__(message)
        self.place = place
        self.wants_text = wants_text


_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {kind: TypeAdapter(kind) for kind in (ExperimentConfig, SweepConfig)}
# What a file of --code may add to.
_OF_CODE = r"training\.(loss|monitor|metrics)|sweep\.metric"
_MODEL_KEYS = ("name", "task", "layers", "blocks")
_WORDS = {
    "Input should be": "must be",
    "String should": "must",
    "should have": "must have",
    "a valid ": "a ",
    "a integer": "an integer",
    "an array": "a list",
    "a array": "a list",
    "an object": "a mapping",
    "a object": "a mapping",
}


def validate(kind: type[Config], values: Mapping[str, Any]) -> Config:
    """Check composed values and freeze them.

    Args:
        kind: what they become: `ExperimentConfig` or `SweepConfig`.
        values: the composed configuration as plain dicts and lists, interpolations resolved.

    Raises:
        SchemaError: the first thing that is wrong, on one line.
    """
    values = {key: value for key, value in values.items() if key != CODE}
    _check_names(values)
    model = values.get("model")
    if isinstance(model, dict):
        settings = {key: value for key, value in model.items() if key not in _MODEL_KEYS}
        known = {key: model[key] for key in _MODEL_KEYS if key in model}
        values = {**values, "model": {**known, "settings": settings}}
    try:
        # By way of JSON, where a list may become a tuple and a mapping a class although types are strict.
        built: Config = _ADAPTERS[kind].validate_json(json.dumps(values))
        return built
    except ValidationError as error:
        raise _fault(error.errors(include_url=False), values, kind) from error


def _check_names(values: Mapping[str, Any], prefix: str = "") -> None:
    """Every key becomes the name of a param, and MLflow takes these letters only."""
    for key, value in values.items():
        name = f"{prefix}{key}"
        if not re.fullmatch(r"[\w\-. /]{1,240}", name):
            raise UserError(f"The key '{name[:80]}' must be of letters, digits, _ - . / and blanks, 240 at most.")
        if isinstance(value, Mapping):
            _check_names(value, f"{name}.")


def _fault(errors: list[ErrorDetails], values: Mapping[str, Any], root: type[Any]) -> SchemaError:
    # Of a union each branch fails by itself; the one that got furthest is the one that was meant.
    outer = _place(errors[0]["loc"], values)
    inside = [error for error in errors if outer and _place(error["loc"], values)[: len(outer)] == outer]
    first = max(inside or errors[:1], key=lambda error: len(_place(error["loc"], values)))
    place = _place(first["loc"], values, keep_last=first["type"] == "missing")
    if first["type"].startswith("union_tag"):
        place = (*place, "kind")
    # A value of several allowed types fails once for each of them: the line names them all.
    alike = [error for error in errors if _place(error["loc"], values) == place]
    wants_text = any(error["type"] == "string_type" for error in alike)
    # The settings of a network stand beside its layers; here they were put together.
    written = tuple(part for index, part in enumerate(place) if place[0] != "model" or (index, part) != (1, "settings"))
    return SchemaError(_line(first, alike, dotted(written) or "configuration", values, root), written, wants_text)


def _line(first: ErrorDetails, alike: list[ErrorDetails], path: str, values: Mapping[str, Any], root: type[Any]) -> str:
    location, kind = first["loc"], first["type"]
    if location[:2] == ("dataset", "plugin"):
        return f"{unknown_name('kind', str(values['dataset'].get('kind')), DATASET_KINDS, 'dataset')} {hint('dataset')}"
    if kind == "unexpected_keyword_argument":
        known = _known_keys(location, values, root)
        return str(unknown_name("key", str(location[-1]), known, path.rpartition(".")[0]))
    if kind in ("missing", "union_tag_not_found"):
        return f"{path} is missing."
    if kind == "union_tag_invalid":
        tags = str(first["ctx"]["expected_tags"]).replace("'", "").split(", ")
        tags = [tag for tag in tags if tag != OWN]
        unknown = str(unknown_name("kind", str(first["ctx"]["tag"]), tags, path.removesuffix(".kind")))
        return f"{unknown} {hint('schedule')}" if path.startswith("schedule") else unknown
    allowed = " or ".join(dict.fromkeys(_message(error) for error in alike)).replace(" or must be", " or")
    expected = str(first["ctx"]["expected"]).replace("'", "").replace(" or ", ", ") if "literal" in kind else ""
    may_be_own = re.match(_OF_CODE, path) if "literal" in kind and isinstance(first["input"], str) else None
    of_code: Kind = "loss" if path == "training.loss" else "metric"
    own = [*declared(of_code)] if may_be_own else []
    if path == "sweep.metric":  # whose names say on which rows
        own = [f"{data}/{name}" for name in own for data in ("val", "test")]
    more = nearest(str(first["input"]), [*expected.split(", "), *own]) if expected else ""
    if may_be_own:
        more += hint(of_code)
    if "a list" in allowed and isinstance(first["input"], str):
        more = f"A list has brackets: [{first['input'][:40]}]"
    if kind == "value_error" and isinstance(first["input"], Mapping):
        return f"{path}: {allowed}."  # which of its keys are meant, the message says
    return f"{path}: {allowed}, got {_shown(first['input'])}. {more}".rstrip()


def _message(error: ErrorDetails) -> str:
    if error["type"] == "too_short":
        return "must not be empty"
    if error["type"] == "value_error":
        return str(error["ctx"]["error"])
    text = error["msg"]
    for pydantic_words, our_words in _WORDS.items():
        text = text.replace(pydantic_words, our_words)
    return text


def _shown(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _place(location: tuple[int | str, ...], values: Mapping[str, Any], keep_last: bool = False) -> Place:
    """The place as a user writes it, without the branches of unions that pydantic names in between.

    A name that the values do not have is such a branch, unless it is the last and known to be missing.
    """
    place: Place = ()
    here: Any = values
    for index, part in enumerate(location):
        if isinstance(part, int) or _has(here, part) or (keep_last and index == len(location) - 1):
            place = (*place, part)
            here = here[part] if _has(here, part) else None
    return place


def _has(here: Any, part: int | str) -> bool:
    if isinstance(part, int):
        return isinstance(here, (list, tuple)) and part < len(here)
    return isinstance(here, Mapping) and part in here


def _known_keys(location: tuple[int | str, ...], values: Mapping[str, Any], root: type[Any]) -> list[str]:
    """The keys that are allowed beside an unknown one."""
    if len(location) == 1:
        return [field.name for field in fields(root)]
    group = str(location[0])
    hint = get_type_hints(root)[group]
    kind = values[group].get("kind")
    for branch in get_args(hint) or (hint,):
        allowed_kinds = get_args(get_type_hints(branch).get("kind", None))
        if not allowed_kinds or kind in allowed_kinds:
            inside = get_args(get_type_hints(branch).get(str(location[1])))  # of a class in a list: training.stages
            return [field.name for field in fields(next(filter(is_dataclass, inside), branch))]
    return []
