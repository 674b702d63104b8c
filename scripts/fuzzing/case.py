"""An input, and what came of it."""

import base64
import os
import shlex
from dataclasses import dataclass
from pathlib import Path

from deeplab.config.compose import ComposedConfig

SECRET = "hunter2-of-the-environment"  # in FUZZ_SECRET, and in a file beside the folder of an input
# What keeps an input quick.
SMALL = ("dataset.image_size=8", "dataset.limit=50")


@dataclass(frozen=True)
class Case:
    """One input: what is said on the command line, and the files in the folder where it is said.

    Attributes:
        overrides: on the command line.
        files: names and contents.
        links: names, and what they lead to.
    """

    overrides: tuple[str, ...]
    files: tuple[tuple[str, bytes], ...] = ()
    links: tuple[tuple[str, str], ...] = ()

    @property
    def config_dir(self) -> Path | None:
        """The folder for --config-dir."""
        names = [name for name, _ in (*self.files, *self.links)]
        return Path("conf") if any(name.startswith("conf") for name in names) else None

    @property
    def size(self) -> int:
        """How much there is to read in it."""
        return sum(map(len, self.overrides)) + sum(len(content) for _, content in self.files)

    def write(self, folder: Path) -> None:
        """Write the files and links; of two with one name the first."""
        for name, content in self.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        for name, target in self.links:
            if not os.path.lexists(folder / name) and (folder / name).parent.is_dir():
                (folder / name).symlink_to(target)

    def commands(self) -> str:
        """The same for a shell."""
        lines = ['cd "$(mktemp -d)"']
        for name, content in self.files:
            if "/" in name:
                lines.append(f"mkdir -p {shlex.quote(str(Path(name).parent))}")
            lines.append(f"echo {base64.b64encode(content).decode()} | base64 -d > {shlex.quote(name)}")
            if name.endswith(".yaml"):
                lines += [f"#   {line}" for line in content.decode(errors="backslashreplace").splitlines()]
        lines += [f"ln -s {shlex.quote(target)} {shlex.quote(name)}" for name, target in self.links]
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
    composed: ComposedConfig | None = None
