"""Takes secrets out of text: what looks like one, and what this device's own files and variables say is one; pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

from skerry_edge.foundation.redaction import MASK, redact

MIN_CHARS = 4
"""A shorter secret would be found in any text; where it stands as a value, the patterns mask it all the same."""


class Scrubber:
    """Masks known secrets in each form that text may hold them in, and then whatever looks like a secret."""

    def __init__(self, secrets: Iterable[str]) -> None:
        forms = {form for secret in secrets if len(secret) >= MIN_CHARS for form in _forms(secret)}
        # The longest first: one secret may be a part of another.
        self._forms = sorted(forms, key=len, reverse=True)

    def clean(self, text: str) -> str:
        """Return ``text`` without secrets."""
        for form in self._forms:
            text = text.replace(form, MASK)
        return redact(text)


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode().rstrip("=")
    return {secret, quote(secret, safe=""), quote(secret), quote_plus(secret), json.dumps(secret)[1:-1], encoded}
