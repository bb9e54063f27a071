"""Waiting in an event loop for what another thread does."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from typing import Any


class Arrivals:
    """Awaits futures that another thread completes. As `asyncio.wrap_future`, but whatever arrives while the event loop is busy
    wakes it once, not once for each: a wake-up is a system call, at which two threads fight for the interpreter."""

    def __init__(self) -> None:
        self._arrived: deque[asyncio.Future[None]] = deque()
        self._is_waking = False

    async def wait_for(self, future: Future[Any]) -> None:
        """Wait until a future is done; its result or error is left in it. Who gives up waiting cancels it where he can."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        future.add_done_callback(lambda _: self._arrive(loop, waiter))
        try:
            await waiter
        except asyncio.CancelledError:
            future.cancel()
            raise

    def _arrive(self, loop: asyncio.AbstractEventLoop, waiter: asyncio.Future[None]) -> None:
        self._arrived.append(waiter)  # first: a wake-up that has not begun yet will see it
        if not self._is_waking and not loop.is_closed():
            self._is_waking = True
            loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self._is_waking = False
        while self._arrived:
            waiter = self._arrived.popleft()
            if not waiter.done():
                waiter.set_result(None)
