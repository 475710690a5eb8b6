"""Nothing gets out of a rehearsal, and whoever tries is named."""

import sys
from pathlib import Path

import pytest

from tests.rehearsal.project import Listener, Project

pytestmark = pytest.mark.slow

TRIES = {
    "socket": (
        "import socket\nsocket.create_connection(('127.0.0.1', {port}), timeout=2)",
        "look up 127.0.0.1:{port}",
    ),
    "connect": (
        "import socket\nsocket.socket().connect(('127.0.0.1', {port}))",
        "open a socket to 127.0.0.1:{port}",
    ),
    "datagram": (
        "import socket\nsocket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
        "send to 127.0.0.1:{port}",
    ),
    "listen": ("import socket\nsocket.socket().bind(('127.0.0.1', 0))", "listen at 127.0.0.1:0"),
    "urllib": (
        "from urllib.request import urlopen\nurlopen('http://127.0.0.1:{port}/?token=hidden')",
        "look up 127.0.0.1:{port}",
    ),
    "program": (
        "import subprocess\nsubprocess.run(['curl', 'http://127.0.0.1:{port}', '-u', 'me:hidden'])",
        "start the program curl",
    ),
    "shell": ("import os\nos.system('curl http://127.0.0.1:{port}')", "start the program curl in a shell"),
    "fork": ("import os\nos.fork()", "fork a process"),
    "spawn": (
        "import multiprocessing\nmultiprocessing.get_context('spawn').Process(target=print).start()",
        "start a process",
    ),
}


@pytest.mark.parametrize("way", TRIES)
def test_code_that_opens_a_socket_or_starts_a_program_is_refused_and_named(
    way: str, project: Project, listener: Listener
) -> None:
    """Each way out is refused, named with the step that tried it, and the exit code says that it was tried."""
    code, what = TRIES[way]
    project.write(judge=code.format(port=listener.port))
    report = project.rehearse(code=1)
    assert report["tried"] == [{"who": "leads_score.model", "what": what.format(port=listener.port), "times": 3}], (
        report["tried"]
    )
    assert report["endings"] == {"dead letter": 3}
    assert "hidden" not in str(report)
    assert listener.reached == 0


def test_a_caught_refusal_is_named_all_the_same(project: Project, listener: Listener) -> None:
    """Code that swallows the refusal goes on, and is named."""
    project.write(
        judge=f"""\
import socket
try:
    socket.socket().connect(("127.0.0.1", {listener.port}))
except Exception:
    pass"""
    )
    report = project.rehearse(code=1)
    assert report["tried"][0]["who"] == "leads_score.model"
    assert report["endings"] == {"would act": 2, "with people": 1}
    assert listener.reached == 0


def test_a_thread_that_tries_is_named_by_what_runs(project: Project, listener: Listener) -> None:
    """In a thread none of the step's code is seen: the step that runs meanwhile is said."""
    project.write(
        judge=f"""\
import threading
from urllib.request import urlopen
one = threading.Thread(target=urlopen, args=("http://127.0.0.1:{listener.port}",), name="quiet")
threading.excepthook = lambda args: None
one.start()
one.join()"""
    )
    report = project.rehearse(code=1)
    (tried,) = report["tried"]
    assert tried["who"] == "a thread (quiet), while leads.model ran,"
    assert listener.reached == 0


def test_what_a_module_does_when_it_is_imported_meets_the_same_walls(project: Project, listener: Listener) -> None:
    """A call at import is refused, and the code does not load."""
    project.write(above=f"import socket\nsocket.socket().connect(('127.0.0.1', {listener.port}))")
    report = project.rehearse(code=2)
    assert report["error"]["code"] == "PLT-271"
    assert f"open a socket to 127.0.0.1:{listener.port}" in report["error"]["what"]
    assert listener.reached == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has network namespaces")
def test_a_socket_that_is_opened_in_c_finds_no_way_out(project: Project, listener: Listener) -> None:
    """The audit hook does not see it; the network namespace lets it nowhere, and counts that."""
    project.write(
        judge=f"""\
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
address = struct.pack("=HH4s8s", socket.AF_INET, socket.htons({listener.port}), bytes([127, 0, 0, 1]), b"")
reached = libc.connect(libc.socket(socket.AF_INET, socket.SOCK_STREAM, 0), address, 16)
if reached == 0:
    raise ValueError("it got out")"""
    )
    done = project.run("rehearse", "leads", "leads.csv", "--json")
    if '"name": "network namespace", "holds": false' in done.stdout:
        pytest.skip("this system allows no network namespace")
    report = project.rehearse(code=1)
    assert report["tried"] == []
    assert report["found_no_way"] == 3
    assert listener.reached == 0


def test_nothing_secret_is_in_the_environment(project: Project, tmp_path: Path) -> None:
    """The process has no variable beyond what a program needs to run, and another home; settings come, secrets do not."""
    file = tmp_path / "token"
    file.write_text("hidden in a file")
    project.variables = {
        "CRM_TOKEN": "hidden",
        "CRM_TOKEN_FILE": str(file),
        "PILOTAGE_DATABASE_URL": "postgresql://me:hidden@nowhere/live",
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "HTTPS_PROXY": "http://me:hidden@proxy",
    }
    project.write(
        judge="""\
import os
print({name: text for name, text in os.environ.items()})
raise ValueError(sorted(os.environ))"""
    )
    done = project.run("rehearse", "leads", "leads.csv", "--json")
    assert done.returncode == 0, done.stderr
    assert "hidden" not in done.stdout + done.stderr
    for name in ("CRM_TOKEN", "PILOTAGE_", "AWS_", "PROXY"):
        assert name not in done.stdout + done.stderr
    assert "PATH" in done.stderr
    assert str(Path.home()) + "'" not in done.stderr


def test_the_value_of_a_secret_is_withheld(project: Project) -> None:
    """Whoever asks for one is told that a rehearsal holds none; calls go to the door without it."""
    from pilotage.rehearsal.errors import SecretWithheld
    from pilotage.rehearsal.standing_in import Withheld

    secrets = Withheld("dev", folder=None, variables={"CRM_TOKEN": "hidden"})
    with pytest.raises(SecretWithheld, match="a rehearsal holds no credentials"):
        secrets.held("crm-token")
    with pytest.raises(SecretWithheld, match="a rehearsal holds no credentials"):
        secrets.read_again("crm-token")
    assert secrets.known() == []
