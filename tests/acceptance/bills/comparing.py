"""What was read of real invoices beside what stands in them, field by field."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

from pilotage.testing import CaseView, Place

Expected = Mapping[str, Mapping[str, object]]
"""By the name of the PDF, what the collection says of it."""

FIELDS: Final = ("number", "date", "total", "currency")


def expected_in(folder: Path) -> Expected:
    """What a folder of NAME.pdf and NAME.json expects."""
    found: dict[str, Mapping[str, object]] = {}
    for file in sorted(folder.glob("*.pdf")):
        (found[file.name],) = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return found


def told(cases: Mapping[str, CaseView], expected: Expected) -> str:
    """A line for each field: right, left to people, wrong; then what is wrong, and why people are asked."""
    count, wrong, asked = Counter[tuple[str, str]](), list[str](), list[str]()
    for name, case in cases.items():
        assert case.place in {Place.DONE, Place.WITH_PEOPLE}, (name, case.timeline)
        if case.place is Place.WITH_PEOPLE:
            asked.append(f"{name}: {case.decision.reason}")
            count.update((field, "abstained") for field in FIELDS)
            continue
        for field, (got, want) in compared(case.output("fields"), expected[name]).items():
            became = "not said" if want is None else "right" if got == want else "wrong"
            count[field, became] += 1
            if became == "wrong":
                wrong.append(f"{name}: {field} is {got}, expected {want}")
    lines = [
        f"{field:8}  right {count[field, 'right']}, abstained {count[field, 'abstained']}, wrong {count[field, 'wrong']}, "
        f"not said by the collection {count[field, 'not said']}"
        for field in FIELDS
    ]
    return "\n".join([f"{len(cases)} invoices", *lines, "wrong:", *wrong, "asked:", *asked])


def compared(got: object, expected: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """Each field with what it should be; None: the collection does not say."""
    amount = expected.get("amount")
    total: Decimal = got.total
    return {
        "number": (got.number.lstrip("#"), str(expected["invoice_number"]).lstrip("#")),
        "date": (got.date.isoformat(), expected.get("date")),
        "total": (total, None if amount is None else Decimal(str(amount)).quantize(total)),
        "currency": (got.currency, expected.get("currency")),
    }
