# SPDX-License-Identifier: MIT
"""Records of a zip archive, read without trust: nothing is unpacked to disk, no size is believed before it was checked."""

import struct
import zipfile
import zlib
from pathlib import Path

from deepion.errors import ExportError

MOST_RECORDS = 200_000
MOST_BYTES = 4 << 30  # all records that are read, unpacked
MOST_RATIO = 1100  # deflate reaches 1032
# what zipfile and zlib raise for archives that are damaged
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    ValueError,
    IndexError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
    struct.error,
)


class ZipArchive:
    """The records of an archive by their names; every method raises ExportError with the file's name.

    Open until the end of its `with`.
    """

    def __init__(self, path: Path):
        self.path = Path(path)
        self._left = MOST_BYTES
        try:
            self._file = zipfile.ZipFile(self.path)
        except DAMAGE as error:
            raise ExportError(f"{self.path}: cannot be read as a zip archive: {_text(error)}") from None
        self._records: dict[str, zipfile.ZipInfo] = {}
        try:
            self._fill(self._file.infolist())
        except ExportError:
            self._file.close()
            raise

    def __enter__(self) -> "ZipArchive":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def _fill(self, found: list[zipfile.ZipInfo]) -> None:
        if len(found) > MOST_RECORDS:
            raise ExportError(f"{self.path}: {len(found)} records: no model has that many")
        for record in found:
            self._check(record)
            self._records[record.filename] = record

    def _check(self, record: zipfile.ZipInfo) -> None:
        name = record.filename
        if name in self._records:
            raise ExportError(f"{self.path}: damaged: record {shown(name)} is there twice")
        if name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise ExportError(f"{self.path}: record {shown(name)} leads out of the archive: not a model")
        if record.flag_bits & 1:
            raise ExportError(f"{self.path}: record {shown(name)} is encrypted")
        if record.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ExportError(f"{self.path}: record {shown(name)} is packed in a way that models are not")
        if record.file_size > MOST_RATIO * record.compress_size:
            raise ExportError(f"{self.path}: damaged: record {shown(name)} cannot unpack to {record.file_size} bytes")

    @property
    def names(self) -> list[str]:
        return list(self._records)

    def __contains__(self, name: str) -> bool:
        return name in self._records

    def size(self, name: str) -> int:
        """Bytes of a record, unpacked, as the archive says; read() holds it to that."""
        return self._record(name).file_size

    def _record(self, name: str) -> zipfile.ZipInfo:
        if name not in self._records:
            raise ExportError(f"{self.path}: incomplete: record {shown(name)} is missing")
        return self._records[name]

    def read(self, name: str, most: int = MOST_BYTES) -> bytes:
        """The bytes of a record, at most this many; its checksum is compared."""
        record = self._record(name)
        if record.file_size > min(most, self._left):
            raise ExportError(f"{self.path}: record {shown(name)} has {record.file_size} bytes: too large for a model")
        self._left -= record.file_size
        try:
            with self._file.open(record) as stream:
                content = stream.read()  # stops at file_size
        except DAMAGE as error:
            raise ExportError(f"{self.path}: damaged: record {shown(name)}: {_text(error)}") from None
        if len(content) != record.file_size:
            raise ExportError(f"{self.path}: damaged: record {shown(name)} is shorter than the archive says")
        return content


def shown(name: str) -> str:
    """A name of the archive for messages: short, and without characters that steer a terminal."""
    text = name.encode("unicode_escape").decode("ascii")
    return f"'{text}'" if len(text) <= 100 else f"'{text[:100]}...'"


def _text(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
