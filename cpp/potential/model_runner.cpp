// SPDX-License-Identifier: MIT
#include "model_runner.h"

#include "deepion_config.h"
#include "errors.h"
#include "model_file.h"
#include "pair_arguments.h"
#include "rust_log.h"

#include "atom.h"
#include "comm.h"
#include "fmt/format.h"
#include "lammps.h"
#include "utils.h"

#include <algorithm>
#include <features.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  ffi::Settings settings_of(LAMMPS *lmp, const PairArguments &args, bool drives)
  {
    ffi::Settings settings;
    settings.precision = args.precision == "double" ? ffi::Precision::Double
                                                    : ffi::Precision::Mixed;
    settings.threads = args.threads ? args.threads : std::max(1, lmp->comm->nthreads);
    settings.tabulate = args.tabulate;
    settings.table_error = args.table_error;
    settings.reduce = drives || args.deviation.reduce < 0.0 ? args.reduce : args.deviation.reduce;
    settings.drives = drives;
    settings.sel_error = args.sel_error;
    settings.onnxruntime = args.onnxruntime;
    // beside the plugin, and in the Python package onnxruntime beside the package of the plugin
    // a place to look, which the message of a failure names: other bytes than UTF-8 need not stop
    for (const char *place : {"", "/../../onnxruntime/capi"})
      settings.search.push_back(rust::String::lossy(plugin_folder() + place));
    return settings;
  }

}    // namespace

/* ---------------------------------------------------------------------- */

Model::Model(const std::string &_file, rust::Box<ffi::Potential> &&_potential) :
    file(_file), potential(std::move(_potential)), info(potential->info())
{
}

/* ---------------------------------------------------------------------- */

std::vector<std::string> Model::elements() const
{
  return std::vector<std::string>(info.type_map.begin(), info.type_map.end());
}

/* ----------------------------------------------------------------------
   rank 0 reads the files, all ranks get the same bytes
------------------------------------------------------------------------- */

Refusal ModelRunner::open(LAMMPS *lmp, const PairArguments &args)
{
  models.clear();
  files_here = true;
  for (std::size_t k = 0; k < args.models.size(); k++) {
    const std::string &name = args.models[k];
    std::vector<std::uint8_t> bytes;
    std::string label;
    std::string problem = read_model_file(lmp, name, bytes, label);
    if (!problem.empty()) {
      const bool unreadable = utils::strmatch(problem, "^cannot read");
      if (k > 0 && unreadable && !utils::strmatch(name, "\\.onnx$"))
        problem += " (and it is no keyword of pair_style deepmd/onnx)";
      return {problem, static_cast<int>(k)};
    }
    problem = error_of([&] {
      models.emplace_back(
          name, ffi::open_potential(rust_text(label), view(bytes), settings_of(lmp, args, k == 0)));
    });
    print_rust_log(lmp);
    problem = agreed_error(lmp, problem);
    if (!problem.empty()) return {problem, static_cast<int>(k)};

    const ffi::ModelInfo &first = driver().info, &info = models[k].info;
    if (info.numb_fparam != first.numb_fparam || info.numb_aparam != first.numb_aparam)
      return {fmt::format("models {} and {} take different numbers of fparam ({} and {}) or aparam "
                          "({} and {}): use models of one kind",
                          driver().file, name, first.numb_fparam, info.numb_fparam,
                          first.numb_aparam, info.numb_aparam),
              static_cast<int>(k)};
  }
  return {};
}

/* ----------------------------------------------------------------------
   atom types to model types, for every model by the name of the element
------------------------------------------------------------------------- */

Refusal ModelRunner::set_elements(const std::vector<std::string> &elements)
{
  names = elements;
  seen.assign(names.size(), 0);
  types.clear();
  version++;
  for (auto &model : models) {
    model.type_of.assign(names.size(), -1);
    const auto &known = model.info.type_map;
    for (std::size_t i = 1; i < names.size(); i++) {
      if (names[i] == "NULL") continue;
      for (std::size_t k = 0; k < known.size(); k++)
        if (std::string(known[k]) == names[i]) model.type_of[i] = static_cast<std::int32_t>(k);
      if (model.type_of[i] < 0)
        return {fmt::format("pair_coeff: element {} of atom type {} is not in model {}, which "
                            "knows {}",
                            names[i], i, model.file, joined(model.elements())),
                static_cast<int>(i)};
      seen[i] = 1;
    }
  }

  // a group for each element, in the order of the driving model's types; the types of other models
  // may have another order

  group_of.assign(names.size(), -1);
  for (auto &model : models) model.groups.clear();
  for (std::size_t k = 0; k < driver().info.type_map.size(); k++) {
    const auto is_element = [&](std::int32_t t) {
      return t == static_cast<std::int32_t>(k);
    };
    const auto &types_of = driver().type_of;
    const auto first = std::find_if(types_of.begin(), types_of.end(), is_element);
    if (first == types_of.end()) continue;
    for (std::size_t i = 1; i < names.size(); i++)
      if (is_element(types_of[i])) group_of[i] = static_cast<int>(driver().groups.size());
    for (auto &model : models) model.groups.push_back(model.type_of[first - types_of.begin()]);
  }
  return {};
}

