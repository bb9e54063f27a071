"""Waiting in an event loop for the work of another thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

import pytest

from crawler.storage.writer import Arrivals

T = TypeVar("T")


def run(waiting: Coroutine[Any, Any, T]) -> T:
    """Return the result of a coroutine; fail if it waits forever."""
    return asyncio.run(asyncio.wait_for(waiting, timeout=30))


def complete(futures: list[Future[int]]) -> threading.Thread:
    """Start a thread that gives each future its position as result."""

    def complete_all() -> None:
        for place, future in enumerate(futures):
            future.set_result(place)

    thread = threading.Thread(target=complete_all)
    thread.start()
    return thread


def test_all_waiting_tasks_are_woken() -> None:
    async def wait() -> list[int]:
        arrivals = Arrivals()
        futures: list[Future[int]] = [Future() for _ in range(2000)]
        threads = [complete(futures[:1000]), complete(futures[1000:])]
        await asyncio.gather(*map(arrivals.wait_for, futures))
        for thread in threads:
            thread.join()
        return [future.result() for future in futures]

    assert run(wait()) == [*range(1000), *range(1000)]


def test_arrivals_while_the_loop_is_busy_wake_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait() -> int:
        arrivals, loop, calls = Arrivals(), asyncio.get_running_loop(), 0
        call_soon_threadsafe = loop.call_soon_threadsafe

        def count(*arguments: Any) -> asyncio.Handle:
            nonlocal calls
            calls += 1
            return call_soon_threadsafe(*arguments)

        monkeypatch.setattr(loop, "call_soon_threadsafe", count)
        futures: list[Future[int]] = [Future() for _ in range(20)]
        waiting = [asyncio.create_task(arrivals.wait_for(future)) for future in futures]
        await asyncio.sleep(0)  # they start to wait
        complete(futures).join()  # the loop is busy with this
        await asyncio.gather(*waiting)
        return calls

    assert run(wait()) == 1


def test_finished_future_is_not_waited_for() -> None:
    done: Future[int] = Future()
    done.set_result(1)
    run(Arrivals().wait_for(done))


def test_error_stays_in_the_future() -> None:
    failed: Future[int] = Future()
    failed.set_exception(ValueError("words"))
    run(Arrivals().wait_for(failed))
    assert isinstance(failed.exception(), ValueError)


def test_cancelled_wait_cancels_a_job_that_has_not_started() -> None:
    async def give_up() -> tuple[bool, bool]:
        arrivals = Arrivals()
        waiting, begun = Future[int](), Future[int]()
        begun.set_running_or_notify_cancel()
        tasks = [asyncio.create_task(arrivals.wait_for(future)) for future in (waiting, begun)]
        await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        assert [type(end) for end in await asyncio.gather(*tasks, return_exceptions=True)] == [asyncio.CancelledError] * 2
        begun.set_result(1)  # no task waits any more, which is no error
        await asyncio.sleep(0)
        return waiting.cancelled(), begun.cancelled()

    assert run(give_up()) == (True, False)


def test_loop_that_has_ended_is_not_woken() -> None:
    future: Future[int] = Future()
    arrivals = Arrivals()

    async def leave() -> None:
        task = asyncio.create_task(arrivals.wait_for(future))
        await asyncio.sleep(0)
        future.set_running_or_notify_cancel()  # so that it cannot be cancelled
        task.cancel()

    run(leave())
    future.set_result(1)


def closing(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Close a loop at the moment when another thread wakes it."""

    def refuse(*arguments: object) -> None:
        raise RuntimeError("Event loop is closed")

    monkeypatch.setattr(loop, "call_soon_threadsafe", refuse)


def dropping(loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """End a loop before it runs the wake-up it was given."""
    monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *arguments: None)


@pytest.mark.parametrize("end", [closing, dropping])
def test_loop_that_ends_while_it_is_woken_keeps_no_later_waiter_from_being_woken(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[asyncio.AbstractEventLoop, pytest.MonkeyPatch], None]
) -> None:
    arrivals = Arrivals()

    async def leave() -> None:
        future: Future[int] = Future()
        task = asyncio.create_task(arrivals.wait_for(future))
        await asyncio.sleep(0)
        with monkeypatch.context() as patched:
            end(asyncio.get_running_loop(), patched)
            future.set_result(1)
        task.cancel()

    async def wait() -> None:
        future: Future[int] = Future()
        waiting = asyncio.create_task(arrivals.wait_for(future))
        await asyncio.sleep(0)
        complete([future]).join()
        await waiting

    run(leave())
    run(wait())
