"""`deeplab ui`: the MLflow UI on the store that runs are logged to."""

import os
import socket
import subprocess
import sys
from contextlib import suppress
from typing import Annotated

import typer

from deeplab.cli.arguments import ConfigDir, Overrides, reading_files
from deeplab.cli.terminal.text import print_line
from deeplab.config.compose import compose
from deeplab.errors import UserError
from deeplab.tracking.foreign import check_locations
from deeplab.tracking.location import locate_store, redact_password
from deeplab.tracking.relocate import relocate

HOST = "127.0.0.1"


@reading_files
def ui(
    overrides: Overrides = None,
    config_dir: ConfigDir = None,
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="The port to listen on.")] = 5000,
) -> None:
    """Open the MLflow UI on this machine alone.

    deeplab ui --port 5001
    """
    place = locate_store(compose(overrides or [], config_dir).config.tracking.uri)
    if place.is_server:
        print_line(f"The store is a server with a UI of its own: {redact_password(place.uri)}")
        return
    if place.database is not None and not place.database.exists():
        raise UserError(f"There is no store {place.database} yet. Train something first, as in: deeplab train")
    if place.database is not None:
        check_locations(place.database)
    _check_free(port)
    if place.database is not None:
        relocate(place.database)
    print_line(f"store {redact_password(place.uri)}")
    print_line(f"open  http://{HOST}:{port}  (Ctrl-C ends it)")
    command = ["-m", "mlflow", "ui", "--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--uvicorn-opts", "--log-level warning"]
    artifacts = (place.work_folder.parent / "mlruns").as_uri()
    environment = {**os.environ, "MLFLOW_TRACKING_URI": place.uri, "MLFLOW_DEFAULT_ARTIFACT_ROOT": artifacts}
    environment |= {"MLFLOW_BACKEND_STORE_URI": place.uri, "MLFLOW_LOGGING_LEVEL": "ERROR", "PYTHONWARNINGS": "ignore"}
    server = subprocess.Popen([sys.executable, *command], env=environment)
    with suppress(KeyboardInterrupt):  # which is how it is ended
        status = server.wait()
        if status:
            raise UserError(f"The MLflow UI ended with status {status}; its own lines above say why.")
    server.terminate()
    server.wait()


def _check_free(port: int) -> None:
    with socket.socket() as probe:
        # As the server does, or the minute after it ended would count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise UserError(f"Port {port} is not free ({error.strerror}). Try --port {port % 65535 + 1}.") from error