/* ----------------------------------------------------------------------
   tables and networks for the types in use alone: a model may know 90 elements
------------------------------------------------------------------------- */

std::string ModelRunner::prepare(LAMMPS *lmp)
{
  std::string problem = restore_files(lmp);
  if (!problem.empty()) return problem;
  problem = error_of([&] {
    for (auto &model : models) {
      std::vector<std::int32_t> used;
      for (const auto t : model.type_of)
        if (t >= 0) used.push_back(t);
      model.potential->prepare(view(used));
      model.info = model.potential->info();
    }
  });
  print_rust_log(lmp);
  return agreed_error(lmp, problem);
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::restore_files(LAMMPS *lmp)
{
  if (files_here) return {};
  files_here = true;
  std::string problem;
  for (auto &model : models) {
    const auto held = model.potential->file();
    std::vector<std::uint8_t> bytes(held.begin(), held.end());
    broadcast(lmp, bytes);
    if (lmp->comm->me > 0 && problem.empty())
      problem = error_of([&] {
        model.potential->restore_file(view(bytes));
      });
  }
  return agreed_error(lmp, problem);
}

/* ----------------------------------------------------------------------
   glibc keeps freed memory for itself: here several times what is needed to run
------------------------------------------------------------------------- */

void ModelRunner::set_up(LAMMPS *lmp)
{
  if (!files_here) return;
  files_here = false;
  if (lmp->comm->me > 0)
    for (auto &model : models) model.potential->drop_file();
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

/* ---------------------------------------------------------------------- */

double ModelRunner::cutoff() const
{
  double largest = 0.0;
  for (const auto &model : models) largest = std::max(largest, model.info.cutoff);
  return largest;
}

/* ---------------------------------------------------------------------- */

std::size_t ModelRunner::engine_bytes() const
{
  std::size_t bytes = 0;
  error_of([&] {    // a failure only makes the estimate smaller
    for (const auto &model : models) bytes += model.potential->memory_bytes();
  });
  return bytes;
}

/* ---------------------------------------------------------------------- */

std::size_t ModelRunner::memory_bytes() const
{
  std::size_t bytes = engine_bytes() + neighbors.memory_bytes();
  bytes += sizeof(int) * types.capacity() + sizeof(std::int64_t) * tags.capacity();
  bytes += sizeof(double) * forces.capacity();
  for (const auto &model : models) bytes += sizeof(std::int32_t) * model.types.capacity();
  return bytes;
}

/* ----------------------------------------------------------------------
   flatten the neighbor list where it is new, and map types where they changed: fix atom/swap and
   others exchange types without a new list
------------------------------------------------------------------------- */

void ModelRunner::update_atoms(const Atom *atom, const NeighList *list, bool new_list)
{
  const std::size_t nall = atom->nlocal + atom->nghost;
  const bool types_changed = types.size() != nall ||
      !std::equal(types.begin(), types.end(), atom->type);
  if (!types_changed && !new_list) return;

  version++;
  types.assign(atom->type, atom->type + nall);
  neighbors.build_grouped(list, atom->type, nall, group_of,
                          static_cast<int>(driver().groups.size()));
  for (auto &model : models) {
    model.types.resize(nall);
    for (std::size_t i = 0; i < nall; i++) model.types[i] = model.type_of[atom->type[i]];
  }
  tags.clear();
  if (atom->tag_enable) tags.assign(atom->tag, atom->tag + nall);
}

/* ---------------------------------------------------------------------- */

ffi::Atoms ModelRunner::atoms(const Model &model, const Step &step, bool rebuilt) const
{
  ffi::Atoms atoms;
  atoms.x = rust::Slice<const double>(step.x, 3 * nall());
  atoms.types = view(model.types);
  atoms.tags = view(tags);
  atoms.centers = view(neighbors.centers);
  atoms.groups = view(model.groups);
  atoms.offsets = view(neighbors.offsets);
  atoms.neighbors = view(neighbors.neighbors);
  atoms.rebuilt = rebuilt;
  atoms.fparam = view(step.fparam);
  atoms.aparam = view(step.aparam);
  return atoms;
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::evaluate(const Step &step, const std::vector<Results> &results,
                                  std::vector<ffi::Totals> &totals)
{
  totals.assign(results.size(), {});
  if (nall() == 0) return {};
  const Results &first = results.front();
  const bool divide = first.f && first.length != 1.0;
  if (divide) forces.assign(3 * nall(), 0.0);
  std::vector<ffi::Evaluation> evaluations;
  for (std::size_t k = 0; k < results.size(); k++) {
    ffi::Output output;
    output.factor = results[k].factor;
    output.f = view(divide && k == 0 ? forces.data() : results[k].f, 3 * nall());
    output.eatom = view(results[k].eatom, nall());
    output.vatom = view(results[k].vatom, 6 * nall());
    output.cvatom = view(results[k].cvatom, 9 * nall());
    const bool rebuilt = models[k].version_seen != version;
    evaluations.push_back({*models[k].potential, atoms(models[k], step, rebuilt), output});
  }
  const std::string problem = error_of([&] {
    const auto sums =
        ffi::compute_all(rust::Slice<ffi::Evaluation>(evaluations.data(), evaluations.size()));
    for (std::size_t k = 0; k < results.size(); k++) {
      totals[k] = sums[k];
      models[k].version_seen = version;
    }
  });
  if (divide && problem.empty())
    for (std::size_t i = 0; i < forces.size(); i++) first.f[i] += forces[i] / first.length;
  return problem;
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::self_check(std::size_t k, const Step &step, ffi::CheckResult &result)
{
  result = {};
  if (!has_centers()) return {};
  return error_of([&] {
    result = models[k].potential->self_check(atoms(models[k], step, true));
  });
}

/* ----------------------------------------------------------------------
   only where it is needed, long after the files were dropped: they come back for a moment
------------------------------------------------------------------------- */

std::string ModelRunner::open_watcher(LAMMPS *lmp)
{
  if (driver().potential->has_watcher()) return {};
  const bool running = !files_here;
  std::string problem = restore_files(lmp);
  if (!problem.empty()) return problem;
  problem = error_of([&] {
    models[0].potential->open_watcher();
  });
  if (running) set_up(lmp);
  return agreed_error(lmp, problem);
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::use_full_networks(LAMMPS *lmp)
{
  const bool running = !files_here;    // else the check before the first step needs them, too
  std::string problem = restore_files(lmp);
  if (!problem.empty()) return problem;
  Model &model = models[0];
  problem = error_of([&] {
    model.potential->use_full_networks();
    model.info = model.potential->info();
  });
  model.version_seen = 0;
  print_rust_log(lmp);
  if (running) set_up(lmp);
  return agreed_error(lmp, problem);
}

/* ----------------------------------------------------------------------
   three numbers for each type, also where there are no atoms
------------------------------------------------------------------------- */

std::string ModelRunner::moments(const Step &step, const std::vector<double> &energies,
                                 std::vector<double> &sums) const
{
  sums.assign(3 * driver().info.type_map.size(), 0.0);
  if (!has_centers()) return {};
  return error_of([&] {
    const auto found = driver().potential->moments(atoms(driver(), step, false), view(energies));
    sums.assign(found.begin(), found.end());
  });
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::most_unlike(const Step &step, const ffi::Turn &turn,
                                     std::vector<double> &most) const
{
  std::fill(most.begin(), most.end(), 0.0);
  if (!has_centers()) return {};
  return error_of([&] {
    const auto found =
        driver().potential->most_unlike(atoms(driver(), step, false), turn, most.size());
    most.assign(found.begin(), found.end());
  });
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::watch(const Step &step, const ffi::Turn &turn, ffi::Watched &watched)
{
  watched = {};
  watched.worst_tag = -1;
  if (!has_centers()) return {};
  return error_of([&] {
    watched = models[0].potential->watch(atoms(driver(), step, false), turn);
  });
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::take_times(std::vector<PartTime> &parts)
{
  parts.clear();
  return error_of([&] {
    for (auto &model : models) {
      const auto times = model.potential->take_times();
      parts.resize(times.size());
      for (std::size_t k = 0; k < times.size(); k++) {
        parts[k].name = std::string(times[k].name);
        parts[k].seconds += times[k].seconds;
      }
    }
  });
}

/* ---------------------------------------------------------------------- */

std::string ModelRunner::take_alerts(std::size_t k, ffi::Alerts &alerts)
{
  alerts = {};
  return error_of([&] {
    alerts = models[k].potential->take_alerts();
  });
}

}    // namespace DEEPION
