"""The file that `--code` names: read once, run once, and in force for one command.

What a configuration names is looked for in it as in the packages that are installed, by `module:name`.
"""

import hashlib
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from deeplab.code.declare import Declared, Kind, collecting, number_of
from deeplab.code.fault import fault
from deeplab.errors import Interrupted, Pruned, RunError, UserError
from deeplab.metrics import METRICS, Metric

MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class CodeReference:
    """A file of code, for another process to read."""

    path: str  # from the root of the file system
    sha256: str  # of its bytes; another content is refused


@dataclass(frozen=True)
class CodeFile:
    """A file of code that was run."""

    shown: str  # its path as it was given
    path: Path  # from the root of the file system
    text: str
    sha256: str  # of its bytes
    declared: tuple[Declared, ...]

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name

    @property
    def module(self) -> str:
        """The name under which Python has it."""
        return f"deeplab_code_{self.sha256[:16]}"


_IN_FORCE: ContextVar[CodeFile | None] = ContextVar("in_force", default=None)
_RUN: dict[tuple[str, str], CodeFile] = {}  # what this process ran before, by path and hash


def current() -> CodeFile | None:
    """The file that is in force, or None."""
    return _IN_FORCE.get()


def reference() -> CodeReference | None:
    """What another process needs to read the file that is in force, or None."""
    code = current()
    return None if code is None else CodeReference(str(code.path), code.sha256)


def consent_words() -> list[str]:
    """What a command line says to have the file that is in force; nothing where there is none."""
    code = current()
    return [] if code is None else ["--code", code.shown]


def declared(kind: Kind) -> dict[str, Declared]:
    """What the file in force declares of a kind, by name."""
    code = current()
    return {} if code is None else {each.name: each for each in code.declared if each.kind == kind}


def hint(kind: Kind) -> str:
    """What to say behind the names of a kind that there are: how one's own come among them, or which the file has."""
    code = current()
    if code is None:
        return "One of your own needs --code FILE."
    return f"{code.shown} declares {', '.join(declared(kind)) or f'no {kind}'}."


def own_layers() -> dict[str, Any]:
    """The classes of layers that the file in force declares, by name, as Keras' `load_model` takes them."""
    return {name: each.value for name, each in declared("layer").items()}


def plugins(group: str, kind: Kind) -> dict[str, EntryPoint]:
    """What installed packages and the file in force bring along, by name; the file's first.

    Args:
        group: of entry points, as in `deeplab.layers`.
        kind: of the same in a file.
    """
    code = current()
    own = {} if code is None else {name: EntryPoint(name, f"{code.module}:{name}", group) for name in declared(kind)}
    return {point.name: point for point in entry_points(group=group)} | own


@contextmanager
def in_force(code: CodeFile) -> Iterator[None]:
    """For as long as the context lasts, configurations may name what a file declares."""
    token = _IN_FORCE.set(code)
    own = {each.name: _metric(code, each) for each in code.declared if each.kind == "metric"}
    METRICS.update(own)
    try:
        yield
    finally:
        for name in own:
            del METRICS[name]
        _IN_FORCE.reset(token)


def _metric(code: CodeFile, each: Declared) -> Metric:
    return Metric(
        each.name,
        each.settings["label"],
        each.name,
        each.name,
        higher_is_better=each.settings["direction"] == "max",
        is_optional=True,
        of_all=f"{code.module}:{each.name}",
        tasks=("classification", "regression"),
    )


def run_file(given: str, before_keras: Callable[[], None]) -> CodeFile:
    """Run a file of code, once in a process, and return what it declares.

    Args:
        given: its path.
        before_keras: called before the file is run where it speaks of Keras or TensorFlow.

    Raises:
        UserError: there is no such file, or it is wrong: its line, and why.
    """
    path, content = _read(given)
    sha256 = hashlib.sha256(content).hexdigest()
    key = str(path), sha256
    if key not in _RUN:
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise UserError(f"{given}:{line}: is no UTF-8; save it as UTF-8.") from error
        if re.search("keras|tensorflow", text):
            before_keras()
        _RUN[key] = _run(CodeFile(given, path, text, sha256, ()))
    return _RUN[key]


def _read(given: str) -> tuple[Path, bytes]:
    path = Path(given).expanduser()
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\.py", path.name):
        raise UserError(f"--code {given}: must be a Python file, its name of letters, digits, _ - . and the end .py.")
    if not path.is_file():
        raise UserError(f"--code {given}: {'this is no file' if path.exists() else 'there is no such file'}.")
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise UserError(f"--code {given}: cannot be read ({error.strerror}).") from error
    if len(content) > MOST_BYTES:
        raise UserError(f"--code {given}: is larger than {MOST_BYTES >> 20} MiB, the most that is read.")
    return path.resolve(), content


def _run(code: CodeFile) -> CodeFile:
    module = ModuleType(code.module)
    module.__file__ = str(code.path)
    sys.modules[code.module] = module  # data classes, pickles and `import_module` find it there
    try:
        with collecting() as found:
            # What was hashed is what is run.
            exec(compile(code.text, str(code.path), "exec", dont_inherit=True), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[code.module]
        raise UserError(f"{fault(error, str(code.path), code.shown) or f'{code.shown}: {error}'}.") from error
    for each in found.values():
        setattr(module, each.name, number_of(each.value) if each.kind == "metric" else each.value)
    return replace(code, declared=tuple(found.values()))


def check_consent(sha256: str | None, file: str, whose: str, copy: str) -> None:
    """Refuse to use what was made with code of its own, unless the very same file is in force.

    Args:
        sha256: of the file that it was made with; None where there was none.
        file: its name.
        whose: as in `Run abc`.
        copy: where the run has kept it.

    Raises:
        UserError: no file is in force, or another.
    """
    code = current()
    if sha256 is None or (code is not None and code.sha256 == sha256):
        return
    made = f"{whose} was trained with code of its own, {file} (SHA-256 {sha256[:12]})"
    kept = f"A copy is kept with it, to be read first: {copy}"
    if code is None:
        raise UserError(f"{made}; --code FILE gives consent to run that file. {kept}")
    raise UserError(f"{made}, and --code {code.shown} is another file (SHA-256 {code.sha256[:12]}). {kept}")


@contextmanager
def blaming(kind: type[Exception]) -> Iterator[None]:
    """Turn what the code in force raises while the context lasts into an error of one line with file and line.

    Args:
        kind: of that error; what says already what is wrong, and what comes from elsewhere, passes.
    """
    try:
        yield
    except (UserError, RunError, Pruned, Interrupted):
        raise
    except Exception as error:
        code = current()
        said = code and fault(error, str(code.path), code.shown)
        if not said:
            raise
        raise kind(f"{said}.") from error
