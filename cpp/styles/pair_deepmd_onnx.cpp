#include "pair_deepmd_onnx_impl.h"

#include "deepion_config.h"
#include "errors.h"
#include "lammps_compat.h"
#include "model_file.h"
#include "plausibility.h"
#include "rust_log.h"

#include "atom.h"
#include "comm.h"
#include "compute.h"
#include "error.h"
#include "fix.h"
#include "force.h"
#include "lammps.h"
#include "memory.h"
#include "modify.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "platform.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <dlfcn.h>
#include <mpi.h>
#include <numeric>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

namespace {
// folder of this plugin, empty if unknown

std::string plugin_folder()
{
  static const char here = 0;
  Dl_info info;
  if (!dladdr(&here, &info) || !info.dli_fname) return {};
  const std::string path = info.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? std::string(".") : path.substr(0, slash);
}
}    // namespace

/* ---------------------------------------------------------------------- */

PairDeepmdOnnx::PairDeepmdOnnx(LAMMPS *lmp) : Pair(lmp), impl(new Impl), scale(nullptr), cutoff(0.0)
{
  one_coeff = 1;
  manybody_flag = 1;
  single_enable = 0;
  restartinfo = 0;
  respa_enable = 0;
  writedata = 0;
  no_virial_fdotr_compute = 1;
  centroidstressflag = CENTROID_AVAIL;
}

/* ---------------------------------------------------------------------- */

PairDeepmdOnnx::~PairDeepmdOnnx()
{
  if (copymode) return;
  if (allocated) {
    memory->destroy(setflag);
    memory->destroy(cutsq);
    memory->destroy(scale);
  }
  pvector = nullptr;
  delete impl;
}

/* ----------------------------------------------------------------------
   open the models; rank 0 reads, all ranks get the same bytes
------------------------------------------------------------------------- */

void PairDeepmdOnnx::settings(int narg, char **arg)
{
  impl->models.clear();
  impl->file.close();
  impl->checked = impl->neighbors_checked = false;
  impl->warned_overflow = impl->warned_close = impl->warned_exclude = false;
  impl->latest = {};

  refuse_if(lmp, FLERR, parse_pair_arguments(narg, arg, impl->args));
  const PairArguments &args = impl->args;
  check_settings_units();

  deepion::ffi::Settings settings;
  settings.precision = args.precision == "double" ? deepion::ffi::Precision::Double
                                                  : deepion::ffi::Precision::Mixed;
  settings.threads = args.threads ? args.threads : std::max(1, comm->nthreads);
  settings.tabulate = args.tabulate;
  settings.table_error = args.table_limit();
  settings.reduce = args.reduce;
  settings.sel_error = args.sel_error;
  settings.onnxruntime = args.onnxruntime;
  for (const std::string &place : {plugin_folder(), std::string(ONNXRUNTIME_LIBRARY)})
    if (!place.empty()) settings.search.push_back(place);

  for (const auto &name : args.models) {
    std::vector<std::uint8_t> bytes;
    std::string failure = read_model_file(lmp, name, bytes);
    if (!failure.empty()) {
      if (&name != &args.models[0] && !utils::strmatch(name, "\\.onnx$"))
        failure += " (and it is no keyword of pair_style deepmd/onnx)";
      refuse(lmp, FLERR, failure, arg[&name - &args.models[0]]);
    }
    failure = error_of([&] {
      impl->models.emplace_back(name, deepion::ffi::open_potential(name, view(bytes), settings));
    });
    print_rust_log(lmp);
    failure = agreed_error(lmp, failure);
    if (!failure.empty()) {
      impl->models.clear();
      refuse(lmp, FLERR, failure, arg[&name - &args.models[0]]);
    }
  }

  cutoff = 0.0;
  for (const auto &model : impl->models) {
    cutoff = std::max(cutoff, model.info.cutoff);
    if (model.info.numb_fparam != impl->nfparam() || model.info.numb_aparam != impl->naparam())
      error->all(FLERR,
                 "models {} and {} take different numbers of fparam ({} and {}) or aparam ({} and "
                 "{}): use models of one kind",
                 impl->models[0].name, model.name, impl->nfparam(), model.info.numb_fparam,
                 impl->naparam(), model.info.numb_aparam);
  }
  check_parameters();

  // several models: forces of all go home to their atoms before they are compared

  const int nmodels = static_cast<int>(impl->models.size());
  const bool deviate = nmodels > 1 && args.out_freq > 0;
  comm_reverse = deviate ? 3 * nmodels : 0;
  nextra = deviate ? static_cast<int>(impl->latest.size()) : 0;
  pvector = deviate ? impl->latest.data() : nullptr;

  if (!impl->elements.empty()) map_types(nullptr);
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::allocate()
{
  allocated = 1;
  const int n = atom->ntypes + 1;
  memory->create(setflag, n, n, "pair:setflag");
  memory->create(cutsq, n, n, "pair:cutsq");
  memory->create(scale, n, n, "pair:scale");
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++) {
      setflag[i][j] = 0;
      cutsq[i][j] = 0.0;
      scale[i][j] = 1.0;
    }
}

