"""Start deeplab in a process of its own, wait for what it says, and do something to it."""

import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

PATIENCE_SECONDS = 900.0


class Program:
    """A command of deeplab that runs, with what it has said so far.

    Attributes:
        lines: of its screen, as they come.
        process: the process, the first of a session of its own.
    """

    def __init__(
        self,
        folder: Path,
        *arguments: str,
        terminal: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start it in a folder, where asked in a terminal, or with more in its environment."""
        self.lines: list[str] = []
        self.master, screen = pty.openpty() if terminal else os.pipe()
        command = [str(Path(sys.executable).with_name("deeplab")), *arguments]
        if terminal:  # a session of its own, whose terminal it is
            command = ["setsid", "--ctty", "--wait", *command]
        self.process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=screen if terminal else subprocess.DEVNULL,
            stdout=screen,
            stderr=screen,
            env={**os.environ, **(environment or {})},
            start_new_session=not terminal,
        )
        os.close(screen)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        rest = b""
        try:
            while chunk := os.read(self.master, 4096):
                *whole, rest = (rest + chunk).split(b"\n")
                self.lines += [line.decode(errors="replace").strip() for line in whole]
        except OSError:  # its terminal was closed
            pass

    @property
    def text(self) -> str:
        """All that it has said."""
        return "\n".join(self.lines)

    def wait_for(self, text: str) -> None:
        """Wait until it has said this."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text not in self.text:
            if time.monotonic() > deadline or self.process.poll() is not None:
                self.end_all()
                raise RuntimeError(f"'{text}' was not said:\n{self.text}")
            time.sleep(0.02)

    def descendants(self) -> list[int]:
        """Processes below it."""
        return below(self.process.pid)

    def workers(self) -> list[int]:
        """The processes that train for a sweep."""
        return [pid for pid in self.descendants() if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    def signal_all(self, number: int) -> None:
        """Send a signal to its process group, as a terminal does."""
        os.killpg(self.process.pid, number)

    def end_all(self) -> None:
        """Kill it and all that is below it."""
        for pid in [*self.descendants(), self.process.pid]:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def end(self) -> int:
        """Wait until it ends; its exit status, negative for a signal. One that does not end is killed."""
        try:
            status = self.process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            self.end_all()
            self.lines.append("deeplab: (it did not end, and was killed)")
            status = self.process.wait()
        self._reader.join(5)
        return status

    def said(self) -> str:
        """What it told a person of the fault: lines that begin with `deeplab:` or say what is done, or the last."""
        done = ("tried again", "an earlier start")
        lines = [line for line in self.lines if line.startswith("deeplab:") or any(each in line for each in done)]
        told = [line.removeprefix("deeplab: ") for line in lines]
        return " / ".join(told or self.lines[-1:])


def below(pid: int) -> list[int]:
    """The processes that a process started, and those that they started."""
    found, heads = [], [pid]
    while heads:
        told = subprocess.run(["pgrep", "-P", str(heads.pop())], capture_output=True, text=True, check=False).stdout
        children = [int(line) for line in told.split()]
        found += children
        heads += children
    return found
