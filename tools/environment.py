"""Makes the environment of a checkout: `./dev` calls it when what it is made from has changed.

Needs nothing but the standard library. Everything comes from the locked files in `requirements/`, by hash; where from
is the machine's own business (pip's configuration), so no file here names a package index.
"""

import concurrent.futures
import fcntl
import os
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

import assets

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def main() -> int:
    """Make the environment, or say in one line what is in the way."""
    need, inputs = sys.argv[1:]
    with _one_at_a_time():
        if _is_ready(need, inputs):
            return 0
        started = time.monotonic()
        print(
            f"Setting up {'what the product needs' if need == 'runtime' else 'the tools of development'} in .venv ..."
        )
        try:
            _make(need)
        except subprocess.CalledProcessError as error:
            print(f"\nSet-up stopped: `{_short(error.cmd)}` ended with {error.returncode}; its words are above.")
            print("What to do: see that this machine's pip can install packages, then call ./dev again; it goes on.")
            return 1
        for stamp in ("ready-runtime", f"ready-{need}"):
            (VENV / stamp).write_text(inputs + "\n", encoding="utf-8")
        print(f"Ready after {time.monotonic() - started:.0f} s. The next call starts at once.\n")
    return 0


def _make(need: str) -> None:
    """Bring the environment to what the locked files say: Python packages and front-end files side by side."""
    for stamp in VENV.glob("ready-*"):
        stamp.unlink()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        front_end = pool.submit(assets.for_checkout, ROOT)
        _make_venv()
        _install_tools()
        _install(["--no-deps", "--require-hashes", "--requirement", f"requirements/{need}.txt"])
        _install(["--no-deps", "--no-build-isolation", "--editable", "."])
        missing = front_end.result()
    if missing:
        print(f"The pages will do without script and icons: {missing}")


def _make_venv() -> None:
    """Make the virtual environment, or make it anew where its Python has gone."""
    if PYTHON.exists() and subprocess.run([PYTHON, "-c", ""], check=False).returncode == 0:
        return
    shutil.rmtree(VENV, ignore_errors=True)
    try:
        venv.create(VENV, with_pip=True)
    except (subprocess.CalledProcessError, SystemExit):
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit("This Python cannot make virtual environments. On Debian and Ubuntu: apt install python3-venv")


def _install_tools() -> None:
    """Install uv, just and hatchling with pip: the only step that pip must do."""
    lock = ROOT / "requirements" / "tools.txt"
    seen = VENV / "tools.txt"
    if seen.exists() and seen.read_bytes() == lock.read_bytes():
        return
    subprocess.run([*_pip(), "--require-hashes", "--requirement", lock], check=True, cwd=ROOT, stdout=sys.stderr)
    shutil.copy(lock, seen)


def _install(arguments: list[str]) -> None:
    """Install with uv, which is ten times faster, and with pip where uv does not get through."""
    uv = VENV / "bin" / "uv"
    command = [uv, "pip", "install", "--quiet", "--no-progress", "--python", PYTHON, *arguments]
    environment = {**os.environ, **_uv_settings()}
    if uv.exists() and not os.environ.get("PILOTAGE_DEV_PIP"):
        done = subprocess.run(command, check=False, cwd=ROOT, stdout=sys.stderr, env=environment)
        if done.returncode == 0:
            return
        print("uv did not get through; trying with pip, which is slower ...")
    subprocess.run([*_pip(), *arguments], check=True, cwd=ROOT, stdout=sys.stderr)


def _pip() -> list[str | Path]:
    return [PYTHON, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]


def _uv_settings() -> dict[str, str]:
    """Tell uv what this machine's pip was told. Hashes decide what is installed, so any index may answer."""
    listed = subprocess.run(
        [PYTHON, "-m", "pip", "config", "list"], check=False, capture_output=True, text=True
    ).stdout.splitlines()
    pip = {key.rpartition(".")[2]: value.strip("'\"") for key, _, value in (line.partition("=") for line in listed)}
    known = {
        "UV_DEFAULT_INDEX": pip.get("index-url"),
        "UV_INDEX": pip.get("extra-index-url"),
        "UV_FIND_LINKS": pip.get("find-links"),
        "SSL_CERT_FILE": pip.get("cert"),
        "UV_HTTP_TIMEOUT": pip.get("default-timeout") or pip.get("timeout"),
        "UV_INDEX_STRATEGY": "unsafe-best-match",
    }
    return {name: value for name, value in known.items() if value and name not in os.environ}


def _is_ready(need: str, inputs: str) -> bool:
    """Whether another call of ./dev has done the work while this one waited."""
    stamps = [VENV / f"ready-{need}", VENV / "ready-dev"]
    return any(stamp.exists() and stamp.read_text(encoding="utf-8").strip() == inputs for stamp in stamps)


def _one_at_a_time() -> "_Lock":
    return _Lock(ROOT / ".dev.lock")


class _Lock:
    """Two calls of ./dev at the same time: one works, the other waits."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = self._path.open("w", encoding="utf-8")
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _short(command: list[str | Path]) -> str:
    return " ".join([Path(command[0]).name, *(str(word) for word in command[1:])])


if __name__ == "__main__":
    sys.exit(main())
