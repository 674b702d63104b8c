"""The file that carries runs: a zip with a manifest of SHA-256s, read as what a stranger may have made."""

import hashlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any, Literal, Self

from pydantic import TypeAdapter, ValidationError

import deeplab
from deeplab.errors import UserError
from deeplab.files import DAMAGE, existing_file
from deeplab.tracking.carry import CarriedRun, stored_value
from deeplab.visible import visible

FORMAT: Literal["deeplab pack 1"] = "deeplab pack 1"
MANIFEST = "manifest.json"
MOST_MANIFEST_BYTES = 64 << 20
MOST_FILES = 200_000
MOST_BYTES = 64 << 30
BLOCK = 1 << 20
ENDED = ("FINISHED", "FAILED", "KILLED")
_PATH = re.compile(r"runs/[0-9a-f]{32}/(run\.json|artifacts/.+|models/m-[0-9a-f]{32}/artifacts/.+)|study/[^/]+")
_PART = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,200}")
# Of others a few bytes ask for gigabytes of memory.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# A file of these is compressed already.
_PACKED = (".png", ".keras", ".ckpt", ".npz", ".svg.gz")


@dataclass(frozen=True)
class PackedFile:
    """A file of a pack, as its manifest has it."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Manifest:
    """What a pack says of itself."""

    format: Literal["deeplab pack 1"]
    deeplab: str  # the version that wrote it
    asked: tuple[str, ...]  # ids of the runs that were named; the others belong to them
    runs: tuple[str, ...]  # ids of all
    files: Mapping[str, PackedFile]  # by path


class PackWriter:
    """Writes a pack, the same bytes for the same runs."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._files: dict[str, PackedFile] = {}

    def add(self, path: str, content: IO[bytes]) -> None:
        """Add a file."""
        digest, size = hashlib.sha256(), 0
        with self._zip.open(self._entry(path), "w", force_zip64=True) as target:
            while block := content.read(BLOCK):
                digest.update(block)
                size += len(block)
                target.write(block)
        self._files[path] = PackedFile(digest.hexdigest(), size)

    def add_bytes(self, path: str, content: bytes) -> None:
        """Add a file of bytes."""
        self._files[path] = PackedFile(hashlib.sha256(content).hexdigest(), len(content))
        self._zip.writestr(self._entry(path), content)

    def end(self, asked: Iterable[str], runs: Iterable[str]) -> str:
        """Write the manifest and close the file; returns the manifest's SHA-256."""
        manifest = Manifest(FORMAT, deeplab.__version__, tuple(asked), tuple(runs), dict(sorted(self._files.items())))
        content = json.dumps(asdict(manifest), indent=1).encode()
        self._zip.writestr(self._entry(MANIFEST), content)
        self._zip.close()
        return hashlib.sha256(content).hexdigest()

    @staticmethod
    def _entry(path: str) -> zipfile.ZipInfo:
        entry = zipfile.ZipInfo(path)  # without a time: of 1980
        entry.compress_type = zipfile.ZIP_STORED if path.endswith(_PACKED) else zipfile.ZIP_DEFLATED
        return entry


