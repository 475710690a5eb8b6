"""The log of a command is one: what the web tells stands on stderr, a line each, without the values of its functions."""

import logging

import pytest
import structlog

from pilotage.machinery.cli import logs
from pilotage.machinery.web.serving import one_log


def test_the_web_tells_to_stderr_and_no_local_values(capsys: pytest.CaptureFixture[str]) -> None:
    """Standard output belongs to what a command answers; a traceback shows lines of code and nothing that stood in them."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    root.handlers.clear()
    logs.configure()
    one_log()
    password = "canary-77-local"
    try:
        _fail(password)
    except ValueError as error:
        structlog.get_logger("pilotage.web").error("request.failed", path="/cases", exc_info=error)
    finally:
        root.handlers[:] = before
        structlog.reset_defaults()
    out, err = capsys.readouterr()
    assert out == ""
    assert "error request.failed path=/cases" in err
    assert "ValueError: no" in err
    assert "canary-77" not in err


def _fail(password: str) -> None:
    msg = "no" if password else "yes"
    raise ValueError(msg)