/* ----------------------------------------------------------------------
   which element each atom type is
------------------------------------------------------------------------- */

void PairDeepmdOnnx::coeff(int narg, char **arg)
{
  if (impl->models.empty()) error->all(FLERR, "pair_coeff: pair_style deepmd/onnx has no model");
  if (!allocated) allocate();
  for (int i = 0; i < 2; i++)
    if (narg <= i || strcmp(arg[i], "*") != 0)
      refuse(lmp, FLERR, "pair_coeff of deepmd/onnx must start with '* *'",
             narg <= i ? nullptr : arg[i]);
  for (int i = 2; i < narg; i++) {
    const std::string problem = utf8_problem(arg[i]);
    if (!problem.empty()) refuse(lmp, FLERR, "pair_coeff of deepmd/onnx: " + problem, arg[i]);
  }

  const int ntypes = atom->ntypes;
  const int given = narg - 2;
  const Model &driver = impl->models[0];
  impl->elements.assign(1, "");
  if (given == 0) {
    if (ntypes != static_cast<int>(driver.info.type_map.size()))
      error->all(FLERR,
                 "pair_coeff * * without element names needs as many atom types as the model has "
                 "elements, but there are {} atom types and model {} knows {} ({}): name one "
                 "element for each atom type",
                 ntypes, driver.name, driver.info.type_map.size(), driver.elements());
    std::string text;
    for (int i = 1; i <= ntypes; i++) {
      impl->elements.push_back(std::string(driver.info.type_map[i - 1]));
      text += fmt::format("{} {} = {}", i == 1 ? "" : ",", i, impl->elements[i]);
    }
    if (comm->me == 0)
      utils::logmesg(lmp, "deepion: pair_coeff * * without names: atom type" + text + "\n");
  } else if (given != ntypes) {
    error->all(FLERR,
               "pair_coeff: got {} element names, but there are {} atom types: name one of {} (or "
               "NULL) for each atom type",
               given, ntypes, driver.elements());
  } else {
    for (int i = 0; i < given; i++) impl->elements.push_back(arg[2 + i]);
  }
  map_types(given ? arg + 2 : nullptr);
}

/* ----------------------------------------------------------------------
   atom types to model types, for every model by the name of the element
------------------------------------------------------------------------- */

