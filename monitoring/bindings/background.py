"""Loads Node's half of the bindings in the background while Python imports its own half.

jsii starts Node, and asks it to load each assembly as the Python package is imported; each time it waits, a quarter of
a second in all, for answers that say nothing. Here a thread asks and waits, in the same order.
"""

from __future__ import annotations

import functools
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any

SWITCH_INTERVAL = 0.0005
"""Seconds after which Python lets the thread go on, which has little to do at each answer; its own 5 ms add up."""


def load_in_the_background(process: ModuleType) -> None:
    """Change jsii's module of that name (`jsii._kernel.providers.process`).

    What is asked next waits for all loads before it; there an error of one of them is raised, as it came.
    """
    sys.setswitchinterval(SWITCH_INTERVAL)
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="jsii loads")
    under_way: deque[Future[Any]] = deque()
    load, send = process.ProcessProvider.load, process._NodeProcess.send

    def start(provider: Any) -> None:
        under_way.append(thread.submit(getattr, provider, "_process"))

    @functools.wraps(load)
    def load_later(provider: Any, request: Any) -> None:
        under_way.append(thread.submit(load, provider, request))

    @functools.wraps(send)
    def send_after_loads(node: Any, request: Any, response_type: Any) -> Any:
        while under_way and not isinstance(request, process.LoadRequest):
            under_way.popleft().result()
        return send(node, request, response_type)

    process.ProcessProvider.__init__ = start
    process.ProcessProvider.load = load_later
    process._NodeProcess.send = send_after_loads
