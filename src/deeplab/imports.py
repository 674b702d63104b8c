"""How packages of many modules are imported."""

import gc
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

# Keras imports these where it finds them, for wrappers and galleries that nothing here uses: a third of its seconds.
_OF_NO_USE = ("sklearn", "matplotlib")


def load(*names: str) -> None:
    """Import modules, which stay as long as the process does, unless they are there already.

    Python would look for garbage among what they bring all the while, a third of the time, and again and again later.
    """
    missing = [name for name in names if name not in sys.modules]
    if not missing:
        return
    collects = gc.isenabled()
    gc.disable()
    try:
        for name in missing:
            import_module(name)
    finally:
        gc.freeze()
        if collects:
            gc.enable()


def load_keras() -> None:
    """Import TensorFlow and Keras: without a word of theirs, and without packages that Keras can do without."""
    if "keras" in sys.modules:
        return
    hidden: dict[str, Any] = {name: None for name in _OF_NO_USE if name not in sys.modules}
    sys.modules.update(hidden)  # an import of None fails as that of a package that is not there
    try:
        with quiet_import():
            load("keras")
    finally:
        for name in hidden:
            del sys.modules[name]


@contextmanager
def quiet_import() -> Iterator[None]:
    """Keep what TensorFlow's libraries write while they are loaded off the screen.

    No setting reaches these lines: they are written before the log is set up. An import that fails raises as ever.
    Afterwards TensorFlow's log tells errors only: how often a function is traced is nothing to those who train.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(nowhere)
        os.close(kept)
