// SPDX-License-Identifier: MIT
#include "pair_deepmd_onnx.h"

#include "alerts.h"
#include "element_names.h"
#include "errors.h"
#include "fix_deepion_check.h"
#include "model_deviation.h"
#include "model_runner.h"
#include "pair_arguments.h"
#include "parameters.h"
#include "potential_summary.h"
#include "running_check.h"
#include "rust_log.h"
#include "self_check.h"
#include "simulation_checks.h"
#include "timing.h"
#include "units.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "force.h"
#include "lammps.h"
#include "memory.h"
#include "modify.h"
#include "neigh_list.h"
#include "neighbor.h"
#include "update.h"
#include "utils.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

struct LAMMPS_NS::DeepmdOnnxImpl {
  // what each pair_style command begins again
  struct Session {
    PairArguments args;
    Parameters parameters;
    Alerts alerts;
    bool self_checked = false;
    bool neighbors_checked = false;    // of this run
    bool warned_exclude = false;
  };

  bool as_deepmd = false;
  ModelRunner models;
  ModelDeviation deviation;
  RunningCheck check;
  std::string check_fix;    // ID of the fix that carries its sums; anybody may delete it
  std::array<double, ModelDeviation::NVALUES + RunningCheck::NVALUES> values = {};    // pvector
  std::vector<double> energies;    // of a step that is checked, where LAMMPS wants none
  Timing timing;
  Session session;
  Units units;
  std::vector<double> positions;    // A, where the unit of length is another
  bool warned_masses = false;
  double warned_timestep = 0.0;
  bool warned_waiting = false;
  std::string summary;    // as last printed
};

/* ----------------------------------------------------------------------
   arrays of LAMMPS as they were, for a step that is evaluated again
------------------------------------------------------------------------- */

namespace {

class Saved {
 public:
  Saved(std::size_t _nall, const Results &results) : nall(_nall)
  {
    if (nall == 0) return;
    keep(f, results.f, 3);
    keep(eatom, results.eatom, 1);
    keep(vatom, results.vatom, 6);
    keep(cvatom, results.cvatom, 9);
  }

  void restore(const Results &results) const
  {
    std::copy(f.begin(), f.end(), results.f);
    std::copy(eatom.begin(), eatom.end(), results.eatom);
    std::copy(vatom.begin(), vatom.end(), results.vatom);
    std::copy(cvatom.begin(), cvatom.end(), results.cvatom);
  }

 private:
  std::size_t nall;
  std::vector<double> f, eatom, vatom, cvatom;

  void keep(std::vector<double> &to, const double *from, std::size_t width) const
  {
    if (from) to.assign(from, from + width * nall);
  }
};

}    // namespace

/* ---------------------------------------------------------------------- */

PairDeepmdOnnx::PairDeepmdOnnx(LAMMPS *lmp, bool as_deepmd) :
    Pair(lmp), impl(std::make_unique<DeepmdOnnxImpl>()), scale(nullptr)
{
  impl->as_deepmd = as_deepmd;
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
  pvector = nullptr;    // points into impl
  delete_check_fix();
  if (copymode || !allocated) return;
  memory->destroy(setflag);
  memory->destroy(cutsq);
  memory->destroy(scale);
}

/* ----------------------------------------------------------------------
   open the models
------------------------------------------------------------------------- */

