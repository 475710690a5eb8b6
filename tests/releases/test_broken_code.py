"""A project whose own code raises when it is imported: the line is named, and nobody reads a traceback."""

from pathlib import Path

import pytest

from pilotage.__main__ import main


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import pilotage as pl\n\nlimit = pl.Rate(5, per='second')\n", "broken_ours.py:3: TypeError:"),
        ("def (:\n", "broken_ours.py:1: SyntaxError:"),
        ("import no_such_library_at_all\n", "broken_ours.py:1: ModuleNotFoundError: No module named"),
        ("import sys\n\nsys.exit(3)\n", "broken_ours.py:3: SystemExit: 3"),
        ("from json import loads\n\nloads('{')\n", "broken_ours.py:3: JSONDecodeError:"),
    ],
)
def test_the_line_is_named(
    code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever it raises, what is said is where and what, with the code of the error page."""
    (tmp_path / "broken_ours.py").write_text(code)
    (tmp_path / "pyproject.toml").write_text("[tool.pilotage]\nautomations = ['broken_ours:ours']\n")
    monkeypatch.chdir(tmp_path)
    assert main(["check"]) == 2
    told = "".join(capsys.readouterr())
    assert said in told
    assert "PLT-614" in told
    assert "Traceback" not in told
