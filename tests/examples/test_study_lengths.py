# SPDX-License-Identifier: MIT
"""Comparison of a study with its own first part and with an earlier one, and tests of activation energies, on made numbers."""

from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from deepion.constants import BOLTZMANN
from deepion.results.tables import Value
from deepion.study import lengths
from deepion.study.energies import Energy, difference, welch
from deepion.study.lengths import Held, Twice

STUDY = Path(__file__).parents[2] / "lammps-examples" / "li-ti-p-s"
UNIT = "cm^2/s"


def made(count: int, share: float, claimed: float = 1.0, drift: float = 0.0, parts: int = 8) -> Held:
    """Runs whose D is a mean over time with a known error, which was estimated from `parts` parts and is claimed times a factor."""
    random = np.random.default_rng(11)
    runs = []
    for _ in range(count):
        error = 0.05
        first = 1.0 + drift + error * random.standard_normal()
        rest = 1.0 + error * np.sqrt(share / (1 - share)) * random.standard_normal()
        whole = share * first + (1 - share) * rest
        freedom = parts - 1.0
        known = claimed * error * np.sqrt(random.chisquare(freedom) / freedom)
        first, whole = Value(first, known, UNIT), Value(whole, known * np.sqrt(share), UNIT)
        runs.append(Twice("Ti10", 1, 700.0, first, whole, freedom, share))
    return Held(runs)


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_right_errors_hold(share):
    """The whole run holds its first part; with that, as many deviations as expected are below one and two errors."""
    held = made(4000, share)
    for width in (1, 2):
        expected = held.expected(width)
        assert abs(held.within(width) - expected) < 4 * np.sqrt(expected * (1 - expected / 4000))
    assert abs(held.mean) < 4 / np.sqrt(4000)
    assert 1e-3 < held.chance < 0.999
    assert held.shrunk == pytest.approx(np.sqrt(share)) and held.share == share


def test_errors_that_are_too_small_are_found():
    """Claimed at 60 % of what they are: 40 runs tell."""
    assert made(40, 0.25, claimed=0.6).chance < 0.05
    assert made(40, 0.25).chance > 0.05
    assert made(400, 0.25, claimed=0.6).chance < 1e-9


def test_diffusion_that_depends_on_the_length_is_found():
    """A first part that is too large by one error everywhere."""
    held = made(40, 0.25, drift=0.05)
    assert held.mean > 4 / np.sqrt(40)


def twice(kelvin: float, packing: int, d: float, error: float) -> Twice:
    return Twice("Ti10", packing, kelvin, Value(d, error, UNIT), Value(d, error / 2, UNIT), 7.0, 0.25)


def test_activation_energy_of_the_first_part():
    """Exact on a line; what packings differ by beyond their errors is in its error."""
    kelvins = np.array([500.0, 600.0, 700.0, 800.0, 900.0])
    d = 1e-3 * np.exp(-0.2 / (BOLTZMANN * kelvins))
    same = [twice(t, packing, x, 0.03 * x) for t, x in zip(kelvins, d, strict=True) for packing in (1, 2)]
    alike = lengths.energy(same)
    assert alike is not None and alike.value == pytest.approx(0.2, rel=1e-12)
    x = 1 / (BOLTZMANN * kelvins)
    alone = 0.03 / np.sqrt(2) / np.sqrt(((x - x.mean()) ** 2).sum())
    assert alike.error == pytest.approx(alone)
    apart = [
        twice(t, p, x * f, 0.03 * x * f) for t, x in zip(kelvins, d, strict=True) for p, f in ((1, 0.8), (2, 1.25))
    ]
    differ = lengths.energy(apart)
    assert differ is not None and differ.value == pytest.approx(0.2, abs=0.001) and differ.error > 3 * alone
    # the moments by hand: two logarithms u apart with the same errors e have a variance of u^2 / 2 - e^2 between them
    u = np.log(1.25 / 0.8)
    groups = [[run.first for run in apart if run.kelvin == t] for t in kelvins]
    assert lengths.between(groups) == pytest.approx(u**2 / 2 - 0.03**2)
    assert lengths.energy(same[:2]) is None


def test_welch_is_that_of_scipy():
    """Against scipy on samples: two (Student's test for unequal variances) and four."""
    random = np.random.default_rng(5)
    samples = [random.normal(0.1 * k, 1.0 + k, 5 + 3 * k) for k in range(4)]
    values = np.array([s.mean() for s in samples])
    errors = np.array([stats.sem(s) for s in samples])
    freedoms = np.array([len(s) - 1.0 for s in samples])
    p = stats.ttest_ind(samples[0], samples[1], equal_var=False).pvalue
    assert welch(values[:2], errors[:2], freedoms[:2]) == pytest.approx(p, rel=1e-9)
    assert welch(values, errors, freedoms) == pytest.approx(stats.f_oneway(*samples, equal_var=False).pvalue, rel=1e-9)


def energy(value: float, error: float | None, temperatures: int = 5) -> Energy:
    return Energy("Ti00", 1, Value(value, error, "eV"), Value(np.nan, None, "eV"), temperatures)


def test_the_first_study_has_no_significant_difference():
    """Packings of Ti00 differ by 2.6 of their combined error, from lines with three degrees of freedom each."""
    rows = [one for one in lengths.numbers(STUDY / "first-study" / "activation.dat") if one["packing"] != "0"]
    packings = [energy(float(one["E_a_eV"]), float(one["E_a_se_eV"])) for one in rows if one["composition"] == "Ti00"]
    p = difference(packings)
    assert p is not None and 0.02 < p < 0.1
    assert difference([energy(0.2, 0.01), energy(0.2, None)]) is None
    assert difference([energy(0.2, 0.01, 2), energy(0.2, 0.01, 2)]) is None


def test_earlier_tables_are_read_by_their_columns(tmp_path):
    rows = lengths.numbers(STUDY / "first-study" / "summary.dat")
    assert len(rows) == 20 and rows[0]["composition"] == "Ti00" and float(rows[0]["D"]) == 2.002e-5
    whole = {name: Value(0.18, 0.004, "eV") for name in ("Ti00", "Ti10")}
    kelvins = np.array([500.0, 600.0, 700.0])
    runs = [twice(t, 1, x, 0.03 * x) for t, x in zip(kelvins, np.exp(-0.2 / (BOLTZMANN * kelvins)), strict=True)]
    (one,) = lengths.energies_beside(STUDY / "first-study", whole, runs)
    assert one.composition == "Ti10" and one.earlier == Value(0.1777, 0.009, "eV") and one.whole == whole["Ti10"]
    with pytest.raises(lengths.StudyError, match="of the earlier study"):
        lengths.numbers(tmp_path / "summary.dat")
