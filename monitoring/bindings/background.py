"""Lets Node load its half of the bindings while Python imports its own half.

jsii starts Node, and asks it to load each assembly as the Python package is imported; each time it waits, a quarter of
a second in all, for answers that say nothing. Here a thread asks and waits, in the same order. It then asks for each
class that Python has imported, so that Node has it when the first object is made.
"""

from __future__ import annotations

import functools
import select
import sys
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import ModuleType
from typing import Any

SWITCH_INTERVAL = 0.0005
"""Seconds after which Python lets the thread go on, which has little to do at each answer; its own 5 ms add up."""

SECONDS_TO_END = 5
"""What jsii gives Node."""


def load_in_the_background(process: ModuleType) -> None:
    """Change jsii's module of that name (`jsii._kernel.providers.process`); its provider gets `load_class`.

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

    def load_class(provider: Any, fqn: str) -> None:
        request = process.StaticGetRequest(fqn=fqn, property="tfResourceType")  # of each; to tell it, Node loads it
        under_way.append(thread.submit(lambda: send(provider._process, request, process.GetResponse)))

    @functools.wraps(send)
    def send_after_loads(node: Any, request: Any, response_type: Any) -> Any:
        while under_way and not isinstance(request, process.LoadRequest):
            under_way.popleft().result()
        return send(node, request, response_type)

    process.ProcessProvider.__init__ = start
    process.ProcessProvider.load = load_later
    process.ProcessProvider.load_class = load_class
    process._NodeProcess.send = send_after_loads


def end_without_polling(process: ModuleType) -> None:
    """Change the same module: Python knows at once that Node has ended, where jsii looks every few ms."""
    stop = process._NodeProcess.stop

    @functools.wraps(stop)
    def stop_at_the_end_of_output(node: Any) -> None:
        if not node._process.stdin.closed:
            node._process.stdin.write(b'{"exit":0}\n')
            node._process.stdin.close()
            select.select([node._process.stdout], [], [], SECONDS_TO_END)
        stop(node)

    process._NodeProcess.stop = stop_at_the_end_of_output
