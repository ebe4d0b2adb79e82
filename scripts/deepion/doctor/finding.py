# SPDX-License-Identifier: MIT
"""One line of the page: what was found, whether that is good, and what mends it."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How good a finding is. Only errors make the command fail."""

    OK = "ok"
    NOTE = "note"  # neither good nor bad
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True)
class Finding:
    """`subject`: what was looked at; `text`: what was found there; `mend`: what to do about it, empty where nothing is to do."""

    section: str
    subject: str
    text: str
    verdict: Verdict = Verdict.OK
    mend: str = ""
