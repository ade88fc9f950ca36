"""Open a plain, gzip or zstd file for reading, refusing what is truncated or unpacks beyond all reason."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import zstandard

MAX_UNPACKED = 64_000_000_000
MAX_RATIO = 500
"""How much larger than its packed form a file may be, once it is past ``RATIO_FROM`` bytes."""
RATIO_FROM = 100_000_000
MAX_WINDOW = 1 << 27
"""Bytes of memory that a zstd frame may ask for (its own default limit)."""
_STEP = 4_096
"""Packed bytes taken at a time: four of them can become 128 KiB."""
DAMAGE = (OSError, EOFError, zlib.error, zstandard.ZstdError)
"""What reading a damaged or truncated file raises."""


class TooLarge(Exception):
    """A packed file expands beyond all reason, or a line never ends."""


@contextmanager
def opened(path: Path, packing: str | None) -> Generator[BinaryIO]:
    """A stream of the unpacked bytes; reading it raises one of ``DAMAGE`` or TooLarge."""
    with path.open("rb") as raw:
        if packing is None:
            yield raw
        else:
            unpacked = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if packing == "gz" else _Zstd(raw)
            guarded = _Guard(unpacked, path.stat().st_size)
            yield cast("BinaryIO", io.BufferedReader(guarded, 1 << 20))


class _Guard(io.RawIOBase):
    """Counts what comes out and stops a decompression bomb."""

    def __init__(self, source: BinaryIO | io.RawIOBase, packed: int) -> None:
        self.source, self.packed, self.total = source, packed, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        view = memoryview(buffer)
        data = self.source.read(len(view)) or b""
        view[: len(data)] = data
        self.total += len(data)
        if self.total > MAX_UNPACKED or (self.total > RATIO_FROM and self.total > MAX_RATIO * self.packed):
            raise TooLarge
        return len(data)


class _Zstd(io.RawIOBase):
    """Frames of zstd one after another; zstandard's own reader would not notice that the last one is cut short."""

    def __init__(self, raw: BinaryIO) -> None:
        self.raw, self.ready, self.rest = raw, b"", b""
        self.frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        while not self.ready:
            if not (packed := self.rest or self.raw.read(_STEP)):
                if not self.frame.eof:
                    raise EOFError
                return b""
            if self.frame.eof:
                self.frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).decompressobj()
            self.ready = self.frame.decompress(packed)
            self.rest = self.frame.unused_data
        data, self.ready = self.ready[:size], self.ready[size:]
        return data
