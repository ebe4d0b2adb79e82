# SPDX-License-Identifier: MIT
"""Shows one page to browsers on this machine, and to nobody else's."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from deepion.errors import InputError

HERE = "127.0.0.1"
HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'",
}


class Handler(BaseHTTPRequestHandler):
    """Answers every question with the page."""

    server: "Server"

    def do_GET(self) -> None:  # noqa: N802
        # A page from elsewhere that a browser shows could ask under a name that it has made to mean this machine.
        if self.headers.get("Host", "").partition(":")[0] not in (HERE, "localhost"):
            self.send_error(403, "only for this machine")
        elif self.path not in ("/", "/index.html"):
            self.send_error(404)
        else:
            page = self.server.page
            self.send_response(200)
            for name, value in HEADERS.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

    def log_message(self, format: str, *words: object) -> None:
        """Nothing: the terminal is for the runs."""


class Server(ThreadingHTTPServer):
    """Runs beside the rest of the program and ends with it."""

    daemon_threads = True

    def __init__(self, port: int):
        self.page = b""
        try:
            super().__init__((HERE, port), Handler)
        except (OSError, OverflowError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it must be between 0 and 65535"
            raise InputError(
                f"cannot listen at port {port}: {reason}: give another, as --serve {8766 if port == 8765 else 8765}, or 0 for any that is free"
            ) from None
        Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{HERE}:{self.server_port}/"
