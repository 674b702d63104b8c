"""The environment that the scripts beside this file run in: made with what Python and pip alone can do."""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CONSTRAINTS = ROOT / "scripts" / "constraints.txt"
OLDEST = (3, 11)


def ready(extra: str = "") -> Path:
    """Make sure that the environment holds deeplab and what it needs, and return its folder of programs.

    It is `.venv` beside this folder, or what DEEPLAB_VENV names. What is there already is not installed again.

    Args:
        extra: a name of `project.optional-dependencies` to install too, or nothing.
    """
    if sys.version_info < OLDEST:
        sys.exit(f"deeplab needs Python {'.'.join(map(str, OLDEST))} or newer; this is {sys.version.split()[0]}.")
    folder = Path(os.environ.get("DEEPLAB_VENV") or ROOT / ".venv")
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    wanted = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in ("pyproject.toml", CONSTRAINTS)))
    done = folder / f"deeplab-{extra or 'base'}-{wanted.hexdigest()[:16]}"
    if not done.exists():
        print(f"Setting up {folder} (once, some minutes) ...", file=sys.stderr, flush=True)
        # Without pip of its own, which not every system's Python can provide; ours installs into it.
        venv.create(folder, with_pip=False, symlinks=os.name != "nt")
        python = programs / ("python.exe" if os.name == "nt" else "python")
        target = f"{ROOT}[{extra}]" if extra else str(ROOT)
        # Compiled as it is installed: where Python may write no bytecode, every process would do so anew, for seconds.
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
        result = subprocess.run([*pip, "--constraint", str(CONSTRAINTS), "--editable", target], check=False)
        if result.returncode:
            sys.exit("The installation failed; pip's own lines above say why. Is the package index in reach?")
        done.touch()
    return programs


def become(program: Path, *arguments: str) -> None:
    """Replace this process by a program of the environment, so that signals and the exit status are its own."""
    if os.name == "nt":
        sys.exit(subprocess.run([str(program), *arguments], check=False).returncode)
    os.execv(program, [str(program), *arguments])
