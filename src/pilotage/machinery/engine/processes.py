"""Which process this is, and whether another one of this host still lives."""

import os
import platform
from pathlib import Path
from typing import Final

import psutil

_PROC: Final = Path("/proc")
_DEAD_STATES: Final = frozenset("ZXx")
_START_FIELD: Final = 19
"""Field 22 of /proc/<pid>/stat, counted from behind the name of the program, which may itself hold blanks."""


def this_host() -> str:
    """What tells the processes apart that can see each other: the host, its boot and its space of process ids.

    The name alone does not do: two containers may share it, and each would take the other's processes for dead.
    """
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        space = (_PROC / "self/ns/pid").readlink().name
    except OSError:
        return platform.node()
    return f"{platform.node()} {boot} {space}"


def started(pid: int) -> int | None:
    """When the process of this id started, in an unknown unit that never changes; None when there is no such process.

    On Linux these are ticks since the boot. psutil's time of day is computed from them and from a clock that people
    set, so that a living process would look like another one after the clock jumped.
    """
    if (_PROC / "self/stat").exists():
        try:
            fields = (
                (_PROC / str(pid) / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            )
        except OSError:
            return None
        return None if fields[0] in _DEAD_STATES else int(fields[_START_FIELD])
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else int(process.create_time())
    except psutil.Error:
        return None


def this_process() -> tuple[int, int]:
    """The id of this process and when it started."""
    pid = os.getpid()
    return pid, started(pid) or 0