void PairDeepmdOnnx::map_types(char **words)
{
  const int ntypes = static_cast<int>(impl->elements.size()) - 1;
  impl->visible.assign(ntypes + 1, 0);
  bool any = false;
  for (auto &model : impl->models) {
    model.type_of.assign(ntypes + 1, -1);
    model.seen = 0;
    for (int i = 1; i <= ntypes; i++) {
      const std::string &element = impl->elements[i];
      if (element == "NULL") continue;
      const auto &known = model.info.type_map;
      for (std::size_t k = 0; k < known.size(); k++)
        if (std::string(known[k]) == element) model.type_of[i] = static_cast<std::int32_t>(k);
      if (model.type_of[i] < 0)
        refuse(lmp, FLERR,
               fmt::format("pair_coeff: element {} of atom type {} is not in model {}, which "
                           "knows {}",
                           element, i, model.name, model.elements()),
               words ? words[i - 1] : nullptr);
      impl->visible[i] = 1;
      any = true;
    }
  }
  if (!any) error->all(FLERR, "pair_coeff: all atom types are NULL, nothing is left for the model");
  impl->types.clear();
  impl->version++;

  // in plain hybrid, types that are NULL here belong to other styles; elsewhere the style stands for
  // all pairs of types, and NULL atoms are merely invisible to the model

  const bool shared = force->pair && force->pair != this && force->pair_style &&
      utils::strmatch(force->pair_style, "^hybrid") && !strchr(force->pair_style, '/');
  for (int i = 1; i <= ntypes; i++)
    for (int j = i; j <= ntypes; j++) {
      setflag[i][j] = !shared || (impl->visible[i] && impl->visible[j]);
      scale[i][j] = scale[j][i] = 1.0;
    }
}

/* ----------------------------------------------------------------------
   everything that can be refused before the first step
------------------------------------------------------------------------- */

