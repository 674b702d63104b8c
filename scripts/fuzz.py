#!/usr/bin/env python3
"""Feed random configurations to deeplab and report whatever is neither a success nor an error of one line.

Three kinds of input are generated: overrides, YAML files in a --config-dir folder, and .npz archives. Each goes in
this process through all that `deeplab train --dry-run` does. A few of those that are accepted are trained for an
epoch into a store in a temporary folder, in which no run may stay RUNNING. A failure is another exception, a warning,
a line on stderr, or more than ten seconds; it is printed as commands that can be pasted into a shell.

scripts/fuzz.py [--examples 2000] [--seed 0]
"""

import argparse
import ast
import base64
import contextlib
import importlib
import io
import json
import os
import re
import resource
import shlex
import signal
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from deeplab.config.compose import Composed, compose
from deeplab.config.errors import RunError, UserError
from deeplab.config.folders import GROUPS, conf_folders, options
from deeplab.config.schema import RandomConfig, TailConfig
from deeplab.models.arguments import ARGUMENTS
from deeplab.models.layers import ACTIVATIONS, INITIALIZERS, LAYERS
from deeplab.runs.prepare import prepare
from deeplab.runs.train import train
from deeplab.tracking.run_log import flatten

SECONDS = 10  # that one input may take
LARGE = 2_000_000  # weights; a larger network is checked and not built
TINY = 100_000  # weights, and numbers that a layer gives for one row, of a network that may be trained
TRAINED_SHARE = 40  # one in so many of those that may be
USUAL_STACK = 1000  # Python's own limit; Hypothesis raises it
SMALL = ("dataset.image_size=8", "dataset.limit=50")
IGNORED = (  # as in pyproject.toml: of libraries about other libraries
    "Any type hint is inferred as AnyType",
    "The ``noload`` loader strategy is deprecated",
    "__array__ implementation doesn't accept a copy keyword",
)


@dataclass(frozen=True)
class Case:
    """One input: what is said on the command line, and the files in the folder where it is said."""

    overrides: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()

    @property
    def config_dir(self) -> Path | None:
        """The folder for --config-dir."""
        return Path("conf") if any(name.startswith("conf/") for name, _ in self.files) else None

    @property
    def size(self) -> int:
        """How much there is to read in it."""
        return sum(map(len, self.overrides)) + sum(len(content) for _, content in self.files)

    def write(self, folder: Path) -> None:
        """Write the files."""
        for name, content in self.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)

    def commands(self) -> str:
        """The same for a shell."""
        lines = ['cd "$(mktemp -d)"']
        for name, content in self.files:
            if "/" in name:
                lines.append(f"mkdir -p {shlex.quote(str(Path(name).parent))}")
            lines.append(f"echo {base64.b64encode(content).decode()} | base64 -d > {shlex.quote(name)}")
            if name.endswith(".yaml"):
                lines += [f"#   {line}" for line in content.decode(errors="backslashreplace").splitlines()]
        where = "--config-dir conf " if self.config_dir else ""
        return "\n".join([*lines, f"deeplab train --dry-run {where}-- {' '.join(map(_quoted, self.overrides))}"])


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable():
        return shlex.quote(text)
    coded = text.encode("utf-8", "surrogateescape")
    return "$'" + "".join(chr(b) if 32 <= b < 127 and b not in b"'\\" else f"\\x{b:02x}" for b in coded) + "'"


@dataclass(frozen=True)
class Outcome:
    """What came of an input.

    Attributes:
        status: valid, large (checked and not built), refused or failed.
        what: the error.
        signature: the same for two inputs that fail alike.
        composed: the configuration of a valid one that is small enough to be trained.
    """

    status: str
    what: str = ""
    signature: str = ""
    composed: Composed | None = None


class _TooSlow(BaseException):
    pass


class _Large(BaseException):
    pass


def feed(case: Case) -> Outcome:
    """Put an input through `deeplab train --dry-run`."""
    return _watched(case, lambda: _dry_run(case))


def feed_and_train(case: Case, composed: Composed, uri: str) -> Outcome:
    """Train what was accepted for one epoch on 30 rows."""
    validation = composed.config.validation
    config = replace(
        composed.config,
        # The last of 30 rows hold classes of their own.
        validation=RandomConfig("random", 0.2) if isinstance(validation, TailConfig) else validation,
        dataset=replace(composed.config.dataset, limit=30),
        training=replace(composed.config.training, epochs=1, batch_size=8, initial_weights=None),
        tracking=replace(composed.config.tracking, uri=uri, experiment="deeplab"),
    )

    def run() -> Outcome:
        train(replace(composed, config=config))
        return Outcome("trained")

    return _watched(case, run, seconds=6 * SECONDS)