class PackReader:
    """A pack that is read; nothing of it is believed before it was held against the manifest, and its paths cannot
    leave the folder that they are copied to.
    """

    def __init__(self, path: Path) -> None:
        """Open a pack.

        Raises:
            UserError: the file is no pack, or holds other files than its manifest names.
        """
        self.path = path
        try:
            self._zip = zipfile.ZipFile(path)
            content = self._bytes(MANIFEST, MOST_MANIFEST_BYTES)
            self.manifest = TypeAdapter(Manifest).validate_json(content)
        except (ValidationError, *DAMAGE) as error:
            raise UserError(f"{path}: this is not a pack of deeplab ({_first(error)}).") from error
        self.sha256 = hashlib.sha256(content).hexdigest()
        self._check_names()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def size(self) -> int:
        """Bytes of all files together, as the manifest has it."""
        return sum(file.bytes for file in self.manifest.files.values())

    @cached_property
    def runs(self) -> tuple[CarriedRun, ...]:
        """The runs that it holds.

        Raises:
            UserError: what it says of a run cannot be.
        """
        return tuple(self._run(run_id) for run_id in self.manifest.runs)

    def copy(self, run_id: str, folder: Path) -> None:
        """Copy the files of a run to a folder.

        Raises:
            UserError: a file is not the one that the manifest names.
        """
        for name in self.manifest.files:
            if name.startswith(f"runs/{run_id}/"):
                self._copy(name, folder / name.removeprefix(f"runs/{run_id}/"))

    def copy_study(self, folder: Path) -> list[str]:
        """Copy the files of the study, if the pack has one, to a folder; returns their names."""
        names = [name for name in self.manifest.files if name.startswith("study/")]
        for name in names:
            self._copy(name, folder / name.removeprefix("study/"))
        return [name.removeprefix("study/") for name in names]

    def check(self, run_id: str) -> None:
        """Read the files of a run and hold them against the manifest.

        Raises:
            UserError: one is not what it names.
        """
        for name in self.manifest.files:
            if name.startswith(f"runs/{run_id}/"):
                self._copy(name, None)

    def _copy(self, name: str, target: Path | None) -> None:
        stated, digest, size = self.manifest.files[name], hashlib.sha256(), 0
        try:
            if target is not None:
                target.parent.mkdir(parents=True, exist_ok=True)
            with self._zip.open(name) as source, target.open("xb") if target else _Nowhere() as copy:
                while (block := source.read(BLOCK)) and size <= stated.bytes:
                    digest.update(block)
                    size += len(block)
                    copy.write(block)
        except DAMAGE as error:
            raise UserError(f"{self.path}: {visible(name)} cannot be read ({_first(error)}).") from error
        if (digest.hexdigest(), size) != (stated.sha256, stated.bytes):
            raise UserError(f"{self.path}: {visible(name)} is not what the manifest says; its SHA-256 differs.")

    def _run(self, run_id: str) -> CarriedRun:
        name = f"runs/{run_id}/run.json"
        if name not in self.manifest.files:
            raise UserError(f"{self.path}: {name} is missing.")
        try:
            content = self._bytes(name, MOST_MANIFEST_BYTES)
            run = TypeAdapter(CarriedRun).validate_json(content)
            if hashlib.sha256(content).hexdigest() != self.manifest.files[name].sha256:
                raise UserError(f"{self.path}: {name} is not what the manifest says; its SHA-256 differs.")
            _check_run(run, run_id)
        except (ValidationError, *DAMAGE) as error:
            raise UserError(f"{self.path}: {name} cannot be used ({_first(error)}).") from error
        return run

    def _bytes(self, name: str, most: int) -> bytes:
        with self._zip.open(name) as file:
            content = file.read(most + 1)
        if len(content) > most:
            raise ValueError(f"{name} has more than {most:,} bytes")
        return content

    def _check_names(self) -> None:
        named = self.manifest.files
        if len(named) > MOST_FILES or self.size > MOST_BYTES:
            raise UserError(
                f"{self.path} holds {len(named):,} files of {self.size:,} bytes; at most {MOST_FILES:,} and "
                f"{MOST_BYTES:,} are allowed."
            )
        inside = self._zip.namelist()
        for name in (*named, *(f"runs/{run_id}/run.json" for run_id in self.manifest.runs)):
            parts = name.split("/")
            if not _PATH.fullmatch(name) or not all(_PART.fullmatch(part) for part in parts) or {".", ".."} & {*parts}:
                raise UserError(f"{self.path}: '{visible(name)}' is no path that a pack may hold.")
        strange = sorted({*inside} - {*named, MANIFEST}) or sorted({*named} - {*inside})
        if strange or len(inside) != len(named) + 1 or any(file.bytes < 0 for file in named.values()):
            what = f"'{visible(strange[0])}'" if strange else "a file twice"
            raise UserError(f"{self.path}: its files and its manifest differ in {what}.")
        entries = sorted(self._zip.infolist(), key=lambda entry: entry.header_offset)
        ends = [entry.header_offset + entry.compress_size for entry in entries]
        if any(end > entry.header_offset for end, entry in zip(ends, entries[1:], strict=False)):
            raise UserError(f"{self.path}: two of its files share their bytes.")
        if any(entry.compress_type not in _METHODS for entry in entries):
            raise UserError(f"{self.path}: a file is compressed by another method than deflate.")
        folded = {name.casefold() for name in inside}
        if len(folded) != len(inside):  # on some systems they are one file
            raise UserError(f"{self.path}: two of its paths differ in capital letters alone.")

    def check_room(self, folder: Path) -> None:
        """Refuse to copy more than a disk has room for."""
        there = next(each for each in (folder, *folder.absolute().parents) if each.exists())
        free = shutil.disk_usage(there).free
        if 2 * self.size > free:
            raise UserError(f"{self.path} needs {2 * self.size:,} bytes to unpack; {folder} has {free:,} left.")


class _Nowhere:
    """Takes what is read to be checked alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def write(self, block: bytes) -> int:
        return len(block)


def _check_run(run: CarriedRun, run_id: str) -> None:
    """Refuse what no store holds; a ValueError."""
    if run.id != run_id:
        raise ValueError(f"it is of run {visible(run.id)}")
    if run.status not in ENDED:
        raise ValueError(f"its status is {visible(run.status)}")
    if any(not re.fullmatch("m-[0-9a-f]{32}", model.id) for model in run.models):
        raise ValueError("a model has an id that MLflow does not give")
    moments = (run.started_ms, run.ended_ms or 0, *(each for m in run.models for each in (m.created_ms, m.updated_ms)))
    if not all(0 <= moment < 2**63 for moment in moments):
        raise ValueError("a time that no store holds")
    if "" in (*run.params, *run.tags, *run.metrics):
        raise ValueError("a key is empty")
    lengths: list[tuple[str, int]] = [(run.name, 250), *((model.name, 500) for model in run.models)]
    lengths += [(key, 250) for key in (*run.params, *run.tags, *run.metrics)]
    lengths += [(value, 8000) for value in (*run.params.values(), *run.tags.values())]
    for text, most in lengths:
        if len(text) > most or "\0" in text:
            raise ValueError(f"a text has more than {most} letters, or NUL")
    for history in run.metrics.values():
        lines = {(step, stamp, *stored_value(float(value)).values()) for step, stamp, value in history}
        if not 0 < len(lines) == len(history):
            raise ValueError("a metric has no value, or the same twice")
        if not all(abs(step) < 2**63 and 0 <= stamp < 2**63 for step, stamp, _ in history):
            raise ValueError("a step or a time that no store holds")


def run_json(run: CarriedRun) -> bytes:
    """The content of `run.json`."""
    return json.dumps(asdict(run), indent=1).encode()


def open_pack(path: str) -> PackReader:
    """Open a pack that a person named.

    Raises:
        UserError: there is none there, or it cannot be used.
    """
    return PackReader(existing_file(path, ""))


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first: Any = error.errors()[0]
        return visible(f"{'.'.join(map(str, first['loc']))}: {first['msg']}")
    return visible(str(error).splitlines()[0] if str(error) else type(error).__name__)
