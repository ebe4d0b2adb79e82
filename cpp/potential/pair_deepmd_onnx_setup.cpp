// PairDeepmdOnnx before the first step: everything that can be refused, the summary and the self-check.

#include "pair_deepmd_onnx_impl.h"

#include "deepion_config.h"
#include "errors.h"
#include "lammps_compat.h"
#include "rust_log.h"

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "domain.h"
#include "error.h"
#include "fix.h"
#include "force.h"
#include "lammps.h"
#include "modify.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mpi.h>

using namespace LAMMPS_NS;
using namespace DEEPION;

// kB of units metal as LAMMPS has it: with it the factor from eV is LAMMPS' own, exactly 1 for metal
static constexpr double METAL_BOLTZ = 8.617343e-5;

// force errors of the self-check's few atoms scatter about the mean over many
static constexpr double RMS_IN_KEEPING = 5.0;

// A; two atoms are never closer, so a periodic box cannot be thinner
static constexpr double THINNEST_BOX = 1.0;

/* ----------------------------------------------------------------------
   counts of fparam and aparam against what the models take
------------------------------------------------------------------------- */

void PairDeepmdOnnx::check_parameters()
{
  const PairArguments &args = impl->args;
  const std::size_t nf = impl->nfparam();
  const std::size_t na = impl->naparam();
  const std::string &name = impl->models[0].name;
  const bool fparam_from = !args.fparam_from_compute.empty() || !args.fparam_from_fix.empty();
  const bool aparam_from = !args.aparam_from_compute.empty();

  if (!args.fparam.empty() && args.fparam.size() != nf)
    error->all(FLERR, "keyword fparam: got {} values, but model {} takes {}", args.fparam.size(),
               name, nf);
  if (!args.aparam.empty() && args.aparam.size() != na)
    error->all(FLERR, "keyword aparam: got {} values, but model {} takes {}", args.aparam.size(),
               name, na);
  if (fparam_from && nf == 0)
    error->all(FLERR, "fparam_from_compute or fparam_from_fix: model {} takes no fparam", name);
  if (aparam_from && na == 0)
    error->all(FLERR, "aparam_from_compute: model {} takes no aparam", name);

  bool has_default = true;
  for (const auto &model : impl->models) has_default &= model.info.default_fparam.size() == nf;
  if (nf > 0 && args.fparam.empty() && !fparam_from && !has_default)
    error->all(FLERR,
               "model {} takes {} frame parameters: give them with keyword fparam, "
               "fparam_from_compute or fparam_from_fix",
               name, nf);
  if (na > 0 && args.aparam.empty() && !aparam_from)
    error->all(FLERR,
               "model {} takes {} parameters per atom: give them with keyword aparam or "
               "aparam_from_compute",
               name, na);
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::check_settings_units()
{
  const std::string units = update->unit_style;
  if (units != "metal" && units != "real")
    error->all(FLERR,
               "pair_style deepmd/onnx supports units metal and units real, not units {}: put "
               "'units metal' at the start of the input script",
               units);
  impl->unit_factor = force->boltz / METAL_BOLTZ;
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::check_simulation()
{
  // a neighbor on another rank gets its force through its ghost: with newton off it would be lost

  if (force->newton_pair == 0)
    error->all(FLERR,
               "pair_style deepmd/onnx requires newton pair on: remove 'newton off' from the input "
               "script");
  if (domain->dimension != 3)
    error->all(FLERR, "pair_style deepmd/onnx requires a 3d simulation, not dimension {}",
               domain->dimension);

  // length of each box vector; ghosts of any number of periodic images are fine with comm_style
  // brick, but comm_style tiled has only the next one

  const double *h = domain->h;    // xx, yy, zz, yz, xz, xy
  const std::array<double, 3> lengths = {h[0], sqrt(h[1] * h[1] + h[5] * h[5]),
                                         sqrt(h[2] * h[2] + h[3] * h[3] + h[4] * h[4])};
  const std::array<double, 3> widths = {h[0], h[1], h[2]};
  for (int d = 0; d < 3; d++) {
    if (!domain->periodicity[d]) continue;
    if (lengths[d] < THINNEST_BOX)
      error->all(FLERR,
                 "pair_style deepmd/onnx: the periodic box is only {:.6g} A thin in {}: an atom "
                 "would be that close to its own image",
                 lengths[d], "xyz"[d]);
    if (comm->style == Comm::TILED && widths[d] < cutoff + neighbor->skin)
      error->all(
          FLERR,
          "pair_style deepmd/onnx: the periodic box is {:.6g} A thin in {}, less than cutoff "
          "plus skin ({:.6g} A), which comm_style tiled cannot do: use comm_style brick or "
          "replicate the box",
          widths[d], "xyz"[d], cutoff + neighbor->skin);
  }

  if (neighbor->includegroup)
    error->all(
        FLERR,
        "pair_style deepmd/onnx: neigh_modify include hides atoms from the model: remove it");

  const bool deviate = nextra > 0;
  if (deviate && impl->args.atomic) {
    if (!atom->tag_enable)
      error->all(FLERR,
                 "pair_style deepmd/onnx: keyword atomic needs atom IDs: use atom_modify id yes");
    if (!atom->tag_consecutive())
      error->all(FLERR,
                 "pair_style deepmd/onnx: keyword atomic needs atom IDs from 1 to the number of "
                 "atoms: use reset_atoms id");
  }
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::check_compute_and_fix_ids()
{
  const PairArguments &args = impl->args;
  const int nf = static_cast<int>(impl->nfparam());
  const int na = static_cast<int>(impl->naparam());

  if (!args.fparam_from_compute.empty()) {
    const std::string &id = args.fparam_from_compute;
    const Compute *compute = modify->get_compute_by_id(id);
    if (!compute) error->all(FLERR, "fparam_from_compute: there is no compute {}", id);
    if (nf == 1 && !compute->scalar_flag)
      error->all(FLERR, "fparam_from_compute: compute {} has no scalar", id);
    if (nf > 1 && !compute->vector_flag)
      error->all(FLERR, "fparam_from_compute: compute {} has no vector", id);
    if (nf > 1 && !compute->size_vector_variable && compute->size_vector < nf)
      error->all(FLERR,
                 "fparam_from_compute: the vector of compute {} has {} elements, but {} are needed",
                 id, compute->size_vector, nf);
  }
  if (!args.fparam_from_fix.empty()) {
    const std::string &id = args.fparam_from_fix;
    const int index = args.fparam_fix_index;
    const Fix *fix = modify->get_fix_by_id(id);
    if (!fix) error->all(FLERR, "fparam_from_fix: there is no fix {}", id);
    if (index == 0 && !fix->scalar_flag)
      error->all(FLERR, "fparam_from_fix: fix {} has no scalar", id);
    if (index > 0 && !fix->vector_flag)
      error->all(FLERR, "fparam_from_fix: fix {} has no vector", id);
    if (index > 0 && fix->size_vector < index - 1 + nf)
      error->all(FLERR,
                 "fparam_from_fix: the vector of fix {} has {} elements, but elements {} to {} are "
                 "needed",
                 id, fix->size_vector, index, index - 1 + nf);
  }
  if (!args.aparam_from_compute.empty()) {
    const std::string &id = args.aparam_from_compute;
    const Compute *compute = modify->get_compute_by_id(id);
    if (!compute) error->all(FLERR, "aparam_from_compute: there is no compute {}", id);
    if (!compute->peratom_flag)
      error->all(FLERR, "aparam_from_compute: compute {} has no values per atom", id);
    if (na == 1 && compute->size_peratom_cols != 0)
      error->all(FLERR,
                 "aparam_from_compute: compute {} has an array per atom, but a vector is needed",
                 id);
    if (na > 1 && compute->size_peratom_cols < na)
      error->all(FLERR,
                 "aparam_from_compute: compute {} has {} columns per atom, but {} are needed", id,
                 compute->size_peratom_cols, na);
  }
}

/* ----------------------------------------------------------------------
   what is only known once the neighbor lists are set up
------------------------------------------------------------------------- */

void PairDeepmdOnnx::check_neighbors()
{
  impl->neighbors_checked = true;
  const double reach = std::max(comm->cutghostuser, neighbor->cutneighmax);
  if (reach < cutoff)
    error->all(FLERR,
               "pair_style deepmd/onnx: the cutoff of the model ({:.6g} A) is beyond the "
               "communication cutoff ({:.6g} A): use comm_modify cutoff {:.6g}",
               cutoff, reach, cutoff + neighbor->skin);

  // bonded neighbors with a special_bonds factor of 0 are never in the list

  if (special_bonds_hide(lmp, impl->visible))
    error->all(
        FLERR,
        "pair_style deepmd/onnx: special_bonds with a factor of 0 hides bonded atoms from the "
        "model: use special_bonds lj/coul 1.0 1.0 1.0 (with other styles in hybrid: 1.0e-50)");

  if (neighbor->exclude && !impl->warned_exclude) {
    impl->warned_exclude = true;
    if (comm->me == 0)
      error->warning(FLERR,
                     "pair_style deepmd/onnx: neigh_modify exclude hides pairs of atoms from the "
                     "model: energies and forces are not those it was trained for");
  }
}

/* ----------------------------------------------------------------------
   compare the path in use with the model file's own graph in float64, for some of the user's atoms
------------------------------------------------------------------------- */

void PairDeepmdOnnx::self_check()
{
  impl->checked = true;
  if (!impl->args.check) return;
  const std::size_t nall = impl->types.size();

  for (auto &model : impl->models) {
    const double reduced_error = model.info.reduced_error;
    const double limit = impl->args.force_limit(reduced_error);
    double difference = 0.0;
    std::array<double, 2> sums = {0.0, 0.0};    // squares, sampled atoms
    const std::string problem = error_of([&] {
      if (impl->neighbors.centers.empty()) return;
      const auto result = model.potential->self_check(impl->atoms(model, atom->x[0], nall, true));
      difference = result.force_difference;
      sums = {result.squares, static_cast<double>(result.sampled)};
    });
    print_rust_log(lmp);
    stop_all_if(lmp, FLERR, problem);
    if (!std::isfinite(difference)) difference = HUGE_VAL;

    double largest = 0.0;
    std::array<double, 2> totals = {0.0, 0.0};
    MPI_Allreduce(&difference, &largest, 1, MPI_DOUBLE, MPI_MAX, world);
    MPI_Allreduce(sums.data(), totals.data(), 2, MPI_DOUBLE, MPI_SUM, world);
    const double rms = sqrt(totals[0] / std::max(1.0, 3.0 * totals[1]));
    if (!(largest <= limit))
      stop_all(
          lmp, FLERR,
          fmt::format("deepion: self-check failed: model {} as it runs here and its own graph "
                      "in float64 differ by {:.3g} eV/A in the force on one of {:.0f} atoms (limit "
                      "{:.3g}): {}a wrong result is possible; check_limit sets the limit, check "
                      "no turns the check off",
                      model.name, largest, totals[1], limit,
                      reduced_error > 0.0                   ? "try reduce 0, "
                          : impl->args.precision == "mixed" ? "try precision double, "
                                                            : ""));
    if (comm->me != 0) continue;
    utils::logmesg(lmp,
                   fmt::format("deepion: self-check: {:.0f} atoms, force difference {:.2g} eV/A "
                               "RMS, {:.3g} at most (limit {:.3g})\n",
                               totals[1], rms, largest, limit));
    if (reduced_error > 0.0 && rms > RMS_IN_KEEPING * reduced_error)
      error->warning(
          FLERR,
          "pair_style deepmd/onnx: the reduced networks of model {} err by {:.2g} eV/A RMS "
          "on atoms of this system, but by {:.2g} on those they were chosen by: use a "
          "smaller reduce, or export the model with --data of systems like this one",
          model.name, rms, reduced_error);
  }
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::print_summary()
{
  const PairArguments &args = impl->args;
  const int nmodels = static_cast<int>(impl->models.size());
  std::string text = fmt::format("deepion {}, pair_style deepmd/onnx\n", VERSION);
  for (int k = 0; k < nmodels; k++) {
    if (nmodels > 1)
      text += fmt::format("  model {} of {}{}\n", k + 1, nmodels, k == 0 ? " (drives)" : "");
    for (const auto &line : impl->models[k].info.summary) text += "  " + std::string(line) + "\n";
  }
  text += "  atom types:";
  for (std::size_t i = 1; i < impl->elements.size(); i++)
    text += fmt::format("{} {} = {}", i == 1 ? "" : ",", i, impl->elements[i]);
  text += fmt::format("\n  LAMMPS: {}, {} MPI rank{}\n", LAMMPS_DESCRIPTOR, comm->nprocs,
                      comm->nprocs > 1 ? "s" : "");
  if (nmodels > 1 && args.out_freq > 0)
    text += fmt::format("  model deviation: every {} steps to {}\n", args.out_freq, args.out_file);
  else if (nmodels > 1)
    text += "  model deviation: off (out_freq 0)\n";
  if (!args.check) text += "  self-check: off\n";

  if (comm->me == 0 && text != impl->summary)
    utils::logmesg(lmp,
                   text +
                       fmt::format("  memory: {:.1f} MB per MPI rank for the models\n",
                                   impl->engine_bytes() / 1048576.0));
  impl->summary = text;
}
