"""Whether an environment is the one that a release needs. Pure."""

from collections.abc import Callable

from pilotage.releases.values import Manifest


def differences(manifest: Manifest, *, python: str, version_of: Callable[[str], str | None]) -> list[str]:
    """What this environment has otherwise than the release needs it, in words; empty: it may run here."""
    found: list[str] = []
    if manifest.python != python:
        found.append(f"Python {manifest.python} (here: {python})")
    for name, version in sorted(manifest.requirements.installed.items()):
        here = version_of(name)
        if here != version:
            found.append(f"{name} {version} (here: {here or 'not installed'})")
    return found


def to_build(manifest: Manifest, release: str, lock: str | None) -> str:
    """Which environment to build, in words."""
    of = f"the requirements of {lock}" if lock else "these requirements"
    needs = ", ".join(f"{name}=={version}" for name, version in sorted(manifest.requirements.installed.items()))
    listed = f" ({needs})" if needs and not lock else ""
    return (
        f"Build an environment with Python {manifest.python}, pilotage and {of}{listed}, and serve it from there: "
        f"PATH/TO/THAT/bin/pilotage worker --release {release}"
    )
