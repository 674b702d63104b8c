"""Functions of deeplab as a script has them: the code as it stands, without types."""

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

_LOCAL_TYPE = re.compile(r"^(\s+\w+): [A-Z]\w+ = ", re.MULTILINE)


def pasted(*functions: Callable[..., Any]) -> str:
    """Write functions that use NumPy and each other alone, with the constants and helpers that they name before them.

    Args:
        functions: of modules of deeplab.
    """
    constants: dict[str, str] = {}
    sources: dict[str, str] = {}
    for function in functions:
        _collect(function, constants, sources)
    head = "\n".join(f"{name} = {value}" for name, value in constants.items())
    return "\n\n\n".join([*([head] if head else []), *sources.values()])


def _collect(function: Any, constants: dict[str, str], sources: dict[str, str]) -> None:
    names = [node.id for node in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(node, ast.Name)]
    for name in dict.fromkeys(names):
        value = function.__globals__.get(name)
        if inspect.isfunction(value):
            _collect(value, constants, sources)
        elif isinstance(value, int | float | tuple):
            constants[name] = repr(value)
    sources.setdefault(function.__name__, _without_types(function))


def _without_types(function: Any) -> str:
    source = inspect.getsource(function)
    lines = source.splitlines()
    (node,) = ast.parse(source).body
    assert isinstance(node, ast.FunctionDef)
    arguments = [arg.arg for arg in node.args.args]
    defaults = [f"={ast.unparse(default)}" for default in node.args.defaults]
    given = [
        name + default
        for name, default in zip(arguments, [""] * (len(arguments) - len(defaults)) + defaults, strict=True)
    ]
    body, first = node.body, []
    if text := ast.get_docstring(node):
        first = [f'    """{text.splitlines()[0]}"""']
        body = body[1:]
    rest = "\n".join(lines[body[0].lineno - 1 :])
    return "\n".join([f"def {node.name}({', '.join(given)}):", *first, _LOCAL_TYPE.sub(r"\1 = ", rest)])
