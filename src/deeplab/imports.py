"""How packages of many modules are imported."""

import gc
import sys
from importlib import import_module


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