def _dry_run(case: Case) -> Outcome:
    from deeplab.cli import dry_run
    from deeplab.models import build

    composed = compose(case.overrides, case.config_dir)
    found: list[Any] = []
    check = build.check_network

    def check_and_stop_at_large(*arguments: Any) -> int:
        weights = check(*arguments)
        if weights > LARGE:
            raise _Large
        return weights

    def prepare_and_remember(*arguments: Any) -> Any:
        found.append(prepare(*arguments))
        return found[-1]

    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with (
        mock.patch.object(build, "check_network", check_and_stop_at_large),
        mock.patch.object(dry_run, "prepare", prepare_and_remember),
        contextlib.redirect_stdout(screen),
    ):
        try:
            dry_run.show_dry_run(composed)
        except _Large:
            return Outcome("large")
    # What a training logs of the configuration.
    assert len(composed.hash) == 64
    assert all(isinstance(value, str) for value in flatten(composed.values).values())
    (prepared,) = found
    outputs = max(int(np.prod(row.output_shape)) for row in prepared.layers)
    return Outcome("valid", composed=composed if max(prepared.parameters, outputs) <= TINY else None)


def _watched(case: Case, run: Callable[[], Outcome], seconds: int = SECONDS) -> Outcome:
    """Do it in a folder of its own and judge how it ended."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        folder = Path(name)
        case.write(folder)
        os.chdir(folder)
        try:
            with _captured(folder / "stderr") as printed, _usual_stack(), _limited(seconds):
                outcome = run()
        except (UserError, RunError) as error:
            count = len(str(error).splitlines())
            outcome = Outcome("refused", str(error))
            if count != 1:
                outcome = Outcome("failed", f"an error of {count} lines: {error}", f"lines {_places(error)}")
        except (Exception, _TooSlow) as error:
            outcome = _failed(error)
        finally:
            os.chdir(before)
        lines = printed.read_text(errors="replace").splitlines() if printed.exists() else []
        # TensorFlow wonders at the many networks of one process.
        text = "\n".join(line for line in lines if "triggered tf.function retracing" not in line)
    told = [f"{w.category.__name__}: {w.message}" for w in warned if not re.match("|".join(IGNORED), str(w.message))]
    if outcome.status != "failed" and (told or text.strip()):
        what = "; ".join([*told, text.strip()])
        return Outcome("failed", f"printed: {what}", re.sub(r"\d+|'[^']*'", "", what[:60]))
    return outcome


def _failed(error: BaseException) -> Outcome:
    # OmegaConf's errors grow by four lines with each level of the configuration.
    said = "\n".join(str(error).splitlines()[:3])
    trace = "".join(traceback.format_tb(error.__traceback__)[-4:])
    name = type(error).__name__
    return Outcome("failed", f"{trace}{name}: {said}", f"{name} {_places(error)}: {' '.join(said.split()[:3])}")


def _places(error: BaseException) -> str:
    """The last line of deeplab that an error went through, and what deeplab called there."""
    frames = traceback.extract_tb(error.__traceback__)
    if isinstance(error, RecursionError):
        frames = [frame for frame in frames if "deeplab/" in frame.filename][:8] or frames[:8]
    ours = [index for index, frame in enumerate(frames) if "/deeplab/" in frame.filename]
    shown = frames[ours[-1] : ours[-1] + 2] if ours else frames[-1:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.name}" for frame in shown)


@contextlib.contextmanager
def _captured(path: Path) -> Iterator[Path]:
    """What the libraries write to stderr, by way of Python or past it, goes into a file."""
    kept = os.dup(2)
    with path.open("w") as file, contextlib.redirect_stderr(file):
        os.dup2(file.fileno(), 2)
        try:
            yield path
        finally:
            os.dup2(kept, 2)
            os.close(kept)


@contextlib.contextmanager
def _usual_stack() -> Iterator[None]:
    limit, frame, depth = sys.getrecursionlimit(), sys._getframe(), 0
    while frame := frame.f_back:
        depth += 1
    sys.setrecursionlimit(depth + USUAL_STACK)
    try:
        yield
    finally:
        sys.setrecursionlimit(limit)


@contextlib.contextmanager
def _limited(seconds: int) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise _TooSlow(f"more than {seconds} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _words(text: str) -> list[str]:
    return text.split()


# Overrides.

NUMBERS = _words("""
    0 -0 1 -1 2 3.5 0.1 0.5 .5 1e-3 1E5 1e38 1e39 1e308 1e400 -1e400 1e-45 1e-300 5e-324 1e-400 nan inf -inf .nan 0x10
    1_000 007 100 2147483647 2147483648 4294967295 4294967296 9223372036854775807 9223372036854775808 1e30
    100000000000000000000000000000 [1.0,0.1] [1,2,3] [0.5] [1e308] [1.0,1e308] [1e308,1.0] [1e-300] [5,4] []
