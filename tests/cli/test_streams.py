"""What anybody's code prints while a command runs shows no credential, and the streams are themselves again afterwards."""

import sys
import warnings

import pytest

from pilotage.machinery.cli.streams import masked_streams
from pilotage.machinery.net.masking import watch
from pilotage.machinery.net.redaction import Redactor

CANARY = "cAnArY/4c7e+x&9b1f"


class Holding:
    """Somebody who holds a credential."""

    def __init__(self) -> None:
        watch(self)

    def redactor(self) -> Redactor:
        """Of the canary."""
        return Redactor([CANARY])


def test_prints_and_warnings_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    """Both streams, line by line and in pieces; what nobody holds is printed as it is."""
    holding, before = Holding(), (sys.stdout, sys.stderr)
    with masked_streams(), warnings.catch_warnings():
        warnings.simplefilter("always")
        print("plain", {"Authorization": f"Bearer {CANARY}"}, flush=True)  # noqa: T201 - it is about print
        sys.stderr.writelines([f"{CANARY}\n", "plain\n"])
        assert sys.stdout.isatty() is before[0].isatty()
    said = capsys.readouterr()
    assert said.out == "plain {'Authorization': 'Bearer [redacted]'}\n"
    assert said.err == "[redacted]\nplain\n", holding
    assert (sys.stdout, sys.stderr) == before
