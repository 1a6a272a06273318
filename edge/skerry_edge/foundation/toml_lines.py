"""Where in a TOML text each key is set: what the standard parser knows and does not tell."""

from __future__ import annotations

import re
from bisect import bisect_left

import msgspec

Step = str | int
KeyPath = tuple[Step, ...]

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n,]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}'
    r"|'''.*?'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_PLAIN_VALUE = re.compile(r"[^,\]}#\r\n]*")


def lines_of_keys(text: str) -> dict[KeyPath, int]:
    """Return the 1-based line where each table, key and array element of ``text``, valid TOML, is first set.

    The grammar is that of TOML 1.0; an array of tables has its index as the next step of the path.
    """
    return _Scanner(text).scan()


class _Scanner:
    """Walks the text once; its syntax has been checked before, so whatever is not expected is skipped."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._newlines = [match.start() for match in re.finditer("\n", text)]
        self._at = 0
        self._lines: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}

    def scan(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        self._skip(_GAP)
        while self._at < len(self._text):
            start = self._at
            if self._peek("["):
                table = self._header()
            else:
                self._key_value(table)
            self._skip(_GAP)
            # A character that begins nothing is stepped over, so that the walk ends whatever the text is.
            self._at = max(self._at, start + 1)
        return self._lines

    def _header(self) -> KeyPath:
        is_array = self._peek("[[")
        start = self._at
        self._at += 2 if is_array else 1
        names = self._key()
        self._at += 2 if is_array else 1
        path: KeyPath = ()
        for position, name in enumerate(names):
            path = (*path, name)
            self._record(path, start)
            if is_array and position == len(names) - 1:
                self._counts[path] = self._counts.get(path, -1) + 1
            if path in self._counts:
                path = (*path, self._counts[path])
                self._record(path, start)
        return path

    def _key_value(self, table: KeyPath) -> None:
        start = self._at
        path = table
        for name in self._key():
            path = (*path, name)
            self._record(path, start)
        self._skip(_BLANK)
        self._at += 1  # the sign "="
        self._value(path)

    def _key(self) -> list[str]:
        """Read a dotted key, and the blanks around it."""
        names: list[str] = []
        while True:
            self._skip(_BLANK)
            quoted = _STRING.match(self._text, self._at)
            bare = _BARE_KEY.match(self._text, self._at)
            if quoted:
                names.append(_unquoted(quoted[0]))
                self._at = quoted.end()
            elif bare:
                names.append(bare[0])
                self._at = bare.end()
            self._skip(_BLANK)
            if not self._peek("."):
                return names
            self._at += 1

    def _value(self, path: KeyPath) -> None:
        self._skip(_BLANK)
        string = _STRING.match(self._text, self._at)
        if string:
            self._at = string.end()
        elif self._peek("["):
            self._array(path)
        elif self._peek("{"):
            self._inline_table(path)
        else:
            self._skip(_PLAIN_VALUE)

    def _array(self, path: KeyPath) -> None:
        self._at += 1
        index = 0
        self._skip(_GAP)
        while self._at < len(self._text) and not self._peek("]"):
            start = self._at
            self._record((*path, index), start)
            self._value((*path, index))
            self._skip(_GAP)
            self._at = max(self._at, start + 1)
            index += 1
        self._at += 1

    def _inline_table(self, path: KeyPath) -> None:
        self._at += 1
        self._skip(_GAP)
        while self._at < len(self._text) and not self._peek("}"):
            start = self._at
            self._key_value(path)
            self._skip(_GAP)
            self._at = max(self._at, start + 1)
        self._at += 1

    def _record(self, path: KeyPath, at: int) -> None:
        self._lines.setdefault(path, bisect_left(self._newlines, at) + 1)

    def _peek(self, mark: str) -> bool:
        return self._text.startswith(mark, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()


def _unquoted(quoted: str) -> str:
    decoded = msgspec.toml.decode(f"key = {quoted}")["key"]
    return str(decoded)
