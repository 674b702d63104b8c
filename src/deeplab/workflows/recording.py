"""Write a run from its first line to its end, whatever ends it; and which sweep it belongs to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

from deeplab.errors import Interrupted, Pruned, RunError, UserError, exit_status
from deeplab.tracking.location import redact_password
from deeplab.tracking.run_log import JOIN_SECONDS, RunLog
from deeplab.tracking.store import Store, first_line, short_timeouts, store_errors
from deeplab.workflows.signals import HeldSignals


@dataclass(frozen=True)
class ParentRun:
    """The sweep that a run belongs to."""

    parent_id: str  # of the sweep's own run
    name: str  # of this run
    tags: Mapping[str, str]  # which point and replicate it is
    until: int | None = None  # the epoch after which it is paused, or None


def _keep_nothing(_log: RunLog, _cause: BaseException) -> None:
    pass


class recorded:
    """A run that is written in a block: `with recorded(store, begin, interrupted) as log:`.

    A block that ends leaves the run FINISHED, unless it has ended the run itself. A signal that ends processes leaves
    it KILLED, whenever it comes: signals are held back until the run is in hand, the first one is let through, and
    those that come while the run is ended are lost, unless a server is waited for, which a second one ends. Anything
    else that is raised leaves it FAILED.

    Raises:
        UserError: the store takes no run; none is left.
        Interrupted: a signal ended the run, which is KILLED.
        RunError: the block raised it, or the store took no more; the run is FAILED.
    """

    def __init__(
        self,
        store: Store,
        begin: Callable[[], RunLog],
        interrupted: Callable[[RunLog], str],
        keep: Callable[[RunLog, BaseException], str | None] = _keep_nothing,
    ) -> None:
        """Begin nothing yet.

        Args:
            store: where the run is kept.
            begin: creates the run, or goes on with one; no signal cuts it off.
            interrupted: what a person is told of a run that a signal has ended.
            keep: called with the cause before a run ends early, to log what there is and to stop what still works for
                it. Where the store is the cause it may return a sentence on what it saved elsewhere.
        """
        self._store, self._begin, self._interrupted, self._keep = store, begin, interrupted, keep
        self._patience_seconds = JOIN_SECONDS

    def __enter__(self) -> RunLog:
        """Begin the run."""
        self._held = HeldSignals(always_in=recorded.__exit__.__code__)
        try:
            self._log = self._begin()
        except store_errors() as error:
            self._held.release()
            raise UserError(
                f"The store {redact_password(self._store.place.uri)} takes no run ({first_line(error)})."
            ) from error
        except BaseException:
            self._held.release()
            raise
        try:
            self._held.let_through()
            return self._log
        except BaseException as cause:
            told = self._end_early(cause)
            if told is cause:
                raise
            raise told from cause

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the run.

        A signal at the head of this function would skip it all, so it is held back while this frame runs; what the
        frame calls can be ended by a signal until `are_held` is set.
        """
        cause = error
        try:
            if cause is None and not self._log.has_ended:
                self._log.close()
                self._log.flush()  # can take minutes with a server that is gone, and be ended meanwhile
        except BaseException as raised:
            cause = raised
        self._held.are_held = True
        try:
            if cause is None and not self._log.has_ended:
                self._log.end("FINISHED")
        except BaseException as raised:
            cause = raised
        if cause is None:
            self._held.forget()
            return
        told = self._end_early(cause)
        if told is not error:
            raise told from cause

    def _end_early(self, cause: BaseException) -> BaseException:
        """End the run as its cause deserves, and return what the caller is to be told."""
        try:
            with self._log:
                return self._told(cause)
        finally:
            self._held.forget()

    def _told(self, cause: BaseException) -> BaseException:
        interrupt = cause if isinstance(cause, KeyboardInterrupt) else self._held.interrupt
        try:
            if interrupt is not None:
                try:
                    self._wait_for_server(self._log.check_answers)
                except store_errors() as error:
                    return self._store_failed(error, is_gone=True)
                with short_timeouts():
                    self._keep(self._log, interrupt)
                    self._wait_for_server(self._log.flush)
                    self._log.end("KILLED", f"ended by {type(interrupt).__name__}")
                return Interrupted(self._interrupted(self._log), exit_status(interrupt))
            if isinstance(cause, store_errors()):
                return self._store_failed(cause)
            self._keep(self._log, cause)
            self._wait_for_server(self._log.flush)
            if isinstance(cause, Pruned):
                self._log.end("KILLED")
            elif isinstance(cause, RunError):
                self._log.end("FAILED", str(cause))
                return RunError(f"{cause} Run {self._log.run_id[:8]} is FAILED.")
            else:
                self._log.end("FAILED", f"{type(cause).__name__}: {cause}")
        except store_errors() as error:
            return self._store_failed(error)
        return cause

    def _wait_for_server(self, ask: Callable[[], None]) -> None:
        """Ask a server, if it is one, be it MLflow's or a database; another signal ends the waiting for it."""
        if self._store.place.database is not None:
            return
        try:
            self._held.let_through()
            ask()
        except KeyboardInterrupt as again:
            self._patience_seconds = 0
            raise TimeoutError("interrupted again while it was waited for") from again
        finally:
            self._held.are_held = True

    def _store_failed(self, error: Exception, is_gone: bool = False) -> RunError:
        """End the run as FAILED as far as the store still takes it, and say so; one that is gone is not even asked."""
        kept = self._keep(self._log, error)
        why = f"The store {redact_password(self._store.place.uri)} took no more: {first_line(error)}."
        why += f" {kept}" if kept else ""
        status = "could not even be marked FAILED" if is_gone else "is FAILED"
        try:
            if is_gone:
                self._log.abandon()
            else:
                self._log.give_up(why, self._patience_seconds)
        except store_errors() as again:
            status = f"could not even be marked FAILED ({first_line(again)})"
        _, to_go_on, how = self._interrupted(self._log).partition(" To go on:")
        return RunError(f"{why} Run {self._log.run_id[:8]} {status}.{to_go_on}{how}")
