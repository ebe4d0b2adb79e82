# SPDX-License-Identifier: MIT
"""Findings as a page for people, or as JSON for programs."""

import json
from collections.abc import Sequence
from itertools import groupby
from textwrap import fill

from deepion.doctor.finding import Finding, Verdict

WIDTH = 120
MARKS = {Verdict.OK: "ok", Verdict.NOTE: "", Verdict.WARNING: "WARNING", Verdict.ERROR: "ERROR"}


def page(findings: Sequence[Finding]) -> str:
    """Findings by section, each mend below its finding, and a last line that counts errors and warnings."""
    lines = []
    for section, members in groupby(findings, key=lambda finding: finding.section):
        lines.append(section)
        for finding in members:
            lines.append(_paragraph(f"  {MARKS[finding.verdict]:8}{finding.subject}: ", finding.text, 10))
            if finding.mend:
                lines.append(_paragraph(" " * 10 + "-> ", finding.mend, 13))
        lines.append("")
    counts = [(sum(f.verdict is v for f in findings), v.value) for v in (Verdict.ERROR, Verdict.WARNING)]
    lines.append(", ".join(f"{n} {word}{'' if n == 1 else 's'}" for n, word in counts))
    return "\n".join(lines)


def _paragraph(first: str, text: str, indent: int) -> str:
    # commands and paths stay in one piece, so that they can be copied
    return fill(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def as_json(findings: Sequence[Finding]) -> str:
    """A list of objects with the fields of `Finding`."""
    return json.dumps([finding.__dict__ for finding in findings], indent=2)
