"""Checks the names of the changelog's fragments: `<what>.<added|changed|fixed|removed|security>.md`."""

import sys
from pathlib import Path

KINDS = ("added", "changed", "fixed", "removed", "security")


def wrong(folder: Path) -> list[str]:
    """The names in the folder that towncrier would pass over in silence."""
    names = [path.name for path in folder.iterdir() if path.name != "README.md"]
    return sorted(name for name in names if name.split(".")[-2:] not in [[kind, "md"] for kind in KINDS])


if __name__ == "__main__":
    found = wrong(Path("changelog.d"))
    for name in found:
        print(f"changelog.d/{name}: name it <what>.<{'|'.join(KINDS)}>.md")
    sys.exit(bool(found))
