"""Every word that we exchange with DBOS."""

import contextvars
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Final, ParamSpec, TypeVar

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, SetWorkflowID, SQLAlchemyDatasource, error
from dbos import _dbos as global_dbos  # pyright: ignore[reportPrivateUsage]
from dbos._context import get_local_dbos_context
from dbos._datasource_migration import migrate_datasource

from pilotage.machinery.engine.dbos import connections, logs
from pilotage.machinery.engine.dbos.records import Json, NotRecorded
from pilotage.machinery.engine.errors import EngineAlreadyRunning
from pilotage.machinery.engine.port import Checkpoint, Overtaken
from pilotage.machinery.storage.database import Database, Tx

PROTOCOL: Final = "pilotage-batch-1"
"""What DBOS calls the version of the application, and demands to be equal. It is raised when a batch that was begun by
the code before cannot go on with the code after; a release of an automation has nothing to do with it."""

_APPLICATION: Final = "pilotage"
_WORKFLOW: Final = "batch"
_STEP: Final = "checkpoint"
_PREFIX: Final = "batch-"
_CHUNK: Final = 500

_LOST: Final = (error.DBOSWorkflowConflictIDError, error.DBOSWorkflowCancelledError)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_making = threading.Lock()
_made: "list[Adapter]" = []


class Leave(BaseException):
    """Ends a run without an outcome.

    To what returns or raises an Exception DBOS gives an outcome, for ever, and drops its checkpoints; and a run that lost
    its workflow would hold its thread until the other one ends. A BaseException does none of it: the workflow stays
    pending with all its checkpoints, and the thread is free.
    """


class Adapter:
    """The one DBOS of this process."""

    def __init__(self, database: Database, executor: str, threads: int, run: Callable[[int, Checkpoint], None]) -> None:
        self.executor = executor
        self._database = database
        self._threads = threads
        self._isolation: Final = "SERIALIZABLE" if database.dialect == "sqlite" else "READ COMMITTED"
        with _making:
            # DBOS does not tell otherwise whether there is one.
            if _made or global_dbos._dbos_global_instance is not None:  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
                raise EngineAlreadyRunning(_made[0].executor if _made else "made by other code than Pilotage")
            _made.append(self)
        logs.silence()
        self._own = connections.of_its_own(database, 2 * threads + 4)
        try:
            self._dbos = DBOS(config=_configuration(database, self._own, executor))
            self._datasource = _datasource(database, self._own)
            if database.dialect == "postgresql":
                connections.wait_for_the_database(database.engine)
        except BaseException:
            self.destroy()
            raise

        # No limit to the attempts: that a batch kills its workers is seen, and ended, by the runtime.
        @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)
        def batch_workflow(batch: int) -> None:
            run(batch, lambda save: self._checkpoint(batch, save))

        self._workflow = batch_workflow

    @staticmethod
    def launch(queues: Sequence[str]) -> None:
        """Begin to claim batches from these queues, whenever they are open."""
        DBOS.listen_queues(list(queues))
        DBOS.launch()

    def open_queue(self, queue: str, polling: float) -> None:
        """Have a queue looked into, if it is not yet, by every process that listens to it."""
        if outside(DBOS.retrieve_queue, queue) is not None:
            return
        # Without worker_concurrency one process would claim the whole queue.
        outside(
            DBOS.register_queue,
            queue,
            worker_concurrency=self._threads,
            polling_interval_sec=polling,
            on_conflict="never_update",
        )

    @staticmethod
    def open_queues() -> list[str]:
        """The queues that are looked into."""
        return [queue.name for queue in outside(DBOS.list_queues)]

    def widen(self, queue: str) -> None:
        """Let a process claim as many batches as this one has threads; who opened the queue may have fewer."""
        found = outside(DBOS.retrieve_queue, queue)
        if found is not None and (found.worker_concurrency or 0) < self._threads:
            outside(found.set_worker_concurrency, self._threads)

    @staticmethod
    def close_queue(queue: str) -> None:
        """Have a queue looked into no more; what lies on it stays there until it is opened again."""
        outside(DBOS.delete_queue, queue)

    @staticmethod
    def waits(queues: Sequence[str]) -> bool:
        """Whether something on one of the queues has not been claimed."""
        found = outside(
            DBOS.list_workflows,
            queue_name=list(queues),
            status="ENQUEUED",
            limit=1,
            load_input=False,
            load_output=False,
        )
        return bool(found)

    def start(self, batch: int) -> bool:
        """Run a batch in a thread of this process; False if DBOS knows it already."""
        return self._begin(batch, lambda: DBOS.start_workflow(self._workflow, batch))

    def enqueue(self, batch: int, queue: str) -> bool:
        """Put a batch on a queue; False if DBOS knows it already."""
        return self._begin(batch, lambda: DBOS.enqueue_workflow(queue, self._workflow, batch))

    @staticmethod
    def _begin(batch: int, begin: Callable[[], object]) -> bool:
        def named() -> bool:
            with SetWorkflowID(_id(batch), workflow_id_reuse_policy="reject"):
                try:
                    begin()
                except NotRecorded as refused:
                    if isinstance(refused.error, error.DBOSWorkflowIDInUseError):
                        return False
                    raise refused.error from None
            return True

        return outside(named)

    @staticmethod
    def pending(executor: str) -> list[int]:
        """The batches that a life has begun and not ended."""
        found = outside(
            DBOS.list_workflows,
            executor_id=executor,
            status="PENDING",
            name=_WORKFLOW,
            load_input=False,
            load_output=False,
        )
        return [int(workflow.workflow_id.removeprefix(_PREFIX)) for workflow in found]

    @staticmethod
    def resume(batches: Sequence[int], queue: str) -> None:
        """Take batches from whoever has them and put them on a queue; one that has ended meanwhile stays ended."""
        for chunk in _chunks(batches):
            try:
                outside(DBOS.resume_workflows, chunk, queue_name=queue)
            except error.DBOSNonExistentWorkflowError:
                # One of them was forgotten a moment ago, and all were refused.
                if len(chunk) > 1:
                    for batch in batches:
                        Adapter.resume([batch], queue)

    @staticmethod
    def drop(batches: Sequence[int]) -> None:
        """Make DBOS forget that batches were begun, but not their checkpoints: begun again, they go on behind them."""
        for chunk in _chunks(batches):
            outside(DBOS.delete_workflows, chunk)

    def forget(self, batches: Sequence[int]) -> None:
        """Remove everything that DBOS knows of batches."""
        self.drop(batches)
        for chunk in _chunks(batches):
            connections.remove_checkpoints(self._database, chunk)

    def stop_claiming(self) -> None:
        """Claim nothing from the queues any more; what runs goes on."""
        for stop in self._dbos.background_thread_stop_events:
            stop.set()

    def running(self) -> bool:
        """Whether a run has not been left yet by DBOS, which writes down its outcome after our part of it has returned."""
        return bool(self._dbos._active_workflows_set.activeList())  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]

    def destroy(self) -> None:
        """Stop, and let another engine be made in this process."""
        DBOS.destroy(destroy_registry=True)
        connections.dispose(self._own)
        with _making:
            _made.remove(self)

    def _checkpoint(self, batch: int, save: Callable[[Tx], str]) -> str:
        tries = 0

        def saving() -> str:
            nonlocal tries
            tries += 1
            return save(self._datasource.sql_session().connection())

        try:
            return self._step(saving)
        except _LOST as lost:
            raise Overtaken from lost
        except NotRecorded as unrecorded:
            raised = unrecorded.error
            # Nothing was recorded, so the next checkpoint of this run is this one again, and not the one after it.
            _step_back()
            if isinstance(raised, Overtaken) and tries > 1:
                return self._recorded(raised)
        except Exception as other:  # noqa: BLE001 - told apart below
            raised = other
            # Perhaps ours is committed, and DBOS's account of it is not: then the same checkpoint finds what is recorded.
            _step_back()
        if not isinstance(raised, Overtaken) and _is_gone(batch):
            raise Overtaken from raised
        cause = raised.__cause__
        raise raised from cause

    def _step(self, saving: Callable[[], str]) -> str:
        return self._datasource.run_tx_step({"name": _STEP, "isolation_level": self._isolation}, saving)

    def _recorded(self, overtaken: Overtaken) -> str:
        """The result that is recorded for the checkpoint in hand.

        DBOS has called `save` again because the connection was lost, perhaps behind the commit. What `save` then takes for
        another run's checkpoint may be our own, and who gave up here would leave a batch that nobody goes on with. If it is
        another run's, the next checkpoint is refused, because that run owns the workflow.
        """

        def refuse() -> str:
            raise overtaken

        try:
            return self._step(refuse)
        except NotRecorded as unrecorded:
            _step_back()
            raise unrecorded.error from None
        except _LOST as lost:
            raise Overtaken from lost


