"""What this process holds is taken out of text and bytes, in every form that it is likely to have there."""

import base64
import gc
import json
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from markupsafe import escape as markup

from pilotage.machinery.net.masking import blacken, hide, hide_bytes, watch
from pilotage.machinery.net.redaction import REDACTED, Redactor

CANARY = "canary <7c&e>/+\"x'\\z"


class Holding:
    """Somebody who holds a credential."""

    def redactor(self) -> Redactor:
        """Of the canary."""
        return Redactor([CANARY])


FORMS = {
    "plain": CANARY,
    "in a URL": quote(CANARY, safe=""),
    "in a form": quote_plus(CANARY),
    "in JSON": json.dumps(CANARY)[1:-1],
    "on a page": escape(CANARY),
    **{
        f"in base64 behind {before} letters": base64.b64encode(b"u" * before + CANARY.encode() + b":more").decode()
        for before in range(4)
    },
    "in lower-case percents": quote(CANARY, safe="").lower(),
    "in a URL in a URL": quote(quote(CANARY, safe=""), safe=""),
    "in a repr": repr(CANARY)[1:-1],
    "in JSON in JSON": json.dumps(json.dumps(CANARY))[1:-1],
    "in JSON for pages": "".join(
        f"\\u{ord(sign):04x}" if sign in "<>&'\"/" else sign for sign in CANARY.replace("\\", "\\\\")
    ),
    "as Jinja escapes it": str(markup(CANARY)),
    "in XML": CANARY.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;").replace("'", "&apos;"),
    "in base64 in a URL": quote(base64.b64encode(b"user:" + CANARY.encode()).decode(), safe=""),
    "in base64 for URLs": base64.urlsafe_b64encode(b"user:" + CANARY.encode()).decode(),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_hidden(form: str) -> None:
    """Wherever it stands in a text; what stands around it stays."""
    holder = Holding()
    watch(holder)
    text = f"before {FORMS[form]} after"
    hidden = hide(text)
    assert REDACTED in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert FORMS[form] not in hide_bytes(text.encode()).decode()
    black = blacken(text.encode())
    assert len(black) == len(text.encode())
    assert FORMS[form].encode() not in black
    assert b"******" in black


def test_whoever_is_gone_hides_nothing() -> None:
    """A text that was secret once may be ordinary to the next one."""
    watch(Holding())
    gc.collect()
    assert hide(f"{CANARY}") == CANARY