void PairDeepmdOnnx::init_style()
{
  if (impl->models.empty()) error->all(FLERR, "pair_style deepmd/onnx has no model");
  if (impl->elements.empty()) error->all(FLERR, "pair_style deepmd/onnx: pair_coeff is missing");
  check_settings_units();
  check_simulation();
  if (impl->args.check) check_masses(lmp, impl->elements, !impl->warned_masses);
  impl->warned_masses = true;
  impl->timestep = check_timestep(lmp, impl->timestep);
  check_compute_and_fix_ids();
  neighbor->add_request(this, NeighConst::REQ_FULL);
  impl->neighbors_checked = false;
  open_deviation_file();
  print_summary();
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::open_deviation_file()
{
  if (nextra == 0) return;
  std::string problem;
  if (comm->me == 0 && !impl->file.is_open())
    problem = impl->file.open(impl->args.out_file, update->ntimestep, impl->args.atomic);
  stop_all_if(lmp, FLERR, problem);
}

/* ---------------------------------------------------------------------- */

double PairDeepmdOnnx::init_one(int i, int j)
{
  scale[j][i] = scale[i][j];
  return cutoff;
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  const double start = platform::walltime();

  // steps with a new neighbor list are where all ranks meet: errors and warnings can be agreed on

  const bool meeting = neighbor->ago == 0;
  if (!impl->neighbors_checked) check_neighbors();
  gather_parameters();
  update_atoms();
  impl->lists += platform::walltime() - start;
  if (!impl->checked) self_check();

  const double factor = impl->unit_factor * scale[1][1];
  const std::size_t nall = impl->types.size();
  std::string problem;

  if (!deviation_step()) {
    if (nall > 0)
      problem = evaluate(0, factor, atom->f[0], eflag_atom ? eatom : nullptr,
                         vflag_atom ? vatom[0] : nullptr, cvflag_atom ? cvatom[0] : nullptr);
    else
      impl->totals = {};
  } else {
    problem = evaluate_all(factor);
  }

  if (!problem.empty()) problem += fmt::format(" (step {})", update->ntimestep);
  if (meeting)
    report(problem);
  else
    stop_one_if(lmp, FLERR, problem);

  if (eflag_global) eng_vdwl += impl->totals.energy;
  if (vflag_global) {
    const auto &v = impl->totals.virial;    // xx, yy, zz, xy, xz, yz, yx, zx, zy
    for (int i = 0; i < 3; i++) {
      virial[i] += v[i];
      virial[i + 3] += 0.5 * (v[i + 3] + v[i + 6]);
    }
  }

  if (deviation_step()) write_deviation();
  impl->seconds += platform::walltime() - start;
  impl->evaluations++;
}

/* ----------------------------------------------------------------------
   fparam and aparam of this step
   a compute is invoked anew each time: its invoked_flag only says that somebody invoked it some time
   ago, and at set-up or inside fix numdiff the same step is seen with other coordinates
------------------------------------------------------------------------- */

void PairDeepmdOnnx::gather_parameters()
{
  const PairArguments &args = impl->args;
  const std::size_t nf = impl->nfparam();
  const std::size_t na = impl->naparam();
  const std::size_t nlocal = atom->nlocal;

  impl->fparam = args.fparam;
  if (!args.fparam_from_compute.empty()) {
    Compute *compute = modify->get_compute_by_id(args.fparam_from_compute);
    if (!compute)
      error->all(FLERR, "fparam_from_compute: there is no compute {}", args.fparam_from_compute);
    if (update->setupflag) compute->setup();    // degrees of freedom of a temperature
    impl->fparam.assign(nf, 0.0);
    if (nf == 1) {
      impl->fparam[0] = compute->compute_scalar();
    } else {
      compute->compute_vector();
      if (compute->size_vector < static_cast<int>(nf))
        error->all(
            FLERR,
            "fparam_from_compute: the vector of compute {} has {} elements, but {} are needed",
            args.fparam_from_compute, compute->size_vector, nf);
      std::copy_n(compute->vector, nf, impl->fparam.begin());
    }
  } else if (!args.fparam_from_fix.empty()) {
    Fix *fix = modify->get_fix_by_id(args.fparam_from_fix);
    if (!fix) error->all(FLERR, "fparam_from_fix: there is no fix {}", args.fparam_from_fix);
    impl->fparam.assign(nf, 0.0);
    const int index = args.fparam_fix_index;
    for (std::size_t k = 0; k < nf; k++)
      impl->fparam[k] = index ? fix->compute_vector(index - 1 + static_cast<int>(k))
                              : fix->compute_scalar();
  }

  impl->aparam.clear();
  if (!args.aparam_from_compute.empty()) {
    Compute *compute = modify->get_compute_by_id(args.aparam_from_compute);
    if (!compute)
      error->all(FLERR, "aparam_from_compute: there is no compute {}", args.aparam_from_compute);
    if (update->setupflag) compute->setup();
    compute->compute_peratom();
    impl->aparam.resize(na * nlocal);
    for (std::size_t i = 0; i < nlocal; i++)
      for (std::size_t k = 0; k < na; k++)
        impl->aparam[na * i + k] = compute->size_peratom_cols == 0 ? compute->vector_atom[i]
                                                                   : compute->array_atom[i][k];
  } else if (na > 0) {
    impl->aparam.resize(na * nlocal);
    for (std::size_t i = 0; i < nlocal; i++)
      std::copy_n(args.aparam.begin(), na, impl->aparam.begin() + na * i);
  }
}

/* ----------------------------------------------------------------------
   flatten the neighbor list where it is new, and map types where they changed: fix atom/swap and
   others exchange types without a new list
------------------------------------------------------------------------- */

void PairDeepmdOnnx::update_atoms()
{
  const std::size_t nall = atom->nlocal + atom->nghost;
  const bool types_changed = impl->types.size() != nall ||
      !std::equal(impl->types.begin(), impl->types.end(), atom->type);
  if (!types_changed && neighbor->ago != 0) return;

  impl->version++;
  impl->types.assign(atom->type, atom->type + nall);
  impl->neighbors.build(list, atom->type, impl->visible);
  for (auto &model : impl->models) {
    model.types.resize(nall);
    for (std::size_t i = 0; i < nall; i++) model.types[i] = model.type_of[atom->type[i]];
  }
  impl->tags.clear();
  if (atom->tag_enable) impl->tags.assign(atom->tag, atom->tag + nall);
}

/* ----------------------------------------------------------------------
   one model; adds into the arrays given, nullptr = not wanted. Returns an error text
------------------------------------------------------------------------- */

std::string PairDeepmdOnnx::evaluate(int k, double factor, double *f, double *energies,
                                     double *virials, double *centroid_virials)
{
  Model &model = impl->models[k];
  const std::size_t nall = impl->types.size();
  const bool rebuilt = model.seen != impl->version;
  return error_of([&] {
    deepion::ffi::Output output;
    output.factor = factor;
    output.f = view(f, 3 * nall);
    output.eatom = view(energies, nall);
    output.vatom = view(virials, 6 * nall);
    output.cvatom = view(centroid_virials, 9 * nall);
    impl->totals = model.potential->compute(impl->atoms(model, atom->x[0], nall, rebuilt), output);
    model.seen = impl->version;
  });
}

/* ----------------------------------------------------------------------
   all models, on steps whose deviation is wanted. The forces of each are kept in eV/A, without the
   scale factor, and those of the first are added to the atoms. Returns an error text
------------------------------------------------------------------------- */

std::string PairDeepmdOnnx::evaluate_all(double factor)
{
  const int nmodels = static_cast<int>(impl->models.size());
  const std::size_t nall = impl->types.size();
  impl->forces.assign(3 * nall * nmodels, 0.0);
  impl->virials.assign(9 * nmodels, 0.0);
  impl->eatom.assign(eflag_atom ? nall : 0, 0.0);
  impl->vatom.assign(vflag_atom ? 6 * nall : 0, 0.0);
  impl->cvatom.assign(cvflag_atom ? 9 * nall : 0, 0.0);

  // the first model last: what is left in totals is its

  impl->totals = {};
  for (int k = nmodels - 1; k >= 0 && nall > 0; k--) {
    const bool drives = k == 0;
    const std::string problem = evaluate(k, 1.0, impl->forces.data() + 3 * nall * k,
                                         drives && eflag_atom ? impl->eatom.data() : nullptr,
                                         drives && vflag_atom ? impl->vatom.data() : nullptr,
                                         drives && cvflag_atom ? impl->cvatom.data() : nullptr);
    if (!problem.empty()) return problem;
    std::copy(impl->totals.virial.begin(), impl->totals.virial.end(),
              impl->virials.begin() + 9 * k);
  }
  if (nall == 0) return {};

  impl->totals.energy *= factor;
  for (double &value : impl->totals.virial) value *= factor;
  double *f = atom->f[0];
  for (std::size_t i = 0; i < 3 * nall; i++) f[i] += factor * impl->forces[i];
  for (std::size_t i = 0; i < impl->eatom.size(); i++) eatom[i] += factor * impl->eatom[i];
  for (std::size_t i = 0; i < impl->vatom.size(); i++) vatom[0][i] += factor * impl->vatom[i];
  for (std::size_t i = 0; i < impl->cvatom.size(); i++) cvatom[0][i] += factor * impl->cvatom[i];
  return {};
}

/* ---------------------------------------------------------------------- */

bool PairDeepmdOnnx::deviation_step() const
{
  return nextra > 0 && update->ntimestep % impl->args.out_freq == 0;
}

/* ----------------------------------------------------------------------
   bring the forces of ghosts home and compare the models
------------------------------------------------------------------------- */

void PairDeepmdOnnx::write_deviation()
{
  comm->reverse_comm(this);

  const std::size_t nmodels = impl->models.size();
  const std::size_t nall = impl->types.size();
  const std::size_t nlocal = atom->nlocal;
  std::vector<double> local(3 * nlocal * nmodels);
  for (std::size_t k = 0; k < nmodels; k++)
    std::copy_n(impl->forces.begin() + 3 * nall * k, 3 * nlocal, local.begin() + 3 * nlocal * k);

  const PairArguments &args = impl->args;
  DeviationSettings settings;
  settings.factor = impl->unit_factor;
  settings.atomic = args.atomic;
  if (args.relative >= 0.0) settings.relative = args.relative / impl->unit_factor;
  if (args.relative_v >= 0.0) settings.relative_v = args.relative_v / impl->unit_factor;

  std::vector<double> per_atom;
  std::string problem = measure_deviation(lmp, settings, local, impl->virials,
                                          static_cast<int>(nmodels), impl->latest, per_atom);
  if (!problem.empty()) stop_all(lmp, FLERR, problem);
  if (comm->me == 0)
    stop_one_if(lmp, FLERR,
                impl->file.write(update->ntimestep, impl->latest, per_atom, update->setupflag));
}

/* ---------------------------------------------------------------------- */

int PairDeepmdOnnx::pack_reverse_comm(int n, int first, double *buf)
{
  const std::size_t nall = impl->types.size();
  int m = 0;
  for (int i = first; i < first + n; i++)
    for (std::size_t k = 0; k < impl->models.size(); k++)
      for (int d = 0; d < 3; d++) buf[m++] = impl->forces[3 * (nall * k + i) + d];
  return m;
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::unpack_reverse_comm(int n, int *indices, double *buf)
{
  const std::size_t nall = impl->types.size();
  int m = 0;
  for (int i = 0; i < n; i++)
    for (std::size_t k = 0; k < impl->models.size(); k++)
      for (int d = 0; d < 3; d++) impl->forces[3 * (nall * k + indices[i]) + d] += buf[m++];
}

/* ----------------------------------------------------------------------
   collective: an error of any rank stops all with one message; what the guards saw is printed once
------------------------------------------------------------------------- */

void PairDeepmdOnnx::report(const std::string &problem)
{
  stop_all_if(lmp, FLERR, problem);
  if (impl->warned_overflow && impl->warned_close) return;

  std::string overflow, close;
  bigint counts[2] = {0, 0};
  for (auto &model : impl->models) {
    deepion::ffi::Alerts alerts = {};
    const std::string failure = error_of([&] {
      alerts = model.potential->take_alerts();
    });
    stop_one_if(lmp, FLERR, failure);
    counts[0] += static_cast<bigint>(alerts.overflow_count);
    counts[1] += static_cast<bigint>(alerts.close_count);
    if (alerts.overflow_count > 0 && overflow.empty())
      overflow =
          fmt::format("atom {} has {} neighbors of element {} within the cutoff, but model {} "
                      "keeps only the nearest {} (its sel)",
                      alerts.overflow_tag, alerts.overflow_found,
                      std::string(alerts.overflow_element), model.name, alerts.overflow_kept);
    if (alerts.close_count > 0 && close.empty())
      close =
          fmt::format("atoms {} and {} are {:.4g} A apart, closer than {} ({:.4g} A)",
                      alerts.close_tag_i, alerts.close_tag_j, alerts.close_distance,
                      alerts.close_trained ? "any pair in the training data of model " + model.name
                                           : "atoms of a solid ever are",
                      alerts.close_limit);
  }
  bigint totals[2] = {0, 0};
  MPI_Allreduce(counts, totals, 2, MPI_LMP_BIGINT, MPI_SUM, world);

  if (totals[0] > 0 && !impl->warned_overflow) {
    impl->warned_overflow = true;
    overflow = agreed_error(lmp, overflow);
    if (comm->me == 0)
      error->warning(
          FLERR, "{}",
          overflow +
              fmt::format("; {} atoms so far. Forces jump when such neighbors come and go: "
                          "train with a larger sel, or check the density. 'sel error' stops "
                          "the run instead. This warning comes once",
                          totals[0]));
  }
  if (totals[1] > 0 && !impl->warned_close) {
    impl->warned_close = true;
    close = agreed_error(lmp, close);
    if (comm->me == 0)
      error->warning(
          FLERR, "{}",
          close +
              fmt::format("; {} pairs so far. The model extrapolates there: check the "
                          "structure, the temperature and the time step. This warning comes "
                          "once",
                          totals[1]));
  }
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::finish()
{
  if (impl->models.empty()) return;
  report({});
  print_rust_log(lmp);
  if (impl->args.timing) print_timing();
}

/* ----------------------------------------------------------------------
   where the time went: seconds of all threads of all ranks, and their cost per atom and step
------------------------------------------------------------------------- */

void PairDeepmdOnnx::print_timing()
{
  const double threads =
      std::max<double>(1, impl->args.threads ? impl->args.threads : comm->nthreads);
  std::vector<std::string> names;
  std::vector<double> mine;    // of each part, then of all
  const std::string failure = error_of([&] {
    for (auto &model : impl->models) {
      const auto parts = model.potential->take_times();
      mine.resize(parts.size());
      names.resize(parts.size());
      for (std::size_t k = 0; k < parts.size(); k++) {
        mine[k] += parts[k].seconds;
        names[k] = std::string(parts[k].name);
      }
    }
  });
  stop_one_if(lmp, FLERR, failure);
  mine.front() += impl->lists;    // the first part is the neighbors
  mine.push_back(threads * impl->seconds);
  std::vector<double> all(mine.size());
  MPI_Allreduce(mine.data(), all.data(), static_cast<int>(mine.size()), MPI_DOUBLE, MPI_SUM, world);
  const double evaluations = static_cast<double>(std::max<bigint>(1, impl->evaluations));
  impl->seconds = impl->lists = 0.0;
  impl->evaluations = 0;
  const double total = all.back();
  if (comm->me != 0 || total <= 0.0) return;

  all.pop_back();
  names.insert(names.end(), {"other", "all"});
  all.push_back(std::max(0.0, total - std::accumulate(all.begin(), all.end(), 0.0)));
  all.push_back(total);
  std::string text =
      fmt::format("deepion: time in pair_style deepmd/onnx, {} ranks x {:.0f} threads, "
                  "{:.0f} steps\n                 seconds x cores      %   "
                  "core-us/atom/step\n",
                  comm->nprocs, threads, evaluations);
  for (std::size_t k = 0; k < names.size(); k++)
    text += fmt::format(
        "  {:<14} {:15.3f} {:6.1f} {:19.3f}\n", names[k], all[k], 100.0 * all[k] / total,
        1.0e6 * all[k] / evaluations / static_cast<double>(std::max<bigint>(1, atom->natoms)));
  utils::logmesg(lmp, text);
}

/* ---------------------------------------------------------------------- */

void *PairDeepmdOnnx::extract(const char *name, int &dim)
{
  if (strcmp(name, "scale") == 0) {
    dim = 2;
    return scale;
  }
  if (strcmp(name, "model_sha256") == 0 && !impl->models.empty()) {
    dim = 0;
    impl->sha256 = std::string(impl->models[0].info.sha256);
    return const_cast<char *>(impl->sha256.c_str());
  }
  if (strcmp(name, "elements") == 0 && !impl->elements.empty()) {
    dim = 1;    // std::vector<std::string>, from type 1 on; for other styles of the plugin
    return &impl->elements;
  }
  return nullptr;
}

/* ---------------------------------------------------------------------- */

double PairDeepmdOnnx::memory_usage()
{
  std::size_t bytes = impl->engine_bytes() + impl->neighbors.memory_bytes();
  bytes += sizeof(double) *
      (impl->forces.capacity() + impl->virials.capacity() + impl->eatom.capacity() +
       impl->vatom.capacity() + impl->cvatom.capacity() + impl->fparam.capacity() +
       impl->aparam.capacity());
  bytes += sizeof(int) * impl->types.capacity() + sizeof(std::int64_t) * impl->tags.capacity();
  for (const auto &model : impl->models) bytes += sizeof(std::int32_t) * model.types.capacity();
  return Pair::memory_usage() + static_cast<double>(bytes);
}
