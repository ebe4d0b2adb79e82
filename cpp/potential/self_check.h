// SPDX-License-Identifier: MIT
// Compares the models as they run here with the model files' own graphs in float64, for some of the
// user's atoms.

#ifndef DEEPION_SELF_CHECK_H
#define DEEPION_SELF_CHECK_H

namespace LAMMPS_NS {
class LAMMPS;
}

namespace DEEPION {

class ModelRunner;
struct PairArguments;
struct Step;

// Collective: stops all ranks where the forces differ by more than the limit.
void self_check(LAMMPS_NS::LAMMPS *lmp, ModelRunner &models, const Step &step,
                const PairArguments &args);

}    // namespace DEEPION

#endif
