# SPDX-License-Identifier: MIT
"""Numbers with their errors as text: as many digits as the error leaves a meaning."""

import math

from .tables import Value

MINUS = "\u2212"
SUPERSCRIPTS = str.maketrans("0123456789-", "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b")
UNITS = {
    "cm^2/s": "cm\u00b2/s",
    "m^2/s": "m\u00b2/s",
    "A^2": "\u00c5\u00b2",
    "A^3": "\u00c5\u00b3",
    "A": "\u00c5",
}


def rounded(value: Value) -> tuple[str, int]:
    """Value +- error with two digits of the error, four digits where it is not known; and the power of ten that belongs to it."""
    power = power_of(value.value)
    number = scaled(value, power)
    return (f"({number})" if value.error and value.value and (power or value.unit) else number), power


def power_of(value: float) -> int:
    """The power of ten that is written beside a number: none for numbers that people read without."""
    if value == 0 or not math.isfinite(value):
        return 0
    power = math.floor(math.log10(abs(value)))
    return 0 if -2 <= power <= 3 else power


def scaled(value: Value, power: int) -> str:
    """Value +- error in units of 10^power."""
    scale = 10.0**power
    if value.value == 0 or not math.isfinite(value.value):
        number = f"{value.value:g}"
    elif not value.error:
        number = f"{value.value / scale:.4g}"
    else:
        digits = min(max(0, 1 - math.floor(math.log10(value.error / scale))), 8)
        number = f"{value.value / scale:.{digits}f} \u00b1 {value.error / scale:.{digits}f}"
    return number.replace("-", MINUS)


def unit_of(unit: str, power: int) -> str:
    """10^power times a unit, as plain text."""
    times = f"10{str(power).translate(SUPERSCRIPTS)} " if power else ""
    return (times + UNITS.get(unit, unit)).strip()


def plain(value: Value) -> str:
    """Value, error and unit in one line of plain text, as (1.30 +- 0.06)x10^-4 cm^2/s or 3.70 +- 0.16 S/cm."""
    power = power_of(value.value)
    number = scaled(value, power)
    if power:
        number = (f"({number})" if value.error else number) + "\u00d7"
    return f"{number}{'' if power else ' '}{unit_of(value.unit, power)}".strip()
