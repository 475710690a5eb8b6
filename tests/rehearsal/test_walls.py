"""Nothing gets out of a rehearsal, and whoever tries is named."""

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from pilotage.rehearsal.service import bare_environment
from pilotage.rehearsal.values import Request
from tests.rehearsal.project import SOURCE, Listener, Project

pytestmark = pytest.mark.slow

WAYS = {
    "import socket; socket.create_connection(('127.0.0.1', {port}), timeout=2)": "look up 127.0.0.1:{port}",
    "import socket; socket.socket().connect(('127.0.0.1', {port}))": "open a socket to 127.0.0.1:{port}",
    "import socket; socket.socket(socket.AF_UNIX).connect('/run/some.sock')": "open a socket to /run/some.sock",
    "import socket; socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))": "send to 127.0.0.1:{port}",
    "import socket; socket.socket().bind(('127.0.0.1', 0))": "listen at 127.0.0.1:0",
    "from urllib.request import urlopen; urlopen('http://rates.test/?token=hidden')": "look up rates.test:80",
    "import subprocess; subprocess.run(['curl', 'http://127.0.0.1', '-u', 'me:hidden'])": "start the program curl",
    "import os; os.system('curl http://127.0.0.1 -u me:hidden')": "start the program curl in a shell",
    "import os; os.execv('/bin/true', ['true'])": "become the program /bin/true",
    "import os; os.posix_spawn('/bin/true', ['true'], {{}})": "start the program /bin/true",
    "import os; os.fork()": "fork a process",
    "import multiprocessing as m; m.get_context('spawn').Process(target=print).start()": "start a process",
}


def test_every_way_out_is_refused_and_named(project: Project, listener: Listener) -> None:
    """Each is named with the step that tried it, without what its arguments say; the exit code says that it was tried."""
    ways = [way.format(port=listener.port) for way in WAYS]
    project.write(
        judge=f"""\
for way in {ways!r}:
    try:
        exec(way)
    except PermissionError:
        raise
    except Exception as error:
        assert "refused" in str(error), error"""
    )
    report = project.rehearse(code=1)
    named = {one["what"]: one for one in report["tried"]}
    assert sorted(named) == sorted(what.format(port=listener.port) for what in WAYS.values())
    assert {one["who"] for one in named.values()} == {"leads_score.model"}
    assert {one["times"] for one in named.values()} == {3}
    assert report["endings"] == {"would act": 2, "with people": 1}
    assert "hidden" not in str(report)
    assert listener.reached == 0


def test_a_step_that_is_refused_fails_with_the_reason(project: Project, listener: Listener) -> None:
    """The case is a dead letter that says what was tried; the report for people ends with who tried what."""
    project.write(judge=f"import socket\nsocket.socket().connect(('127.0.0.1', {listener.port}))")
    done = project.run("rehearse", "leads", "leads.csv")
    tried = f"leads_score.model tried to open a socket to 127.0.0.1:{listener.port}: refused"
    assert done.returncode == 1
    assert f"What tried to get out\n{tried}, 3 times.\n" in done.stdout
    assert done.stdout.count("dead letter") == 2
    assert done.stdout.endswith("0 of 0 effects sent\n")
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
one.join()""",
        compute="""\
import asyncio
try:
    await asyncio.open_connection("rates.test", 80)
except Exception as error:
    assert "refused" in str(error)""",
    )
    report = project.rehearse(code=1)
    said = {one["who"]: one["what"] for one in report["tried"]}
    assert said["a thread (quiet), while leads.model ran,"] == f"look up 127.0.0.1:{listener.port}"
    (other,) = said.keys() - {"a thread (quiet), while leads.model ran,"}
    assert "while leads.score ran" in other
    assert said[other] == "look up rates.test:80"
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


def test_without_a_namespace_the_report_says_why(project: Project, listener: Listener, tmp_path: Path) -> None:
    """Where the system has none the other two walls hold, and what a C library may have done is not known."""
    project.write(judge=f"import socket\nsocket.socket().connect(('127.0.0.1', {listener.port}))")
    request = Request(
        root=str(project.root),
        environment="dev",
        references=("leads_score:leads",),
        automation="leads",
        folder=str(tmp_path),
        release="dev",
        files=(str(project.root / "leads.csv"),),
        cut_off=False,
    )
    done = subprocess.run(
        [sys.executable, "-P", "-m", "pilotage.rehearsal.child"],
        input=json.dumps(asdict(request)) + "\n",
        env=bare_environment(tmp_path) | {"PYTHONPATH": SOURCE},
        cwd=project.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    report = json.loads(done.stdout.splitlines()[-1])["report"]
    assert [(wall["name"], wall["holds"], wall["why"]) for wall in report["walls"]] == [
        ("door disarmed", True, ""),
        ("audit hook", True, ""),
        ("network namespace", False, "it was not asked for"),
    ]
    assert report["found_no_way"] is None
    assert report["tried"][0]["times"] == 3
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
