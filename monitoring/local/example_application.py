"""The example application, with requests: `python -m monitoring.local.example_application PORT`; /metrics."""

from __future__ import annotations

import sys
import time
from io import BytesIO

from oversight_metrics import serve_metrics
from oversight_metrics.example.wsgi import create_app

PAUSE = 0.5
"""Seconds between requests: light on the machine, and a rate that graphs show."""

REQUESTS = (("POST", "/orders"), ("GET", "/orders/1"), ("GET", "/orders/999"), ("GET", "/nothing"))


def main(port: int) -> None:
    """Serve the page, and let the customer come for ever."""
    serve_metrics(port, "127.0.0.1")
    app = create_app()
    for turn in range(sys.maxsize):
        method, path = REQUESTS[turn % len(REQUESTS)]
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "wsgi.input": BytesIO(),
            "HTTP_USER": f"user-{turn % 7}",
        }
        list(app(environ, lambda *_: lambda _: None))
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(int(sys.argv[1]))
