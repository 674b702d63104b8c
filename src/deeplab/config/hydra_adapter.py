"""All that deeplab has of Hydra and OmegaConf: their grammars of overrides and of `${key}`, and their defaults lists.

No other module imports them, which a contract in pyproject.toml holds; what leaves this one are plain values and types
of our own.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar

from antlr4 import ParserRuleContext, TerminalNode
from hydra import version
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.defaults_list import create_defaults_list
from hydra.core.object_type import ObjectType
from hydra.core.override_parser import types as parsed
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.plugins.config_source import ConfigResult, ConfigSource
from omegaconf import DictConfig
from omegaconf import _utils as omegaconf_utils
from omegaconf.errors import GrammarParseError, InterpolationResolutionError, OmegaConfBaseException
from omegaconf.grammar.gen.OmegaConfGrammarParser import OmegaConfGrammarParser
from omegaconf.grammar_parser import parse
from omegaconf.grammar_visitor import GrammarVisitor

from deeplab.errors import UserError

_MOST_LOADS = 500  # of files by one configuration, each of a dozen looked for three times
_HEADER_CHARACTERS = 512  # in which Hydra looks for a file's package
# What they raise on overrides and on defaults lists that are odd enough; each was met by fuzzing.
_OVERRIDE_ERRORS = (HydraException, OmegaConfBaseException, ValueError, RecursionError)
_DEFAULTS_ERRORS = (*_OVERRIDE_ERRORS, TypeError, AttributeError)
_Node = OmegaConfGrammarParser.InterpolationNodeContext
_Interpolation = OmegaConfGrammarParser.InterpolationContext
Answer = TypeVar("Answer")
Change = Literal["set", "add", "delete"]
Sweep = Literal["list", "range", "interval"]


class HydraError(Exception):
    """What Hydra or OmegaConf cannot read or follow, with the first line of what they, or what caused it, say."""

    def __init__(self, error: BaseException) -> None:
        while not str(error).strip() and error.__cause__ is not None:
            error = error.__cause__
        lines = str(error).strip().splitlines()
        super().__init__(lines[0].strip() if lines else type(error).__name__)


@dataclass(frozen=True)
class Override:
    """`key=value`, as Hydra reads it."""

    text: str
    key: str  # of the value, or the group that a file is chosen from
    package: str | None  # behind an `@` in the key, or None
    change: Change  # what is asked for: `key=` sets, `+key=` and `++key=` add, `~key` deletes
    value: Any  # plain; None where there are several
    sweep: Sweep | None  # in which way there are several values, or None where there is one
    bounds: tuple[float, ...]  # start, stop and step of a range, both ends of an interval
    _parsed: parsed.Override = field(repr=False, compare=False)

    @property
    def has_intervals(self) -> bool:
        """Whether an interval is its value or among them, so that they cannot be listed."""
        values = self._parsed.value()
        return any(isinstance(each, parsed.IntervalSweep) for each in (values, *getattr(values, "list", ())))

    def values(self, names: Sequence[str] = ()) -> Iterator[str]:
        """Each of several values, as in an override of its own; `names` are those that a glob chooses from."""
        values: Any = self._parsed.value()
        if isinstance(values, parsed.Glob):
            return iter(values.filter(list(names)))
        return map(str, self._parsed.sweep_iterator(transformer=_written))


@dataclass(frozen=True)
class ConfigFile:
    """What Hydra needs to know of a file."""

    defaults: Any  # its defaults list, as it stands there
    package: str | None  # that it says it belongs to, in a comment before its first line


Read = Callable[[str], ConfigFile | None]


def read_override(text: str) -> Override:
    """Read an override of one value or several; a HydraError where it cannot be read."""
    try:
        override = OverridesParser.create().parse_override(text)
    except _OVERRIDE_ERRORS as error:
        raise HydraError(error) from error
    value: Any = override.value()
    sweep: Sweep | None = None
    bounds: tuple[Any, ...] = ()
    if override.is_sweep_override():
        sweep = "list"
        if isinstance(value, parsed.RangeSweep):
            sweep, bounds = "range", (value.start, value.stop, value.step)
        elif isinstance(value, parsed.IntervalSweep):
            sweep, bounds = "interval", (value.start, value.end)
        value = None
    is_added = override.is_add() or override.is_force_add()
    change: Change = "delete" if override.is_delete() else "add" if is_added else "set"
    return Override(text, override.key_or_group, override.package, change, value, sweep, bounds, override)


def follow_defaults(
    chosen: Sequence[Override], read: Read, groups: Collection[str], names: Callable[[str], Collection[str]]
) -> list[tuple[str, str]]:
    """Follow the defaults lists from `config` on.

    Args:
        chosen: overrides that choose a file, as in `model=cnn`.
        read: finds a file by name, as in `model/cnn`; None where there is none. It is asked for the same one often.

    Returns:
        The files that are merged, in their order, each with its package, which is empty for the top.

    Raises:
        HydraError: they cannot be followed. What `read` and `names` raise comes out as it is.
        UserError: they load too many files.
    """
    version.setbase("1.3")
    repository = _Repository(read, groups, names)
    try:
        followed = create_defaults_list(
            repo=repository,
            config_name="config",
            overrides_list=[override._parsed for override in chosen],
            prepend_hydra=False,  # Hydra's own settings take no part
            skip_missing=False,
        )
    except _DEFAULTS_ERRORS as error:
        if error is repository.fault:
            raise
        raise HydraError(error) from error
    return [(str(default.config_path), default.package or "") for default in followed.defaults]


def package_of(text: str) -> str | None:
    """The package that a file names in its head: comments that begin with `@`, before any other line.

    Raises:
        HydraError: such a comment is not a key and a value.
    """
    try:
        return ConfigSource._get_header_dict(text[:_HEADER_CHARACTERS])["package"]
    except ValueError as error:
        raise HydraError(error) from error


def odd_interpolation(text: str) -> str | None:
    """The first `${...}` of a text that is more than a plain key, or None: `${oc.env:HOME}` of `${l2} ${oc.env:HOME}`.

    Raises:
        HydraError: the text cannot be read.
    """
    try:
        tree = _tree(text)
    except (GrammarParseError, RecursionError) as error:
        raise HydraError(error) from error
    return _odd(tree)


def split_key(key: str) -> list[str]:
    """The parts of a key: of `a.b[0].c` they are `a`, `b`, `0`, `c`."""
    return list(omegaconf_utils.split_key(key))


def interpolate(text: str, named: Callable[[str, Any], Any]) -> Any:
    """Fill in the keys that a text names.

    Args:
        text: with `${key}` in it.
        named: gives the value of a key, its first argument; what it raises comes out as it is. OmegaConf calls it
            without a frame of ours in between: where keys name keys, the stack is what there is least of.

    Returns:
        A text, or the value itself where the text is nothing but one key.

    Raises:
        HydraError: OmegaConf cannot fill it in.
        UserError: a resolver is named; none is ever asked.
    """
    visitor = GrammarVisitor(node_interpolation_callback=named, resolver_interpolation_callback=_no_resolver, memo=None)
    try:
        return visitor.visit(_tree(text))
    except InterpolationResolutionError as error:
        raise HydraError(error) from error


class _Repository(ConfigRepository):
    """Where Hydra looks for files: what it is given, and nowhere else.

    Attributes:
        fault: what the functions that it asks raised. Hydra's own errors are a user's fault; these may be one of ours.
    """

    def __init__(self, read: Read, groups: Collection[str], names: Callable[[str], Collection[str]]) -> None:
        self.sources = []
        self.fault: Exception | None = None
        self._read, self._groups, self._names = read, groups, names
        self._loaded: dict[str, ConfigResult | None] = {}
        self._loads = 0

    def load_config(self, config_path: str) -> ConfigResult | None:
        self._loads += 1
        if self._loads > _MOST_LOADS:
            raise UserError(f"The defaults lists load more than {_MOST_LOADS} files, {config_path} the last of them.")
        file = self._ask(self._read, config_path)
        if config_path not in self._loaded:
            self._loaded[config_path] = None if file is None else self._result(config_path, file)
        return self._loaded[config_path]

    def _result(self, name: str, file: ConfigFile) -> ConfigResult:
        config = DictConfig({"defaults": file.defaults})
        result = ConfigResult(provider="deeplab", path="", config=config, header={"package": file.package})
        result.defaults_list = self._create_defaults_list(name, self._extract_defaults_list(name, config))
        return result

    def group_exists(self, config_path: str) -> bool:
        return config_path in self._groups

    def config_exists(self, config_path: str) -> bool:
        return self._ask(self._read, config_path) is not None

    def get_group_options(self, group_name: str, results_filter: ObjectType | None = ObjectType.CONFIG) -> list[str]:
        return list(self._ask(self._names, group_name))

    def _ask(self, function: Callable[[str], Answer], name: str) -> Answer:
        try:
            return function(name)
        except RecursionError:  # it is Hydra that is so deep
            raise
        except Exception as fault:
            self.fault = fault
            raise


def _written(value: Any) -> str:
    return str(value.with_quotes() if isinstance(value, parsed.QuotedString) else parsed.Transformer.encode(value))


@lru_cache(maxsize=4096)
def _tree(text: str) -> Any:
    return parse(text)


def _odd(tree: ParserRuleContext) -> str | None:
    for child in tree.getChildren():
        if isinstance(child, _Interpolation):
            inside = child.getChild(0)
            plain = isinstance(inside, _Node) and all(
                isinstance(part, TerminalNode)
                or (part.getChildCount() == 1 and isinstance(part.getChild(0), TerminalNode))
                for part in inside.getChildren()
            )
            if not plain:
                return str(child.getText())
        elif isinstance(child, ParserRuleContext):
            odd = _odd(child)
            if odd is not None:
                return odd
    return None


def _no_resolver(name: str, **_: Any) -> Any:
    raise UserError(f"'{name}' is a resolver, which is refused.")
