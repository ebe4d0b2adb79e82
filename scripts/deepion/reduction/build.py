# SPDX-License-Identifier: MIT
"""From a potential and structures to its reduced networks."""

from collections.abc import Callable

import numpy as np

from deepion.errors import InputError
from deepion.evaluation.frames import Frame
from deepion.model.potential import Potential
from deepion.model.reduction import Level, Reduction

from .coverage import thin_pairs
from .ladder import Ladder, Rung
from .parameters import with_parameters
from .radial import RadialRows, padding
from .samples import joined, rows_of_pairs, sample

FORCE_ERRORS = (2e-3, 8e-4, 2e-4, 7e-5, 2e-5, 1e-5)  # eV/A RMS
CHEAP_SHARE = 0.5  # of the force error, which types with the cheapest networks are held to
MOST_FRAMES = 1200
HELD_OUT = 6  # every so many-th frame serves to measure errors only
CENTERS, CENTERS_HELD_OUT = 12000, 900
ROUGH_SHARE = 0.1  # so many more centers from dense, hot and random structures
FEWEST_CENTERS = 100  # below, a type's network cannot be chosen
NEAREST = 0.5  # A; where the grid of distances begins
PRIOR = 1e-3  # weight of all distances but the closest PRIOR_WITHOUT of the grid, sampled or not, beside the sample
PRIOR_WITHOUT = 1 / 8
MOST_TYPES = 12  # elements; beyond, the choice would take an hour
WORTH = 0.8  # a level is kept where its multiplications are at most this share of the full networks'


def why_not(potential: Potential) -> str | None:
    """Why this potential cannot have reduced networks; None: it can."""
    if len(potential.parts) > 1:
        return "the model has a hybrid descriptor"
    if potential.parts[0].kind != "se_e2_a":
        return "the model has the descriptor se_e2_r"
    if potential.ntypes > MOST_TYPES:
        return f"the model has {potential.ntypes} elements (at most {MOST_TYPES}): name those you need with --elements"
    for net in (potential.fitting_net(t) for t in range(potential.ntypes)):
        if len(net.layers) < 2:
            return "a fitting net has no hidden layer"
        if net.layers[0].skip != "none":
            return "a fitting net's first layer has a skip connection"
    return None


def reduce_potential(
    potential: Potential,
    frames: list[Frame],
    sampled: str,
    say: Callable[[str], None] = lambda _: None,
    rough: list[Frame] | None = None,
) -> Reduction:
    """Reduced networks of all center types, chosen and measured on frames.

    rough: further structures to choose by, at a low weight; errors are not measured on them.

    Frames without the frame or atomic parameters that the model takes get some by chance (see parameters). Raises InputError
    where the frames do not hold enough atoms of every type. say: receives lines of progress.
    """
    reason = why_not(potential)
    if reason is not None:
        raise InputError(f"no reduced networks: {reason}")
    frames = with_parameters(potential, frames)
    rows = rows_of_pairs(potential, NEAREST)
    held = [k % HELD_OUT == HELD_OUT - 1 for k in range(len(frames))]
    say(f"sampling {len(frames)} structures")
    chosen = sample(potential, rows, [f for f, h in zip(frames, held, strict=True) if not h], CENTERS, seed=1)
    tested = sample(potential, rows, [f for f, h in zip(frames, held, strict=True) if h], CENTERS_HELD_OUT, seed=2)
    if rough:
        further = sample(potential, rows, with_parameters(potential, rough), round(ROUGH_SHARE * CENTERS), seed=3)
        enough = [joined([given, more]) for given, more in zip(chosen, further, strict=True)]
    else:
        enough = chosen
    for i, name in enumerate(potential.type_map):
        if len(chosen[i].t) < FEWEST_CENTERS:
            raise InputError(
                f"no reduced networks: only {len(chosen[i].t)} {name} atoms in the structures (at least {FEWEST_CENTERS} of "
                "every type are needed): give more data, or export without reduced networks"
            )
        if len(tested[i].t) == 0:
            raise InputError(
                f"no reduced networks: every {HELD_OUT}th structure serves to measure errors alone, and of {len(frames)} structures none "
                f"of these has {name} atoms: give more structures, or export without reduced networks"
            )
    ladders = []
    for i, name in enumerate(potential.type_map):
        say(f"directions that matter for {name}")
        constant, prior = _constant(potential, rows, i), _prior(potential, rows, i)
        ladders.append(Ladder(potential, i, constant, prior, enough[i], tested[i], FORCE_ERRORS[-1]))
    levels: list[Level] = []
    for error in FORCE_ERRORS:
        say(f"networks for {error:g} eV/A")
        rungs = _by_cost(ladders, error)
        level = Level(
            max(r.force_error for r in rungs), max(r.energy_error for r in rungs), tuple(r.center for r in rungs)
        )
        small = _work(level) <= WORTH * sum(potential.fitting_net(t).weights for t in range(potential.ntypes))
        if level.force_error <= error and small and (not levels or level.force_error < levels[-1].force_error):
            levels.append(level)
    count = sum(len(s.t) for s in enough)
    thin = thin_pairs(potential, [f for f, h in zip(frames, held, strict=True) if not h])
    return Reduction(tuple(levels), f"{count} atoms of {sampled}", tuple(thin))


def _constant(potential: Potential, rows: dict[tuple[int, int], RadialRows], i: int) -> np.ndarray:
    """T of an atom without neighbors, first row."""
    part = potential.parts[0]
    if part.mixed_types:  # an empty slot has no type: its term is the same for all
        return padding(part, i, 0)
    empty = (part.sel[j] * rows[i, j].padding for j in range(potential.ntypes) if (i, j) in rows)
    return sum(empty, np.zeros(part.width)) / part.slots


def _prior(potential: Potential, rows: dict[tuple[int, int], RadialRows], i: int) -> np.ndarray:
    """Second moments of what one neighbor of each type adds, over all distances."""
    width = potential.parts[0].width
    moments = np.zeros((width, width))
    for j in range(potential.ntypes):
        if (i, j) in rows:
            table = rows[i, j]
            far = slice(int(PRIOR_WITHOUT * len(table.f0)), None)
            for part in (table.f0, table.f1, table.df0, table.df1):
                moments += part[far].T @ part[far] / len(part[far])
    return PRIOR * moments / potential.parts[0].slots ** 2


def _by_cost(ladders: list[Ladder], error: float) -> list[Rung]:
    """The rung of each type. Those whose networks are cheap are held to less than the error.

    With work ~ error^-a for every type, the least squares of all errors at a given work are in proportion to each type's work.
    The error that counts stays that of the worst type, because nobody knows a run's composition.
    """
    rungs = [ladder.rung(error) for ladder in ladders]
    dearest = max(rung.center.network.weights for rung in rungs)
    shares = [max(CHEAP_SHARE, np.sqrt(rung.center.network.weights / dearest)) for rung in rungs]
    return [
        ladder.with_fewer_units(rung if share == 1.0 else ladder.rung(share * error), share * error)
        for ladder, rung, share in zip(ladders, rungs, shares, strict=True)
    ]


def _work(level: Level) -> int:
    return sum(center.network.weights for center in level.centers)