""")
NUMBERS += ["9" * 400, "9" * 5000, "0." + "0" * 400 + "1"]
ODD_VALUES = _words("""
    null true False yes '' "" ' " \\ \\\\ a=b = == ??? , : #a [ ] { } {} [[[]]] [1,2 {a:1} {a:{b:[1,2]}} {1:2,a:3} [-1]
    [1,[2,[3,{a:null}]]] [true] [null] ['a','b'] [{type:Dense}] [{units:3}] [{}] [{type:Flatten,1:2}] 1,2 choice(1,2)
    [{type:Flatten},{type:Dense,units:num_classes,activation:softmax}] range(0,3) range(0,1e9) interval(0,1) glob(*)
    sort(3,2) shuffle(a,b) int(3.5) float(1) str(3) bool(x) json_str(1) cast(1) extend_list(1) int([1,x]) balanced auto
    gpu gpu:99 gpu:٣ gpu:99999999999999999999 cpu all none best latest mixed_float16 npz ü 日本語 🙂 \u202e a\u0301
    http://[x http:// http://a:b@c:d sqlite:/// sqlite:///a/b.db sqlite:////dev/null/x postgresql://a:b@c file:x
    http://[::1 ~nobody/x own.npz conf %s {0} <b> [red]x[/red] [/] model.layers ../x a/b relu Dense num_classes \x7f
