// SPDX-License-Identifier: MIT
// What a user can write after `pair_style deepmd/onnx`.

#ifndef DEEPION_PAIR_ARGUMENTS_H
#define DEEPION_PAIR_ARGUMENTS_H

#include "words.h"

#include <string>
#include <vector>

namespace DEEPION {

// Where frame and atomic parameters come from; at most one source of each.
struct ParameterArguments {
  std::vector<double> fparam;         // empty: not given
  std::string fparam_from_compute;    // compute ID
  std::string fparam_from_fix;        // fix ID
  int fparam_fix_index = 0;           // first element of the fix's vector, from 1; 0 = its scalar
  std::vector<double> aparam;         // empty: not given
  std::string aparam_from_compute;    // compute ID
};

struct DeviationArguments {
  int every = 100;    // steps, 0 = off
  std::string file = "model_devi.out";
  double reduce = -1.0;    // eV/A, of all models but the first, < 0 = as of the first
  bool atomic = false;
  double relative = -1.0;      // LAMMPS units, < 0 = absolute
  double relative_v = -1.0;    // LAMMPS units, < 0 = absolute
};

// What happens where the check of a run finds more than its limit.
enum class OnExcess { WARN, FULL, STOP };

struct PairArguments {
  std::vector<std::string> models;    // file names, at least one; the first drives
  ParameterArguments parameters;
  DeviationArguments deviation;

  int threads = 0;    // 0: as many as LAMMPS uses
  std::string precision = "mixed";
  bool tabulate = true;        // default: yes in mixed, no in double precision
  double table_error = 0.0;    // relative, 0 = default
  double reduce = -1.0;        // eV/A, force error of reduced networks, < 0 = default
  std::string onnxruntime;     // empty: search
  bool sel_error = false;
  bool check = true;       // before the first step
  int check_every = -1;    // steps between two checks of a run, 0 = none, < 0 = default
  OnExcess on_excess = OnExcess::WARN;
  double excess_limit = 0.0;    // eV/A, error of an atom in the check of a run, 0 = default
  double check_limit = 0.0;     // eV/A, 0 = default
  bool timing = false;
};

// Reads the arguments. Returns their words, with the problem if there is one. No MPI, no LAMMPS:
// the same words give the same answer on every rank.
Words parse_pair_arguments(int narg, const char *const *arg, PairArguments &parsed);

}    // namespace DEEPION

#endif
