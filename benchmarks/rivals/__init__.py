"""Who is measured beside Pilotage: one file each, one line here."""

from benchmarks.contender import Contender
from benchmarks.ours import throughput as pilotage
from benchmarks.rivals import (
    absurd_tasks,
    celery_tasks,
    dbos_workflows,
    floor,
    procrastinate_tasks,
    restate_services,
    temporal_workflows,
)

CONTENDERS: list[Contender] = [
    contender
    for module in (
        pilotage,
        dbos_workflows,
        floor,
        absurd_tasks,
        procrastinate_tasks,
        celery_tasks,
        temporal_workflows,
        restate_services,
    )
    for contender in module.CONTENDERS
]
