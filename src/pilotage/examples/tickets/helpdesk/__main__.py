"""The help desk as a process: `python -m pilotage.examples.tickets.helpdesk --log FILE [--port N] ...`.

Once it answers it prints one line of JSON with its address. The tokens come from the environment (HELPDESK_TOKEN,
HELPDESK_ADMIN_TOKEN); those that are not there are made up and stand in that line.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

from pilotage.examples.tickets.helpdesk.faults import FaultKind, fault_from_text
from pilotage.examples.tickets.helpdesk.quota import Quota
from pilotage.examples.tickets.helpdesk.server import ADMIN_TOKEN_VARIABLE, TOKEN_VARIABLE, Stop, serve
from pilotage.examples.tickets.helpdesk.setup import Running, Setup


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    chosen = _parser().parse_args(arguments)
    tokens = {"token": os.environ.get(TOKEN_VARIABLE), "admin_token": os.environ.get(ADMIN_TOKEN_VARIABLE)}
    given = {name: token for name, token in tokens.items() if token}
    setup = Setup(
        log=chosen.log,
        port=chosen.port,
        quota=Quota(per_second=chosen.per_second, per_day=chosen.per_day, zone=chosen.zone),
        detect_duplicates=not chosen.forget_keys,
        faults=chosen.fault,
        **given,
    )

    def ready(running: Running, stop: Stop) -> None:
        made_up = {name: getattr(running, name) for name in tokens if name not in given}
        line = {"url": running.url, "log": str(running.log), "pid": running.pid, **made_up}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        if chosen.end_with_stdin:
            Thread(target=_stop_at_end_of_input, args=(stop,), daemon=True).start()

    serve(setup, ready=ready)
    return 0


def _stop_at_end_of_input(stop: Stop) -> None:
    while os.read(sys.stdin.fileno(), 4_096):
        pass
    stop()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m pilotage.examples.tickets.helpdesk", description=__doc__)
    parser.add_argument("--log", type=Path, required=True, help="append-only log; one that is there is read first")
    parser.add_argument("--port", type=int, default=0, help="0, the default: any that is free")
    parser.add_argument("--per-second", type=int, help="requests in a second of the clock; the others get 429")
    parser.add_argument("--per-day", type=int, help="requests in a calendar day")
    parser.add_argument("--zone", default="Europe/Berlin", help="whose calendar day (Europe/Berlin)")
    parser.add_argument("--forget-keys", action="store_true", help="act on every request, also with a known key")
    parser.add_argument(
        "--fault",
        type=fault_from_text,
        action="append",
        default=[],
        metavar="KIND[:share=0.2,count=50,seconds=10,delay=2]",
        help=f"a fault that is on from the start, again for more: {', '.join(kind.value for kind in FaultKind)}",
    )
    parser.add_argument("--end-with-stdin", action="store_true", help="stop when standard input is closed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
