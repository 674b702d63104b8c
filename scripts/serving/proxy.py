"""A way to a server that can be made slow, or closed to whatever writes."""

import contextlib
import socket
import threading
import time

WRITES = (b"PUT ", b"POST ", b"DELETE ")
REFUSED = b'<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>This bucket is read-only.</Message></Error>'


class Proxy:
    """Hands on what comes to its port.

    Attributes:
        port: that it listens on, of 127.0.0.1.
        delay: seconds that every request waits.
        read_only: whether requests that write are refused, as an object store refuses them.
    """

    def __init__(self, target: int) -> None:
        """Listen, and hand on to this port."""
        self.delay, self.read_only = 0.0, False
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        for each in (client, server):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        is_answered = threading.Event()  # what comes next of the client is another request
        is_answered.set()
        threading.Thread(target=self._answer, args=(server, client, is_answered), daemon=True).start()
        with contextlib.suppress(OSError):
            while content := client.recv(1 << 16):
                if is_answered.is_set():
                    is_answered.clear()
                    time.sleep(self.delay)
                    if self.read_only and content.startswith(WRITES):
                        head = f"HTTP/1.1 403 Forbidden\r\nContent-Length: {len(REFUSED)}\r\nConnection: close\r\n\r\n"
                        client.sendall(head.encode() + REFUSED)
                        break
                server.sendall(content)
        for each in (client, server):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _answer(self, server: socket.socket, client: socket.socket, is_answered: threading.Event) -> None:
        with contextlib.suppress(OSError):
            while content := server.recv(1 << 16):
                is_answered.set()
                client.sendall(content)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
