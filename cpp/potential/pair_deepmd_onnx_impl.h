// What stands behind PairDeepmdOnnx; only its own .cpp files see this.

#ifndef DEEPION_PAIR_DEEPMD_ONNX_IMPL_H
#define DEEPION_PAIR_DEEPMD_ONNX_IMPL_H

#include "pair_deepmd_onnx.h"

#include "errors.h"
#include "model_deviation.h"
#include "neighbor_csr.h"
#include "pair_deepmd_onnx_args.h"

#include "deepion-bridge/src/potential.rs.h"

#include <cstdint>
#include <string>
#include <vector>

namespace DEEPION {

struct Model {
  Model(const std::string &_name, rust::Box<deepion::ffi::Potential> &&_potential) :
      name(_name), potential(std::move(_potential)), info(potential->info())
  {
  }

  std::string name;    // file
  rust::Box<deepion::ffi::Potential> potential;
  deepion::ffi::ModelInfo info;
  std::vector<std::int32_t>
      type_of;                        // model type of each LAMMPS type, -1 = NULL; element 0 unused
  std::vector<std::int32_t> types;    // model type of each local and ghost atom
  std::uint64_t seen = 0;             // version of the atoms at the last call

  std::string elements() const
  {
    std::string text;
    for (const auto &element : info.type_map)
      text += (text.empty() ? "" : ", ") + std::string(element);
    return text;
  }
};

template <class T> rust::Slice<const T> view(const std::vector<T> &values)
{
  return rust::Slice<const T>(values.data(), values.size());
}

inline rust::Slice<double> view(double *values, std::size_t size)
{
  return values ? rust::Slice<double>(values, size) : rust::Slice<double>();
}

}    // namespace DEEPION

namespace LAMMPS_NS {

struct PairDeepmdOnnx::Impl {
  DEEPION::PairArguments args;
  std::vector<DEEPION::Model> models;    // the first drives
  std::vector<std::string>
      elements;                 // of each LAMMPS type; element 0 unused; empty: no pair_coeff
  std::vector<char> visible;    // of each LAMMPS type: not NULL
  double unit_factor = 1.0;     // from eV to the energy unit in use

  // the atoms as last handed over; `version` counts changes
  DEEPION::NeighborCSR neighbors;
  std::vector<int> types;            // LAMMPS types of local and ghost atoms
  std::vector<std::int64_t> tags;    // atom IDs
  std::vector<double> fparam, aparam;
  std::uint64_t version = 0;

  // several models
  std::vector<double> forces;     // models x nall x 3, eV/A
  std::vector<double> virials;    // models x 9, eV
  std::vector<double> eatom, vatom, cvatom;
  deepion::ffi::Totals totals = {};    // this rank, first model, LAMMPS units
  DEEPION::Deviation latest = {};      // LAMMPS units; rank 0 only, as compute pair sums over ranks
  DEEPION::DeviationFile file;

  // guards
  bool checked = false;    // self-check done for these models
  bool neighbors_checked = false;
  bool warned_overflow = false;
  bool warned_close = false;
  bool warned_exclude = false;
  bool warned_masses = false;
  double timestep = 0.0;    // as last warned of
  std::string summary;      // as last printed
  std::string sha256;       // of the driving model, as handed out by extract()

  // since the last run ended
  double seconds = 0.0;    // of this rank in compute()
  double lists = 0.0;      // of these, handing over new neighbor lists
  bigint evaluations = 0;

  std::size_t nfparam() const { return models[0].info.numb_fparam; }
  std::size_t naparam() const { return models[0].info.numb_aparam; }
  std::size_t engine_bytes() const
  {
    std::size_t bytes = 0;
    DEEPION::error_of([&] {    // a failure only makes the estimate smaller
      for (const auto &model : models) bytes += model.potential->memory_bytes();
    });
    return bytes;
  }

  deepion::ffi::Atoms atoms(const DEEPION::Model &model, const double *x, std::size_t nall,
                            bool rebuilt) const
  {
    deepion::ffi::Atoms atoms;
    atoms.x = rust::Slice<const double>(x, 3 * nall);
    atoms.types = DEEPION::view(model.types);
    atoms.tags = DEEPION::view(tags);
    atoms.centers = DEEPION::view(neighbors.centers);
    atoms.offsets = DEEPION::view(neighbors.offsets);
    atoms.neighbors = DEEPION::view(neighbors.neighbors);
    atoms.rebuilt = rebuilt;
    atoms.fparam = DEEPION::view(fparam);
    atoms.aparam = DEEPION::view(aparam);
    return atoms;
  }
};

}    // namespace LAMMPS_NS

#endif