def outside(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """Call DBOS as from outside of any workflow.

    A runner may start the next batches, or forget some. DBOS would take that for a step of the workflow that runs in this
    thread, and count it, and every later checkpoint would have another number than in the run before.
    """
    return contextvars.Context().run(call, *args, **kwargs)


def _is_gone(batch: int) -> bool:
    """Whether DBOS does not know the batch any more: it was ended, and forgotten, by somebody else."""
    return outside(DBOS.get_workflow_status, _id(batch)) is None


def _step_back() -> None:
    context = get_local_dbos_context()
    if context is not None:
        context.function_id -= 1


def _id(batch: int) -> str:
    return f"{_PREFIX}{batch}"


def _chunks(batches: Sequence[int]) -> Iterator[list[str]]:
    for first in range(0, len(batches), _CHUNK):
        yield [_id(batch) for batch in batches[first : first + _CHUNK]]


def _configuration(database: Database, own: sa.Engine, executor: str) -> DBOSConfig:
    return {
        "name": _APPLICATION,
        "executor_id": executor,
        "application_version": PROTOCOL,
        "serializer": Json(),
        "system_database_url": database.url,
        "system_database_engine": own,
        "dbos_system_schema": connections.SCHEMA,
        # We use neither its notifications nor its tracing; its log lines go to our logger.
        "use_listen_notify": False,
        "notification_listener_polling_interval_sec": 0.25,
        "enable_otlp": False,
        "log_level": "WARNING",
    }


def _datasource(database: Database, own: sa.Engine) -> SQLAlchemyDatasource:
    sqlite = database.dialect == "sqlite"
    if sqlite:
        # DBOS would read before it writes, and SQLite refuses that, however long one would wait, when another process has
        # written in between: with several busy ones a start was refused (PLT-932). Ours has the write lock from the start.
        with database.transaction() as tx:
            migrate_datasource(tx, None)
    return SQLAlchemyDatasource.create(
        database.url,
        engine=own,
        schema=connections.SCHEMA,
        serializer=Json(),
        sessionmaker=connections.sessions(database),
        run_migrations=not sqlite,
    )
