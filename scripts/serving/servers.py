"""PostgreSQL, an S3 server and an MLflow server on both, in a temporary folder and on 127.0.0.1 alone."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from serving.proxy import Proxy

BUCKET = "mlflow"
USER, PASSWORD = "deeplab", "of-a-test"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
PROGRAMS = Path("/usr/lib/postgresql")  # where Debian has them, by version
START_SECONDS = 300.0


class Servers:
    """All three of them, and ways to two of them that can be made slow.

    Attributes:
        folder: that all they keep is in; it goes with them.
        to_mlflow: what deeplab goes through to the MLflow server.
        to_s3: what the MLflow server goes through to the bucket.
    """

    def __init__(self) -> None:
        """Start them."""
        self.folder = Path(tempfile.mkdtemp(prefix="deeplab-servers-"))
        self.folder.chmod(0o711)  # PostgreSQL runs as somebody else
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._ports = {name: free_port() for name in ("postgres", "s3", "mlflow")}
        try:
            self._create_database()
            self._start_s3()
            self.to_s3 = Proxy(self._ports["s3"])
            self.start_mlflow()
            self.to_mlflow = Proxy(self._ports["mlflow"])
        except BaseException:
            self.close()
            raise

    @property
    def database(self) -> str:
        """The address of the database."""
        return f"postgresql+psycopg2://{USER}:{PASSWORD}@127.0.0.1:{self._ports['postgres']}/mlflow"

    @property
    def address(self) -> str:
        """The address of the MLflow server."""
        return f"http://127.0.0.1:{self.to_mlflow.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs that goes to the bucket itself."""
        return {**os.environ, **KEYS, "MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{self.to_s3.port}"}

    @property
    def bucket(self) -> Any:
        """The bucket, as boto3 has it."""
        import boto3

        address = f"http://127.0.0.1:{self._ports['s3']}"
        names = {"aws_access_key_id": "test", "aws_secret_access_key": "test", "region_name": "us-east-1"}
        return boto3.resource("s3", endpoint_url=address, **names).Bucket(BUCKET)

    def close(self) -> None:
        """End them and delete what they kept."""
        for name in list(self._programs):
            self._stop(name)
        if (self.folder / "postgres" / "postmaster.pid").exists():
            self.stop_postgres()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_mlflow(self) -> None:
        """Start the MLflow server, with the line that the documents have."""
        command = [
            *("-m", "mlflow", "server", "--backend-store-uri", self.database),
            *("--artifacts-destination", f"s3://{BUCKET}/mlflow"),
            *("--host", "127.0.0.1", "--port", str(self._ports["mlflow"]), "--workers", "1"),
        ]
        self._start("mlflow", [sys.executable, *command], self.environment, "/health")

    def stop_mlflow(self) -> None:
        """End the MLflow server at once."""
        self._stop("mlflow")

    def start_postgres(self) -> None:
        """Start the database that is there."""
        options = f"-p {self._ports['postgres']} -k {self.folder / 'postgres'} -c listen_addresses=127.0.0.1"
        self._postgres("pg_ctl", "-w", "-l", str(self.folder / "postgres" / "log"), "-o", options, "start")

    def stop_postgres(self) -> None:
        """End the database at once, as a power cut would."""
        self._postgres("pg_ctl", "-w", "-m", "immediate", "stop")

    def mlflow(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Carry out a command of MLflow's own."""
        command = [sys.executable, "-m", "mlflow", *arguments]
        return subprocess.run(
            command,
            cwd=self.folder,
            env={**self.environment, "MLFLOW_TRACKING_URI": self.address},
            capture_output=True,
            text=True,
            check=False,
        )

    def _create_database(self) -> None:
        data, secret = self.folder / "postgres", self.folder / "secret"
        data.mkdir(mode=0o700)
        secret.write_text(PASSWORD)
        if os.getuid() == 0:
            shutil.chown(data, "postgres")
            shutil.chown(secret, "postgres")
        self._postgres("initdb", "-U", USER, "-A", "scram-sha-256", f"--pwfile={secret}", "--encoding=UTF8")
        self.start_postgres()
        createdb = [str(_programs() / "createdb"), "-h", "127.0.0.1", "-p", str(self._ports["postgres"]), "-U", USER]
        subprocess.run([*createdb, "mlflow"], env={**os.environ, "PGPASSWORD": PASSWORD}, check=True)

    def _postgres(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL on its data, as somebody who is not root."""
        as_somebody = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
        command = [*as_somebody, str(_programs() / program), "-D", str(self.folder / "postgres"), *arguments]
        subprocess.run(command, cwd="/", stdout=subprocess.DEVNULL, check=True)

    def _start_s3(self) -> None:
        """Start the object store, which keeps everything in memory."""
        program = Path(sys.executable).with_name("moto_server")
        self._start("s3", [str(program), "-H", "127.0.0.1", "-p", str(self._ports["s3"])], dict(os.environ), "/")
        self.bucket.create()

    def _start(self, name: str, command: list[str], environment: dict[str, str], path: str) -> None:
        log = self.folder / f"{name}.log"
        with log.open("ab") as file:
            program = subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=file, stderr=file, start_new_session=True
            )
        self._programs[name] = program
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and program.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self._ports[name]}{path}", timeout=5).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise SystemExit(f"{name} does not start:\n{log.read_text()[-2000:]}")

    def _stop(self, name: str) -> None:
        """End a server and its workers."""
        program = self._programs.pop(name)
        with contextlib.suppress(ProcessLookupError):  # it ended by itself
            os.killpg(program.pid, signal.SIGKILL)
        program.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _programs() -> Path:
    """The folder of PostgreSQL's programs."""
    return max(PROGRAMS.glob("*/bin"), key=lambda path: int(path.parent.name))
