"""`python -m oversight_metrics`: the page of several worker processes, from the folder that they share."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from oversight_metrics.page import PORT, serve_metrics
from oversight_metrics.workers import FOLDER


def main() -> int:
    """Serve until it is ended; 2 where the folder is missing."""
    parser = argparse.ArgumentParser(prog="python -m oversight_metrics", description=__doc__)
    parser.add_argument("--port", type=int, default=PORT, help="of the page (default: %(default)s)")
    parser.add_argument("--address", default="0.0.0.0", help="to listen on (default: all)")  # noqa: S104
    arguments = parser.parse_args()
    folder = os.environ.get(FOLDER, "")
    if not folder or not Path(folder).is_dir():
        sys.stderr.write(f"{FOLDER} must be a folder that the worker processes share, got {folder or 'nothing'}\n")
        return 2
    _, thread = serve_metrics(arguments.port, arguments.address)
    thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
