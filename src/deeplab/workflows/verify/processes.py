"""Work that is done side by side in processes of their own."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from deeplab.child_process import end_with_parent, starting_a_child
from deeplab.errors import RunError

T = TypeVar("T")
R = TypeVar("R")


def in_processes(function: Callable[[T], R], jobs: Sequence[T], workers: int) -> Iterator[R]:
    """Give what a function returns for each of some jobs, in their order.

    Args:
        function: of a module, which another process can import.
        jobs: that it is called with.
        workers: processes that share the jobs; with one they are done in this process.

    Raises:
        RunError: a process was ended from outside.
    """
    if workers == 1:
        yield from map(function, jobs)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=end_with_parent)
    try:
        with starting_a_child():
            futures = [pool.submit(function, job) for job in jobs]
        for future in futures:
            yield future.result()
    except BrokenProcessPool as error:
        raise RunError("A process that verifies was ended; perhaps memory ran out.") from error
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()  # what it does is of no use any more
        raise
    finally:
        pool.shutdown(cancel_futures=True)
