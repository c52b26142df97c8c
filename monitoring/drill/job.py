"""The drill as the region's daily job: it drills, then shows the result to Prometheus for a while, and ends.

`python -m monitoring.drill.job`, in a pod that has these files, the standard library and a `thanos`, and writes into
the temporary folder alone. DRILL_JOB says what is asked, as JSON. Exit code 0 where the drill could be done, whatever
it found: alerts tell that.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from monitoring.clock import SYSTEM, Clock
from monitoring.drill.plan import VARIABLE, Plan, Promise
from monitoring.drill.run import as_json, drill, page
from monitoring.errors import CannotHave

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Job:
    """`port` is where the page is, `shown` for how many seconds."""

    objstore: Mapping[str, object]
    plan: Plan
    thanos: str
    port: int
    shown: float


def job_of(text: str) -> Job:
    """The job that the variable describes."""
    said = json.loads(text)
    plan = said.pop("plan")
    return Job(plan=Plan(**{**plan, "promise": Promise(**plan["promise"])}), **said)


def main(environment: Mapping[str, str], *, clock: Clock = SYSTEM) -> int:
    """Drill, tell, and the exit code."""
    job = job_of(environment[VARIABLE])
    try:
        report = drill(job.objstore, job.plan, thanos=job.thanos, now=clock.now())
    except (CannotHave, RuntimeError) as fault:
        sys.stderr.write(f"the drill could not be done: {fault}\n")
        return 2
    sys.stdout.write(f"{json.dumps(as_json(report))}\n")
    sys.stdout.flush()
    show(page(report), port=job.port, seconds=job.shown, clock=clock)
    return 0


def show(text: str, *, port: int, seconds: float, clock: Clock = SYSTEM) -> None:
    """Answer every GET with the page, for that long."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = text.encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Nothing: a line for each scrape says nothing."""

    with HTTPServer(("", port), Page) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        clock.sleep(seconds)
        server.shutdown()
        thread.join()


if __name__ == "__main__":
    sys.exit(main(os.environ))
