"""The walls that the operating system and the interpreter put around a rehearsal, and what each of them has seen.

The network namespace is entered before anything else is loaded, because a thread that is there already would stay outside of it.
This module imports the standard library alone.
"""

import ctypes
import os
import re
import sys
import threading
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Final, cast

from pilotage.rehearsal.errors import NothingGetsOut

# -- the network namespace ------------------------------------------------------

_NEW_NETWORK: Final = 0x4000_0000
_NEW_USER: Final = 0x1000_0000
_COUNTED: Final = {"/proc/self/net/snmp": "Ip:", "/proc/self/net/snmp6": "Ip6OutNoRoutes"}


def cut_off() -> str | None:
    """Move this process into a network namespace without a way out; None: it holds, else why it does not.

    Call it before any thread begins: a namespace is a thread's, and later threads are born into it.
    """
    if sys.platform != "linux":
        return f"{sys.platform} has none"
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (OSError, AttributeError):
        return "this system's library has no unshare"
    user, group = os.getuid(), os.getgid()
    if unshare(_NEW_NETWORK) != 0:
        if unshare(_NEW_USER | _NEW_NETWORK) != 0:
            return f"this system does not allow it: {os.strerror(ctypes.get_errno())}"
        _stay_oneself(user, group)
    return None if _is_alone() else "it has a way out all the same"


def _stay_oneself(user: int, group: int) -> None:
    """In a new user namespace nobody is anybody until it is said who is who."""
    for file, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        try:
            Path(f"/proc/self/{file}").write_text(text, encoding="ascii")
        except OSError:  # it works as nobody, too: files are judged by the user that this process had before
            return


def _is_alone() -> bool:
    """Whether this process sees no network but its own loopback."""
    try:
        lines = Path("/proc/self/net/dev").read_text(encoding="ascii").splitlines()[2:]
        routes = Path("/proc/self/net/route").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return False
    return {line.partition(":")[0].strip() for line in lines} <= {"lo"} and not routes


def found_no_way() -> int:
    """How often the system found no way for something that was to leave this namespace, whatever had asked for it."""
    found = 0
    for file, name in _COUNTED.items():
        try:
            lines = Path(file).read_text(encoding="ascii").splitlines()
        except OSError:
            continue
        found += _out_no_routes([line.split() for line in lines if line.startswith(name)])
    return found


def _out_no_routes(lines: Sequence[Sequence[str]]) -> int:
    if len(lines) == 2 and "OutNoRoutes" in lines[0]:
        return int(lines[1][lines[0].index("OutNoRoutes")])
    return int(lines[0][1]) if len(lines) == 1 else 0


# -- the audit hook -------------------------------------------------------------

_TRIED: Final[dict[str, Callable[[Sequence[object]], str]]] = {
    "socket.connect": lambda given: f"open a socket to {_address(given[1])}",
    "socket.bind": lambda given: f"listen at {_address(given[1])}",
    "socket.sendto": lambda given: f"send to {_address(given[1])}",
    "socket.sendmsg": lambda given: f"send to {_address(given[1])}",
    "socket.getaddrinfo": lambda given: f"look up {_name(given)}",
    "socket.gethostbyname": lambda given: f"look up {given[0]}",
    "socket.gethostbyaddr": lambda given: f"look up {given[0]}",
    "socket.getnameinfo": lambda given: f"look up {_address(given[0])}",
    "subprocess.Popen": lambda given: f"start the program {_program(given)}",
    "os.system": lambda given: f"start the program {_first_word(given[0])} in a shell",
    "os.exec": lambda given: f"become the program {_text(given[0])}",
    "os.posix_spawn": lambda given: f"start the program {_text(given[0])}",
    "os.spawn": lambda given: f"start the program {_text(given[1])}",
    "os.startfile": lambda given: f"start {_text(given[0])}",
    "os.fork": lambda given: "fork a process",
    "os.forkpty": lambda given: "fork a process",
    "pty.spawn": lambda given: "start a program in a terminal",
    "_winapi.CreateProcess": lambda given: f"start the program {_text(given[0])}",
}
"""What is refused, by the interpreter's own events, and how it is named. Of a command only the program: arguments may be secret."""