""")
ODD_VALUES += ["", " x ", "a\nb", "'a\nb'", "'a\tb'", "a\rb", "'\u2028'", "\x1b[31m", "\udcff", "x" * 3000]
ODD_VALUES += ["[" * 60 + "]" * 60, "[" * 300 + "]" * 300, "{a:" * 60 + "1" + "}" * 60]
INTERPOLATIONS = _words("""
    ${l2} ${seed} ${name} ${model} ${model.name} ${model.layers} ${model.layers[0].units} ${model.layers.0.type}
    ${.kind} ${nothing} ${..seed} ${...} ${} ${ $ $${l2} \\${l2} ${${name}} ${tags} ${training} ${.} x${l2}y
    [${l2},${seed}] {a:${seed}} ${dataset.limit} ${oc.env:HOME} ${oc.env:HOME,x} ${now:%Y} ${hydra.run.dir}
    ${hydra:job} ${l2:} ${oc.select:seed} ${oc.create:{}} ${oc.dict.keys:model} ${oc.decode:'1'} ${python:1}
    '${seed}${seed}'
""")
INTERPOLATIONS += ["${ oc.env : HOME }", "${\noc.env:HOME}", "${oc.env\t:HOME}", "${oc .env:HOME}"]
ODD_KEYS = _words("""
    hydra.run.dir hydra/launcher +hydra.job.name hydra ~hydra _target_ model._target_ +x ++x.y ~model ~seed +seed ++seed
    model@x model@_global_ +model@a @ ~ + . .. .seed seed. model..name model.layers.99.units model.layers.-1.units
    model.layers.x model.layers.0 model.layers.٣.units model.layers[0].units model.layers.0.new model.dropout.x seed.x
    tags tags.a tags.a.b +tags.x tags.mlflow.x tags. tags..a tags.a/b tags.a:b tags.ü tags.0 tags.deeplab.kind defaults
    $x ${l2} ü dataset/x model/mine config experiment model.settings optimizer.kind schedule.kind dataset.kind
    model.name validation.kind
""")
TEXT = st.text(st.characters(exclude_characters="\0"), max_size=12)


def _misspelt(names: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """One character more or other."""
    return st.builds(
        lambda name, place, new, kept: name[: place % len(name)] + new + name[place % len(name) + kept :],
        names,
        st.integers(0, 40),
        st.sampled_from(["", "x", "_", ".", "S", "0", "="]),
        st.integers(0, 1),
    )


def override_cases() -> st.SearchStrategy[Case]:
    """Groups and keys, real and not, with values that are odd."""
    folders = conf_folders(None)
    files = {f"{group}={name}": path for group in GROUPS for name, path in options(group, folders).items()}
    choices = list(files)
    # Of each choice that needs no other file, the keys that are there then.
    keys: dict[str, list[str]] = {"seed=0": ["seed", "name", "notes", "tags.x", "tags"]}
    for choice, path in files.items():
        group = choice.partition("=")[0]
        if group not in ("dataset", "experiment") or choice == "dataset=digits":
            there = flatten(yaml.safe_load(path.read_text(encoding="utf-8")), f"{group}.")
            keys[choice] = [key for key in there if not re.search(r"\.(kind|layers\.\d+)$", key)] or list(there)
    for choice in ("model=cnn_dropout", "model=dense_relu", "model=mlp_64_64"):
        keys[choice] += [
            f"model.layers.{index}.{key}" for index in (0, 1, 2) for key in ("type", "units", "activation")
        ]
    texts = st.one_of(st.sampled_from(ODD_VALUES), TEXT)
    # Hydra reads little that is not quoted.
    quoted = texts.map(lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'")
    numbers, interpolations = st.sampled_from(NUMBERS), st.sampled_from(INTERPOLATIONS)
    values = st.one_of(numbers, numbers, numbers, texts, quoted, interpolations)
    # A choice and something odd in what was chosen: the most likely to come far.
    groups = sorted({choice.partition("=")[0] for choice in keys})
    scoped = (
        st.sampled_from(groups)
        .flatmap(lambda group: st.sampled_from([choice for choice in keys if choice.startswith(f"{group}=")]))
        .flatmap(
            lambda choice: st.lists(
                st.builds("{}={}".format, st.sampled_from(keys[choice]), values), min_size=1, max_size=2
            ).map(lambda odd: (choice, *odd))
        )
    )
    real = st.sampled_from(sorted({key for each in keys.values() for key in each} | set(GROUPS)))
    chosen = st.sampled_from(choices)
    pair = st.builds("{}={}".format, st.one_of(_misspelt(real), st.sampled_from(ODD_KEYS), real, TEXT), values)
    odd = st.one_of(pair, pair, pair, chosen, _misspelt(chosen), st.sampled_from(ODD_VALUES + ODD_KEYS), TEXT)
    wild = st.lists(odd, min_size=1, max_size=3).map(tuple)
    return st.one_of(scoped, scoped, wild).map(lambda overrides: Case((*SMALL, *overrides)))


# YAML files.

SIZES = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 16, 32, 64])
BIG = (1e-300, 1e38, 1e300, float("inf"), float("nan"), 10**9, 2**31 - 1, 2**31, 2**63, 10**30, -(2**63), 2**64 - 1)
ODD_TEXT = (
    "",
    "num_classes",
    "same",
    "relu",
    "softmax",
    "???",
    "1e3",
    "no",
    "a\nb",
    "{x}",
    "[/x]",
    "🙂",
    *INTERPOLATIONS,
)
ODD_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, *BIG]),
    st.sampled_from(ODD_TEXT),
    st.dates(date(1, 1, 1)),
    st.binary(max_size=4),
    TEXT,
)
NAMES = st.one_of(TEXT, st.sampled_from(["type", "name", "layers", "kind", "_target_", "defaults", "a.b", "a/b@c"]))
ODD_NAMES = st.one_of(st.integers(-3, 3), st.booleans(), st.none(), st.floats(), st.dates(), st.binary(max_size=2))
DOCUMENTS = st.recursive(
    ODD_SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(NAMES, inner, max_size=4),
        st.dictionaries(ODD_NAMES, inner, max_size=3),
    ),
    max_leaves=12,
)
PAIRS = st.lists(st.integers(1, 4), min_size=2, max_size=2)
# Values that the layers which have such an argument would mostly take.
SENSIBLE: dict[str, st.SearchStrategy[Any]] = {
    "activation": st.sampled_from(sorted(ACTIVATIONS)),
    "axis": st.sampled_from([-1, 1, 2, 3, -2, 4, [1, 2], [-2, -1]]),
    "cropping": st.sampled_from([0, 1, [1, 2], [[1, 0], [0, 2]]]),
    "dilation_rate": st.integers(1, 3),
    "factor": st.one_of(st.floats(-2, 2), st.lists(st.floats(-2, 2), min_size=2, max_size=2)),
    "filters": SIZES,
    "groups": st.integers(1, 4),
    "height_factor": st.floats(-0.9, 0.9),
    "kernel_initializer": st.sampled_from(sorted(INITIALIZERS)),
    "kernel_size": st.one_of(st.integers(1, 4), PAIRS),
    "l1": st.floats(0, 0.1),
    "l2": st.one_of(st.floats(0, 0.1), st.just("${l2}")),
    "momentum": st.floats(0, 0.99),
    "negative_slope": st.floats(0, 1),
    "padding": st.sampled_from(["same", "valid"]),
    "pool_size": st.one_of(st.integers(1, 3), PAIRS),
    "rate": st.floats(0, 0.99),
    "scale": st.floats(-2, 2),
    "shared_axes": st.sampled_from([[1], [1, 2], [1, 2, 3]]),
    "size": st.one_of(st.integers(1, 3), PAIRS),
    "stddev": st.floats(0, 2),
    "strides": st.one_of(st.integers(1, 3), PAIRS),
    "target_shape": st.sampled_from([[-1], [8, 8, 1], [4, 4, 4], [16, 4], [64], [2, 2, -1], [3, 3]]),
    "units": st.one_of(SIZES, st.just("num_classes")),
    "use_bias": st.booleans(),
    "value_range": st.just([0, 1]),
    "width_factor": st.floats(-0.9, 0.9),
}
# What each layer needs, and what it may have.
NEEDED = {
    "Activation": "activation",
    "Conv2D": "filters kernel_size",
    "Conv2DTranspose": "filters kernel_size",
    "Dense": "units",
    "DepthwiseConv2D": "kernel_size",
    "Dropout": "rate",
    "GaussianDropout": "rate",
    "GaussianNoise": "stddev",
    "RandomContrast": "factor value_range",
    "RandomRotation": "factor",
    "RandomTranslation": "height_factor width_factor",
    "RandomZoom": "height_factor",
    "Rescaling": "scale",
    "Reshape": "target_shape",
    "SeparableConv2D": "filters kernel_size",
    "SpatialDropout2D": "rate",
}
POSSIBLE = {
    "AveragePooling2D": "pool_size strides padding",
    "BatchNormalization": "axis momentum",
    "Conv2D": "strides padding dilation_rate activation l1 l2 use_bias kernel_initializer groups",
    "Conv2DTranspose": "strides padding dilation_rate activation l2",
    "Cropping2D": "cropping",
    "Dense": "activation l1 l2 use_bias kernel_initializer",
    "DepthwiseConv2D": "strides padding dilation_rate activation l2",
    "LayerNormalization": "axis",
    "LeakyReLU": "negative_slope",
    "MaxPooling2D": "pool_size strides padding",
    "PReLU": "shared_axes",
    "RandomZoom": "width_factor",
    "SeparableConv2D": "strides padding dilation_rate activation l1 l2",
    "UpSampling2D": "size",
}
OUTPUT = {"type": "Dense", "units": "num_classes", "activation": "softmax"}
ENDS = (
    [{"type": "Flatten"}, OUTPUT],
    [{"type": "Flatten"}, {**OUTPUT, "activation": "sigmoid"}],
    [{"type": "Flatten"}, OUTPUT, {"type": "Activation", "activation": "softmax"}],
    [{"type": "GlobalMaxPooling2D"}, OUTPUT],
)
SNIPPETS = [
    f"{text}\n" if text.startswith(("#", "%", "---", "...", "defaults")) else text
    for text in """
    &a |*a|<<: *a|!!python/object/apply:os.getcwd []|!!python/name:os.getcwd|!x |!!binary aGk= |!!set |!!omap
    !!timestamp 2001-01-01|!!int x|!!float x|!!str |!!null x|!!bool x|!!pairs [a: 1]|!!value x|2001-01-01
    # @package _global_|# @package hydra|# @package x.y|# @package |# @package _group_|%YAML 1.1 --- |%YAML 9.9|---|...
    defaults: [other]|defaults: [/model: cnn]|defaults: {a: b}|defaults: 3|defaults: [_self_, x@y: z]|defaults: [mine]
    defaults: [override /model: cnn]|defaults: [{optional model: x}]|defaults: [null]|defaults: [[a]]|defaults: [{1: 2}]
    hydra: {}|_target_: os.getcwd|name: x|kind: x|1:30|0o17|0x1F|1_000|1e5|.5|~|=|<<|\\|? |: |  - |{|}|[|]|,|'|"
""".replace("\n", "|").split("|")
]
RAW_SNIPPETS = (b"\t", b"\0", b"\xc2\x85", b"\xef\xbb\xbf", b"\r", b"\n", b"|\n", b">\n", b"\xff", b"\xed\xa0\x80")
NESTING = (30, 60, 100, 150, 200, 300, 450, 700, 1500)


@st.composite
def _layer(draw: st.DrawFn, odd: bool) -> dict[str, Any]:
    kind = draw(st.sampled_from(sorted(LAYERS)))
    more = draw(st.lists(st.sampled_from(POSSIBLE[kind].split()), max_size=2)) if kind in POSSIBLE else []
    layer = {"type": kind, **{key: draw(SENSIBLE[key]) for key in (*NEEDED.get(kind, "").split(), *more)}}
    if odd:
        key = draw(st.sampled_from([*layer, *layer, *more, *more, *ARGUMENTS, "activation", "l2", "name", "seed", "x"]))
        layer[key] = draw(st.one_of(ODD_SCALARS, st.sampled_from(BIG), st.lists(ODD_SCALARS, max_size=3), DOCUMENTS))
    return layer


@st.composite
def _group_file(draw: st.DrawFn, odd: bool) -> tuple[str, Any]:
    """A group, and what its file says: all of it right, or one thing odd."""
    group = draw(st.sampled_from(["model"] * 6 + ["optimizer", "schedule", "training", "validation", "tracking"]))
    if group == "model":
        where = draw(st.integers(0, 3)) if odd else -1
        layers = [draw(_layer(index == where)) for index in range(draw(st.integers(0, 4)))]
        name = draw(st.sampled_from(["mine", "mine", "mine", "mine", "my net", "ü", "a:b", ".", "_x", "x" * 300]))
        return group, {"name": name, "layers": [*layers, *draw(st.sampled_from(ENDS))]}
    path = draw(st.sampled_from([path for name, path in options(group, conf_folders(None)).items()]))
    values = yaml.safe_load(path.read_text(encoding="utf-8"))
    if odd:
        key = draw(st.sampled_from([*values, *values, "x", "defaults", "name"]))
        values[key] = draw(
            st.one_of(ODD_SCALARS, st.sampled_from(BIG), st.floats(), st.lists(st.floats(0, 9), max_size=4), DOCUMENTS)
        )
    return group, values


@st.composite
def file_cases(draw: st.DrawFn) -> Case:
    """A file in a folder of one's own, chosen."""
    fault = draw(
        st.sampled_from(["", "", "", "odd", "odd", "odd", "document", "key", "text", "text", "nesting", "other"])
    )
    group, values = draw(_group_file(fault == "odd"))
    name, files = "mine", []
    if fault == "document":
        group, values = draw(st.sampled_from([group, "experiment"])), draw(DOCUMENTS)
    elif fault == "key":
        values[draw(st.one_of(NAMES, ODD_NAMES))] = draw(DOCUMENTS)
    elif fault == "other":
        name = draw(st.sampled_from(["ü", "a b", "a=b", "null", "1", "1.0", "a.b", "mine"]))
        other = draw(st.sampled_from(["config", "model/cnn", "dataset/digits", "training/default", "hydra/x", "x"]))
        files.append((f"conf/{other}.yaml", _dumped(draw(DOCUMENTS), flow=True)))
    content = _dumped(values, flow=draw(st.sampled_from([False, None, True])))
    if fault == "nesting":
        opening, closing = draw(st.sampled_from([("[", "]"), ("{a: ", "}"), ("- ", "")]))
        depth = draw(st.sampled_from(NESTING))
        content = f"name: mine\nx:\n  {opening * depth}1{closing * depth}\n".encode()
    if fault == "text":
        added = draw(st.one_of(st.sampled_from([text.encode() for text in SNIPPETS]), st.sampled_from(RAW_SNIPPETS)))
        places = [0, *(match.end() for match in re.finditer(rb"\n|: ", content))]
        place = draw(st.one_of(st.sampled_from(places), st.sampled_from(places), st.integers(0, len(content))))
        content = content[:place] + added + content[place:]
    settings_too = ["l2=1e-4", "seed=7", "training.precision=mixed_float16", "validation=none", "training.loss=x"]
    more = draw(st.sampled_from([None] * 3 + settings_too))
    overrides = (*SMALL, f"{group}={name}", *([more] if more else ()))
    return Case(overrides, ((f"conf/{group}/{name}.yaml", content), *files))


def _dumped(values: Any, flow: bool | None) -> bytes:
    try:
        text = str(yaml.safe_dump(values, default_flow_style=flow, allow_unicode=True, sort_keys=False))
    except (yaml.YAMLError, UnicodeEncodeError):
        text = json.dumps(values, default=str)
    # YAML writes what occurs twice as an anchor, and those are refused.
    return re.sub(r"[&*]id\d+ ?", "", text).encode("utf-8", "surrogatepass")


# Archives.

SHAPES = [(2,), (5,), (64,), (8, 8), (8, 8), (8, 8, 1), (8, 8, 3), (4, 5, 4), (1, 1)]
ODD_SHAPES = [(), (0,), (0, 4), (3, 3, 2), (8, 8, 0), (2, 2, 2, 2), (1,) * 30, (100_000,), (1, 200, 3), (1000, 1)]
DTYPES = _words("u1 u1 u1 f4 f8 i4 ? >f8 f2 i8 >i2 f16")
ODD_DTYPES = _words("c8 U3 O M8[s] m8[D] V4 S2")
CHANGES: tuple[Callable[[Any], Any], ...] = (
    *(lambda a: a[:0], lambda a: a[1:], lambda a: a[..., None], lambda a: a.T, np.asfortranarray),
    *(lambda a: a + 1, lambda a: a * 0, lambda a: a * -1, lambda a: a.astype("f8"), lambda a: a.astype("f8") + 1e300),
    *(lambda a: a.astype("f4") * np.float32("nan"), lambda a: a.astype("i8") - 2**40, lambda a: a.astype("i8") + 2**40),
    *(lambda a: a.astype("u8") + np.uint64(2**63), lambda a: a.astype("i1"), lambda a: a.astype("i8") + 2**31 - 2),
    *(lambda a: a.sum(), lambda a: a.astype("U2"), lambda a: a.astype(object), lambda a: a.astype("?")),
    lambda a: np.zeros(len(a), [("a", "i4"), ("b", "f4")]),
)
HEADERS = ["|u1", "<f8", "|O", "|V0", "<U1", "x", [("a", "<i4")], [], (), (-1,), (2**62, 2**62), (0,), ("a",), None, 1]
CLASS_NAMES = ["[a,b]", "[a,b,c]", "[a,a]", "[1,2]", "[]", "[ü,'']", "['a\nb',x]", "a", "[null,a]", "[<b>,'[/x]',🙂]"]


@st.composite
def archive_cases(draw: st.DrawFn) -> Case:
    """An .npz that is right, or wrong in shapes, types and values, in a header, or in any byte."""
    fault = draw(
        st.sampled_from(
            ["", "", "", "shape", "dtype", "values", "values", "header", "header", "bytes", "path", "names"]
        )
    )
    shape = draw(st.sampled_from(ODD_SHAPES if fault == "shape" else SHAPES))
    dtype = draw(st.sampled_from(ODD_DTYPES if fault == "dtype" else DTYPES))
    classes, rng = draw(st.sampled_from([2, 2, 3, 10])), np.random.default_rng(draw(st.integers(0, 99)))
    arrays: dict[str, Any] = {}
    for part, rows in (
        ("train", draw(st.sampled_from([40, 40, 60, 32]))),
        ("test", draw(st.sampled_from([20, 10, 1]))),
    ):
        arrays[f"x_{part}"] = rng.integers(0, 100, (rows, *shape)).astype(dtype)
        arrays[f"y_{part}"] = np.arange(rows) % classes
    changed = draw(st.sampled_from(sorted(arrays)))
    if fault == "values":
        change = draw(st.sampled_from(CHANGES))
        # Not every change is one for every dtype.
        with contextlib.suppress(OverflowError, TypeError), np.errstate(all="ignore"):
            arrays[changed] = change(arrays[changed])
    members = {f"{key}.npy": _member(array) for key, array in arrays.items()}
    if fault == "header":
        members[f"{changed}.npy"] = draw(_with_header(members[f"{changed}.npy"]))
    if fault == "names":
        name = draw(st.sampled_from([changed, f"../{changed}.npy", f"{changed}\n.npy", "x.npy", "\x1b.npy"]))
        members[name] = members.pop(f"{changed}.npy")
    content = _zipped(members, draw(st.booleans()))
    if fault == "bytes":
        damaged = bytearray(content[: draw(st.sampled_from([len(content)] * 4 + [len(content) // 2, 30, 0]))])
        for place in draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=4)) if damaged else ():
            damaged[place] = draw(st.integers(0, 255))
        content = bytes(damaged)
    path = (
        draw(st.sampled_from(["none.npz", "${name}", "~nobody/x", "'ü.npz'", ".", "x" * 300]))
        if fault == "path"
        else "own.npz"
    )
    model = draw(st.sampled_from(["dense_linear", "dense_linear", "mlp_64_64", "dense_relu", "cnn"]))
    names = draw(st.sampled_from([None, None, None, *CLASS_NAMES]))
    others = ["validation=none", "validation=test", "validation=random", "training.class_weights=balanced"]
    more = [f"dataset.class_names={names}"] if names else []
    more += draw(st.lists(st.sampled_from([*others, "training.batch_size=1"]), max_size=1))
    return Case(("dataset=npz", f"dataset.path={path}", f"model={model}", *more), (("own.npz", content),))


def _member(array: Any) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.asarray(array), allow_pickle=True)
    return stream.getvalue()


def _zipped(members: dict[str, bytes], compressed: bool) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED if compressed else zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return out.getvalue()


@st.composite
def _with_header(draw: st.DrawFn, content: bytes) -> bytes:
    """The same array under another header."""
    length = int.from_bytes(content[8:10], "little")
    said = ast.literal_eval(content[10 : 10 + length].decode())
    said[draw(st.sampled_from(["descr", "shape", "fortran_order", "x"]))] = draw(
        st.one_of(st.sampled_from(HEADERS), st.lists(st.integers(-2, 50), max_size=4).map(tuple), st.text(max_size=8))
    )
    said_so = repr(said).encode("utf-8", "surrogatepass") + b"\n"
    odd = st.one_of(
        st.binary(max_size=40), st.sampled_from([b"[" * 3000, b"-" * 9000 + b"1", b"{}", b"(" * 90 + b")" * 90])
    )
    header = draw(st.one_of(st.just(said_so), odd))
    version = draw(st.sampled_from([b"\1\0", b"\1\0", b"\1\0", b"\2\0", b"\3\0", b"\0\0", b"\xff\xff"]))
    size = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
    return content[:6] + version + size + header + content[10 + length :]


KINDS: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "overrides": override_cases,
    "files": file_cases,
    "archives": archive_cases,
}


# The run.


def collect(strategy: st.SearchStrategy[Case], examples: int, number: int) -> list[Case]:
    """Draw inputs; they are fed later, outside of Hypothesis."""
    cases: list[Case] = []

    @seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(case: Case) -> None:
        cases.append(case)

    draw()
    return cases[:examples]


def smallest(case: Case, signature: str) -> Case:
    """Leave out overrides, files and lines of files as long as it fails alike."""
    shorter = True
    while shorter:
        shorter = False
        for fewer in _shorter(case):
            if feed(fewer).signature == signature:
                case, shorter = fewer, True
                break
    return case


def _shorter(case: Case) -> Iterator[Case]:
    for index in range(len(case.overrides)):
        yield replace(case, overrides=case.overrides[:index] + case.overrides[index + 1 :])
    for index, (name, content) in enumerate(case.files):
        yield replace(case, files=case.files[:index] + case.files[index + 1 :])
        lines = content.splitlines(keepends=True) if name.endswith(".yaml") else []
        for line in range(len(lines)):
            fewer = (name, b"".join(lines[:line] + lines[line + 1 :]))
            yield replace(case, files=(*case.files[:index], fewer, *case.files[index + 1 :]))


def running(uri: str) -> int:
    """The number of runs in a store that say they are being trained."""
    import mlflow

    client = mlflow.MlflowClient(uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return len(client.search_runs(experiments, "attributes.status = 'RUNNING'"))


@contextlib.contextmanager
def isolated() -> Iterator[Path]:
    """A temporary folder that is home too; no setting of the person, no download."""
    before, cwd = dict(os.environ), Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        for key in ("MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "DEEPLAB_DATA", "DEEPLAB_DEBUG", "KERAS_HOME"):
            os.environ.pop(key, None)
        proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
        os.environ.update({**proxies, "no_proxy": "127.0.0.1,localhost", "HOME": name})
        os.chdir(name)
        try:
            yield Path(name)
        finally:
            os.chdir(cwd)
            os.environ.clear()
            os.environ.update(before)


def import_libraries() -> None:
    """What takes seconds, and would be counted against the first input."""
    for name in ("keras", "tensorflow", "sklearn.datasets", "mlflow.keras", "matplotlib.figure", "deeplab.cli.dry_run"):
        importlib.import_module(name)
    compose([])


def fuzz(examples: int, number: int) -> int:
    """Feed so many inputs and print what failed.

    Returns:
        The number of failures.
    """
    began, counts = time.perf_counter(), Counter[str]()
    failures: dict[str, list[tuple[Case, Outcome]]] = {}
    with isolated() as folder:
        import_libraries()
        uri = f"sqlite:///{folder}/mlflow.db"
        small = 0
        for index, (kind, strategy) in enumerate(KINDS.items()):
            share = examples // len(KINDS) + (index < examples % len(KINDS))
            for case in collect(strategy(), share, number):
                outcome = feed(case)
                counts[outcome.status] += 1
                outcomes = [outcome]
                if outcome.composed is not None:
                    small += 1
                    if small % TRAINED_SHARE == 1:
                        outcomes.append(feed_and_train(case, outcome.composed, uri))
                        counts["tried"] += 1
                        counts["trained"] += outcomes[-1].status == "trained"
                for each in outcomes:
                    if each.status == "failed":
                        failures.setdefault(f"{each.signature}", []).append((case, each))
            print(f"{kind}: {share} fed, {time.perf_counter() - began:.0f} s", file=sys.stderr)
        for signature, found in failures.items():
            case, outcome = min(found, key=lambda pair: pair[0].size)
            if outcome == feed(case):
                case = smallest(case, signature)
            print(f"\n{signature} ({len(found)} inputs)\n{case.commands()}\n{outcome.what[:3000]}")
        left = running(uri) if counts["tried"] else 0
        if left:
            print(f"\n{left} runs are still RUNNING in the store.")
    gibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    total = sum(map(len, failures.values())) + left
    print(
        f"\n{examples:,} inputs with seed {number}: {counts['valid']:,} valid, {counts['large']:,} valid but too "
        f"large to build here, {counts['refused']:,} refused; {counts['trained']} of {counts['tried']} trained; "
        f"{total} failures of {len(failures)} sorts; {time.perf_counter() - began:.0f} s, at most {gibibytes:.1f} GiB"
    )
    return total


def main() -> None:
    """Parse, feed, and end with status 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--examples", type=int, default=2000, help="number of inputs (default 2000)")
    parser.add_argument("--seed", type=int, default=0, help="of the inputs (default 0)")
    wanted = parser.parse_args()
    sys.exit(1 if fuzz(wanted.examples, wanted.seed) else 0)


if __name__ == "__main__":
    main()
