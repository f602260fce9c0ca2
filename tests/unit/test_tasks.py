"""Background work ends when it is asked to, and goes on when it fails."""

import asyncio

from gateway.runtime.tasks import end, every, uncut


async def test_a_task_that_loses_a_cancellation_is_ended_all_the_same() -> None:
    """Libraries swallow a cancellation now and then; the stop of a gateway must not hang on it."""
    lost = 0

    async def deaf_once() -> None:
        nonlocal lost
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            lost += 1
        await asyncio.Event().wait()

    task = asyncio.create_task(deaf_once())
    await asyncio.sleep(0)
    await end([task])
    assert (1, True) == (lost, task.cancelled())


async def test_work_that_fails_is_tried_again() -> None:
    """One failure of a background task is logged, not its end."""
    done = asyncio.Event()
    calls = 0

    async def fails_once() -> None:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise RuntimeError("made to fail")
        done.set()

    task = every(0.0, fails_once, "test")
    await done.wait()
    await end([task])
    assert calls >= 2


async def test_short_work_is_done_to_its_end_when_its_task_is_cancelled() -> None:
    """However often it is asked; then the cancellation counts."""
    begun, may_end = asyncio.Event(), asyncio.Event()
    was_done = False

    async def short() -> None:
        nonlocal was_done
        begun.set()
        await may_end.wait()
        was_done = True

    task = asyncio.create_task(uncut(short()))
    await begun.wait()
    for _ in range(2):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    may_end.set()
    await asyncio.wait({task})
    assert (True, True) == (was_done, task.cancelled())