_NUMBER: Final = re.compile(r"[-_]\d+")
"""Of the many threads of one pool, which are one to whoever reads."""
_PROOF: Final = "nowhere, to see whether it is refused"


class Watch:
    """Refuses sockets and processes to everything in this interpreter from `begin` on, and names who tried."""

    def __init__(self, is_ours: Callable[[Path], bool]) -> None:
        self._is_ours = is_ours
        self._lock = threading.Lock()
        self.tried: Final = Counter[tuple[str, str]]()
        """How often who tried what."""
        self._running: Final = Counter[str]()
        """The steps that run now, for what a thread tries in which none of their code is seen."""
        self._exempt = threading.local()

    def begin(self) -> None:
        """There is no way to take a hook away again."""
        import _posixsubprocess  # type: ignore[import-not-found]  # noqa: PLC0415 - where there is no fork, there is none

        sys.addaudithook(self._hear)
        _posixsubprocess.fork_exec = self._forked  # multiprocessing starts processes by it, and no event tells of that

    def holds(self) -> bool:
        """Whether the interpreter still asks: an event is raised of which nothing comes, and it has to be refused."""
        try:
            sys.audit("socket.connect", None, _PROOF)
        except NothingGetsOut:
            pass
        else:
            return False
        with self._lock:
            for who, what in list(self.tried):
                if _PROOF in what:
                    del self.tried[who, what]
        return True

    @contextmanager
    def own(self) -> Generator[None]:
        """What the platform itself starts in this thread while the block lasts is let through; no code of authors runs in it."""
        self._exempt.yes = True
        try:
            yield
        finally:
            self._exempt.yes = False

    @contextmanager
    def during(self, step: str) -> Generator[None]:
        """A step runs for as long as the block lasts."""
        self._running[step] += 1
        try:
            yield
        finally:
            self._running[step] -= 1

    def _forked(self, *given: object) -> int:
        del given
        raise self._refused("start a process")

    def _hear(self, event: str, given: Sequence[object]) -> None:
        what = _TRIED.get(event)
        if what is None or (event == "socket.sendmsg" and given[1] is None) or getattr(self._exempt, "yes", False):
            return
        raise self._refused(what(given))

    def _refused(self, what: str) -> NothingGetsOut:
        who = self._who()
        with self._lock:
            self.tried[who, what] += 1
        return NothingGetsOut(
            f"{who} tried to {what}: refused.",
            "A rehearsal lets nothing out. Go through a connection, whose calls recordings and fakes answer.",
        )

    def _who(self) -> str:
        """The innermost code of the project, else of a library, else the thread and what runs meanwhile."""
        library: str | None = None
        frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 # pyright: ignore[reportPrivateUsage] - the one way to who called
        while frame is not None:
            module = str(frame.f_globals.get("__name__", "?"))
            if self._is_ours(Path(frame.f_code.co_filename)):
                return f"{module}.{frame.f_code.co_qualname}"
            if library is None and not _is_of_the_house(module):
                library = f"{module}.{frame.f_code.co_qualname}"
            frame = frame.f_back
        who = library or f"a thread ({_NUMBER.sub('', threading.current_thread().name)})"
        running = ", ".join(sorted(name for name, count in list(self._running.items()) if count > 0))
        return f"{who}, while {running} ran," if running else who


def _is_of_the_house(module: str) -> bool:
    return module.partition(".")[0] in {"pilotage", *sys.stdlib_module_names}


def _address(value: object) -> str:
    if not isinstance(value, tuple):
        return _text(value)
    host, port, *_ = (*cast("tuple[object, ...]", value), "")
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _name(given: Sequence[object]) -> str:
    host, port = _text(given[0]), given[1]
    return f"{host}:{_text(port)}" if port not in {None, 0, ""} else host


def _program(given: Sequence[object]) -> str:
    program, arguments = given[0], given[1]
    if program is None:
        program = cast("Sequence[object]", arguments)[0] if isinstance(arguments, list | tuple) else arguments
    return _first_word(program)


def _first_word(command: object) -> str:
    return (_text(command).split() or ["?"])[0]


def _text(value: object) -> str:
    return os.fsdecode(cast("bytes", value)) if isinstance(value, bytes | os.PathLike) else str(value)