void PairDeepmdOnnx::settings(int narg, char **arg)
{
  const std::vector<std::string> elements = impl->models.elements();
  impl->models.close();
  impl->session = {};
  PairArguments &args = impl->session.args;
  refuse_if(lmp, FLERR, parse_pair_arguments(narg, arg, args));
  impl->units = units_in_use(lmp);

  const Refusal refusal = impl->models.open(lmp, args);
  if (!refusal.none()) {
    impl->models.close();
    refuse(lmp, FLERR, refusal.text, refusal.culprit(arg));
  }
  const std::string problem = impl->session.parameters.configure(args.parameters, impl->models);
  if (!problem.empty()) refuse(lmp, FLERR, problem);

  // several models: forces of all go home to their atoms before they are compared

  const int nmodels = static_cast<int>(impl->models.size());
  impl->deviation.configure(args.deviation, nmodels);
  comm_reverse = impl->deviation.on() ? 3 * nmodels : 0;
  delete_check_fix();
  impl->check.configure(args);
  offer_values();

  // a pair_coeff of before holds on

  if (elements.empty()) return;
  const Refusal unknown = impl->models.set_elements(elements);
  if (!unknown.none()) refuse(lmp, FLERR, unknown.text);
  prepare_models();
  set_pairs();
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

  const Model &driver = impl->models.driver();
  std::vector<std::string> elements;
  ElementRules rules;
  rules.ntypes = atom->ntypes;
  rules.model = driver.file;
  rules.known = driver.elements();
  rules.as_deepmd = impl->as_deepmd;
  std::string note;
  Refusal refusal = read_element_names(narg, arg, rules, elements, note);
  if (refusal.none()) {
    refusal = impl->models.set_elements(elements);
    refusal.word = narg > 2 ? refusal.word + 1 : Refusal::COMMAND;    // from the atom type
  }
  if (!refusal.none()) refuse(lmp, FLERR, refusal.text, refusal.culprit(arg));
  if (!note.empty() && comm->me == 0) error->warning(FLERR, note);
  if (narg == 2 && comm->me == 0)
    utils::logmesg(lmp, "deepion: pair_coeff * * without names: atom type {}\n",
                   types_and_elements(elements));
  prepare_models();
  set_pairs();
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::prepare_models()
{
  const std::string problem = impl->models.prepare(lmp);
  if (!problem.empty()) refuse(lmp, FLERR, problem);
  impl->check.decide(impl->models, atom->natoms);
  offer_values();
}

/* ----------------------------------------------------------------------
   for compute pair: deviations first, zeros where there are none, then what the check found
------------------------------------------------------------------------- */

void PairDeepmdOnnx::offer_values()
{
  const bool check = impl->check.on();
  nextra = check             ? ModelDeviation::NVALUES + RunningCheck::NVALUES
      : impl->deviation.on() ? ModelDeviation::NVALUES
                             : 0;
  pvector = impl->values.data();    // a compute of before may go on reading
  update_values();
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::update_values()
{
  const double *deviations = impl->deviation.values();
  auto &values = impl->values;
  std::copy(deviations, deviations + ModelDeviation::NVALUES, values.begin());
  const auto &check = impl->check.values();
  std::copy(check.begin(), check.end(), values.begin() + ModelDeviation::NVALUES);
}

/* ----------------------------------------------------------------------
   what the check found before a restart comes with the fix
------------------------------------------------------------------------- */

void PairDeepmdOnnx::make_check_fix()
{
  if (!impl->check.on() || modify->get_fix_by_id(impl->check_fix)) return;
  int number = 1;    // hybrid styles can hold several of this style
  while (modify->get_fix_by_id(fmt::format("DEEPION_CHECK_{}", number))) number++;
  impl->check_fix = fmt::format("DEEPION_CHECK_{}", number);
  auto *fix = dynamic_cast<FixDeepionCheck *>(
      modify->add_fix(fmt::format("{} all DEEPION/CHECK", impl->check_fix)));
  if (!fix) error->all(FLERR, "pair_style deepmd/onnx: fix DEEPION/CHECK is missing");
  const ffi::ModelInfo &info = impl->models.driver().info;
  const std::string what = fmt::format("{} {}", std::string(info.sha256), info.reduced_error);
  fix->state = [this, what] {
    return impl->check.save(what);
  };
  if (fix->restored.empty()) return;
  const std::string problem = impl->check.restore(fix->restored, what);
  if (!problem.empty() && comm->me == 0)
    error->warning(FLERR, "pair_style deepmd/onnx: {}: its sums begin again", problem);
  if (impl->check.switched() && impl->models.driver().info.reduced_error > 0.0) {
    RunningCheck::use_full_networks(lmp, impl->models);
    if (comm->me == 0)
      utils::logmesg(lmp, "deepion: the full networks are used, as before the restart\n");
  }
  impl->check.publish(lmp, impl->units);
  update_values();
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::delete_check_fix()
{
  if (modify && modify->nfix && modify->get_fix_by_id(impl->check_fix))
    modify->delete_fix(impl->check_fix);
}

/* ----------------------------------------------------------------------
   in plain hybrid, types that are NULL here belong to other styles; elsewhere the style stands for
   all pairs of types, and NULL atoms are merely invisible to the model
------------------------------------------------------------------------- */

void PairDeepmdOnnx::set_pairs()
{
  const std::vector<char> &visible = impl->models.visible();
  bool any = false;
  for (const char seen : visible) any |= seen != 0;
  if (!any) error->all(FLERR, "pair_coeff: all atom types are NULL, nothing is left for the model");

  const bool shared = force->pair && force->pair != this && force->pair_style &&
      utils::strmatch(force->pair_style, "^hybrid") && !strchr(force->pair_style, '/');
  const int ntypes = static_cast<int>(visible.size()) - 1;
  for (int i = 1; i <= ntypes; i++)
    for (int j = i; j <= ntypes; j++) {
      setflag[i][j] = !shared || (visible[i] && visible[j]);
      scale[i][j] = scale[j][i] = 1.0;
    }
}

/* ----------------------------------------------------------------------
   everything that can be refused before the first step
------------------------------------------------------------------------- */

void PairDeepmdOnnx::init_style()
{
  if (impl->models.empty()) error->all(FLERR, "pair_style deepmd/onnx has no model");
  if (impl->models.elements().empty())
    error->all(FLERR, "pair_style deepmd/onnx: pair_coeff is missing");
  auto &session = impl->session;
  const Units &units = impl->units = units_in_use(lmp);
  check_simulation(lmp, units, impl->models.cutoff(), impl->deviation.atomic());
  if (session.args.check) check_masses(lmp, units, impl->models.elements(), !impl->warned_masses);
  impl->warned_masses = true;
  impl->warned_timestep = check_timestep(lmp, units, impl->warned_timestep);
  const int threads = static_cast<int>(impl->models.driver().info.threads);
  impl->warned_waiting |= check_waiting(lmp, threads, !impl->warned_waiting);
  std::string problem = session.parameters.check_sources(lmp);
  if (!problem.empty()) error->all(FLERR, "{}", problem);
  neighbor->add_request(this, NeighConst::REQ_FULL);
  session.neighbors_checked = false;
  make_check_fix();
  impl->check.decide(impl->models,
                     atom->natoms);    // atoms may have come since the models were prepared
  impl->check.begin_run();
  problem = impl->deviation.open_file(lmp);
  if (!problem.empty()) stop_all(lmp, FLERR, problem);

  const std::string text =
      potential_summary(lmp, impl->models, impl->deviation, session.args.check) +
      session.parameters.summary() + impl->check.summary();
  if (comm->me == 0 && text != impl->summary)
    utils::logmesg(
        lmp,
        "{}  memory: {:.1f} MB per MPI rank for the models, without the networks that ONNX "
        "Runtime holds\n",
        text, impl->models.engine_bytes() / 1048576.0);
  impl->summary = text;
}

/* ---------------------------------------------------------------------- */

double PairDeepmdOnnx::init_one(int i, int j)
{
  scale[j][i] = scale[i][j];
  return impl->models.cutoff() * impl->units.length;
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::compute(int eflag, int vflag)
{
  ev_init(eflag, vflag);
  ModelRunner &models = impl->models;
  ModelDeviation &deviation = impl->deviation;
  auto &session = impl->session;
  impl->timing.step_begins();

  if (!session.neighbors_checked)
    session.warned_exclude |= check_neighbors(lmp, impl->units, models.cutoff(), models.visible(),
                                              !session.warned_exclude);
  session.neighbors_checked = true;
  std::string problem = session.parameters.gather(lmp);
  if (!problem.empty()) stop_all(lmp, FLERR, problem);
  models.update_atoms(atom, list, neighbor->ago == 0);
  impl->timing.lists_done();

  const double *x = models.nall() ? atom->x[0] : nullptr;
  const Step step = {impl->units.angstroms(x, 3 * models.nall(), impl->positions),
                     session.parameters.fparam(), session.parameters.aparam()};
  if (session.args.check && !session.self_checked) self_check(lmp, models, step, session.args);
  session.self_checked = true;
  impl->check.started(update->ntimestep);
  models.set_up(lmp);

  const bool deviate = deviation.due(update->ntimestep);
  const bool check = impl->check.due(update->ntimestep);
  Results results;
  results.factor = impl->units.energy * scale[1][1];
  results.length = impl->units.length;
  const std::size_t nall = models.nall();
  if (nall > 0) {
    results.f = atom->f[0];
    results.eatom = eflag_atom ? eatom : nullptr;
    results.vatom = vflag_atom ? vatom[0] : nullptr;
    results.cvatom = cvflag_atom ? cvatom[0] : nullptr;
    if (check && !eflag_atom) {
      impl->energies.assign(nall, 0.0);
      results.eatom = impl->energies.data();
    }
  }
  ffi::Totals totals = {};
  const auto evaluate = [&] {
    totals = {};
    std::string failure;
    if (deviate) {
      failure = deviation.evaluate(models, step, results, totals);
    } else {
      std::vector<ffi::Totals> of_models;
      failure = models.evaluate(step, {results}, of_models);
      totals = of_models.front();
    }
    if (!failure.empty()) failure += fmt::format(" (step {})", update->ntimestep);
    return failure;
  };
  const Saved before(check && impl->check.may_switch() ? nall : 0, results);
  problem = evaluate();

  // steps with a new neighbor list are where all ranks meet: errors and warnings can be agreed on

  if (neighbor->ago == 0) {
    stop_all_if(lmp, FLERR, problem);
    session.alerts.report(lmp, models);
  } else {
    stop_one_if(lmp, FLERR, problem);
  }
  if (check) {
    if (nall == 0)
      impl->energies.clear();
    else if (eflag_atom)
      impl->energies.assign(eatom, eatom + nall);
    if (impl->check.sample(lmp, models, step, impl->energies, impl->units)) {
      before.restore(results);
      RunningCheck::use_full_networks(lmp, models);
      stop_all_if(lmp, FLERR, evaluate());
    }
    update_values();
  }

  if (eflag_global) eng_vdwl += totals.energy;
  if (vflag_global) {
    const auto &v = totals.virial;    // xx, yy, zz, xy, xz, yz, yx, zx, zy
    for (int i = 0; i < 3; i++) {
      virial[i] += v[i];
      virial[i + 3] += 0.5 * (v[i + 3] + v[i + 6]);
    }
  }

  if (deviate) {
    comm->reverse_comm(this);
    deviation.compare(lmp, impl->units);
    update_values();
  }
  impl->timing.step_ends();
}

/* ---------------------------------------------------------------------- */

int PairDeepmdOnnx::pack_reverse_comm(int n, int first, double *buf)
{
  return impl->deviation.pack_forces(n, first, buf);
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::unpack_reverse_comm(int n, int *indices, double *buf)
{
  impl->deviation.unpack_forces(n, indices, buf);
}

/* ---------------------------------------------------------------------- */

void PairDeepmdOnnx::finish()
{
  if (impl->models.empty()) return;
  impl->session.alerts.report(lmp, impl->models);
  print_rust_log(lmp);
  impl->check.report(lmp);
  if (impl->session.args.timing) impl->timing.print(lmp, impl->models);
}

/* ---------------------------------------------------------------------- */

void *PairDeepmdOnnx::extract(const char *name, int &dim)
{
  dim = 2;
  return strcmp(name, "scale") == 0 ? static_cast<void *>(scale) : nullptr;
}

/* ---------------------------------------------------------------------- */

const ModelRunner &PairDeepmdOnnx::models() const
{
  return impl->models;
}

/* ---------------------------------------------------------------------- */

std::string PairDeepmdOnnx::check_headline() const
{
  return impl->check.headline();
}

/* ---------------------------------------------------------------------- */

double PairDeepmdOnnx::memory_usage()
{
  const std::size_t bytes = impl->models.memory_bytes() + impl->deviation.memory_bytes() +
      impl->session.parameters.memory_bytes() + sizeof(double) * impl->positions.capacity();
  return Pair::memory_usage() + static_cast<double>(bytes);
}
