"""Whether a network fits a board: its bytes against the flash, its arena against the memory."""

from __future__ import annotations

from dataclasses import dataclass

from skerry_boards.schema import Board
from skerry_edge.foundation.errors import ConfigError

KIB = 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class BoardLimits:
    """What a board has, in bytes; of the sizes that it is sold with the smallest. ``psram_bytes`` is 0 without any."""

    name: str
    flash_bytes: int
    ram_bytes: int
    psram_bytes: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """A network on a board: bytes in flash and in memory, beside the program that runs it."""

    board: BoardLimits
    flash_bytes: int
    ram_bytes: int

    @property
    def problems(self) -> tuple[str, ...]:
        """What does not fit, as sentences without a full stop."""
        board, found = self.board, []
        if self.flash_bytes > board.flash_bytes:
            found.append(f"the model has {self.flash_bytes} bytes, the flash of {board.name} {board.flash_bytes}")
        if self.ram_bytes > board.ram_bytes:
            fits = self.ram_bytes <= board.psram_bytes
            rescue = f"; it would fit modules with {board.psram_bytes} bytes of PSRAM" if fits else ""
            found.append(f"the arena takes {self.ram_bytes} bytes, {board.name} has {board.ram_bytes}{rescue}")
        return tuple(found)

    @property
    def flash_share(self) -> float:
        """The share of the flash that the model takes."""
        return self.flash_bytes / self.board.flash_bytes

    @property
    def ram_share(self) -> float:
        """The share of the memory that the arena takes."""
        return self.ram_bytes / self.board.ram_bytes


def board_limits(board: Board) -> BoardLimits:
    """Return a board profile's limits. Raises ConfigError for a board that is no microcontroller or names no flash."""
    part = board.microcontroller
    if part is None or not part.flash_kb:
        what = "is no microcontroller" if part is None else "names no flash size"
        raise ConfigError(f"the board {what}", found=f"'{board.name}'", todo="choose a microcontroller's profile")
    return BoardLimits(
        name=board.name,
        flash_bytes=min(part.flash_kb) * KIB,
        ram_bytes=part.sram_kb * KIB,
        psram_bytes=min(part.psram_kb, default=0) * KIB,
    )
