// SPDX-License-Identifier: MIT
#include "fix_ion.h"

#include "errors.h"
#include "lammps_compat.h"
#include "restart_payload.h"

#include "atom.h"
#include "comm.h"
#include "error.h"
#include "update.h"

using namespace LAMMPS_NS;
using namespace DEEPION;

/* ---------------------------------------------------------------------- */

FixIon::FixIon(LAMMPS *lmp, int narg, char **arg, const std::string &_name) :
    Fix(lmp, narg, arg), name(_name.empty() ? std::string("fix ") + arg[2] + " " + arg[0] : _name),
    ions(lmp, name, igroup), callbacks(false)
{
  dynamic_group_allow = 0;
  time_depend = 1;    // reset_timestep would break the sequence of samples
  restart_global = 1;
  extscalar = extvector = extarray = 0;
  global_freq = 1;
  nevery = 1;    // unwrapped positions in a changing box need every step
}

/* ---------------------------------------------------------------------- */

FixIon::~FixIon()
{
  if (!callbacks) return;
  atom->delete_callback(id, Atom::GROW);
  atom->delete_callback(id, Atom::RESTART);
}

/* ---------------------------------------------------------------------- */

void FixIon::fail(const std::string &text) const
{
  stop_all(lmp, FLERR, name + ": " + text);
}

/* ---------------------------------------------------------------------- */

void FixIon::begin(deepion::ffi::Measurement &common)
{
  measurement = std::make_unique<Measurement>(lmp, name, common);
  if (sampling) {
    scalar_flag = vector_flag = array_flag = 1;
    const auto &results = measurement->results();
    size_vector = static_cast<int>(results.vector.size());
    size_array_cols = static_cast<int>(results.columns);
    size_array_rows = static_cast<int>(results.array.size() / results.columns);
  }
  const int width = measurement->row_width();
  if (width > 0) ions.add_rows(width);
  if (!ions.has_atom_data()) return;
  restart_peratom = 1;
  create_attribute = 1;
  maxexchange = ions.largest_size();
  atom->add_callback(Atom::GROW);
  atom->add_callback(Atom::RESTART);
  callbacks = true;
}

/* ---------------------------------------------------------------------- */

int FixIon::setmask()
{
  return FixConst::END_OF_STEP | FixConst::POST_RUN;
}

/* ---------------------------------------------------------------------- */

void FixIon::init()
{
  if (sampling) sampling->init(*measurement);
  ions.init();
}

/* ---------------------------------------------------------------------- */

void FixIon::setup(int)
{
  ions.update();
  if (sampling) sampling->setup(*measurement, ions, *this, memory_usage());
}

/* ---------------------------------------------------------------------- */

void FixIon::min_setup(int)
{
  if (sampling) sampling->min_setup();
}

/* ---------------------------------------------------------------------- */

void FixIon::end_of_step()
{
  ions.update();
  if (sampling) sampling->end_of_step(*measurement, ions, *this);
}

/* ---------------------------------------------------------------------- */

void FixIon::post_run()
{
  if (sampling) sampling->post_run(*measurement, ions, *this);
}

/* ---------------------------------------------------------------------- */

void FixIon::reset_dt()
{
  if (sampling) sampling->reset_dt();
}

/* ---------------------------------------------------------------------- */

double FixIon::compute_scalar()
{
  return measurement->results().scalar;
}

/* ---------------------------------------------------------------------- */

double FixIon::compute_vector(int n)
{
  return measurement->results().vector[n];
}

/* ---------------------------------------------------------------------- */

double FixIon::compute_array(int i, int j)
{
  const auto &results = measurement->results();
  return results.array[static_cast<std::size_t>(i) * results.columns + j];
}

/* ---------------------------------------------------------------------- */

double FixIon::memory_usage()
{
  return measurement->memory_bytes() + static_cast<double>(ions.memory_bytes());
}

/* ----------------------------------------------------------------------
   called by all ranks: rank 0 writes
------------------------------------------------------------------------- */

void FixIon::write_restart(FILE *fp)
{
  RestartPayload payload;
  payload.last_sample = sampling ? sampling->last_sample() : -1;
  payload.toroidal = ions.positions && ions.positions->toroidal();
  payload.atoms = ions.groups.save();
  payload.state = measurement->state();
  if (payload.too_large())
    fail("the measurement is too large for LAMMPS' restart files, which hold 2 GiB for a fix: use "
         "fewer lags or bins, or leave out restart files and keep the file of keyword state");
  if (comm->me != 0) return;
  const std::string bytes = payload.packed();
  const int size = static_cast<int>(bytes.size());
  fwrite(&size, sizeof(int), 1, fp);
  fwrite(bytes.data(), 1, bytes.size(), fp);
}

/* ---------------------------------------------------------------------- */

void FixIon::restart(char *buf)
{
  RestartPayload payload;
  const std::string problem = payload.unpack(buf);
  if (!problem.empty()) fail(problem);
  measurement->restore(payload.state);
  if (!ions.groups.restore(payload.atoms))
    fail("the restart file is damaged: use an earlier one, or another ID to start a new "
         "measurement");
  if (sampling) sampling->continue_after(payload.last_sample);
  if (ions.positions && !ions.positions->restore(payload.toroidal))
    fail("the saved measurement has toroidal unwrapping, which unwrap image cannot continue: use "
         "unwrap toroidal or auto, or another ID to start a new measurement");
}

/* ---------------------------------------------------------------------- */

void FixIon::grow_arrays(int nmax)
{
  ions.grow(nmax);
}

/* ---------------------------------------------------------------------- */

void FixIon::copy_arrays(int i, int j, int /*delflag*/)
{
  ions.copy(i, j);
}

/* ---------------------------------------------------------------------- */

void FixIon::set_arrays(int i)
{
  ions.added(i);
}

/* ---------------------------------------------------------------------- */

int FixIon::pack_exchange(int i, double *buf)
{
  return ions.pack(i, buf);
}

/* ---------------------------------------------------------------------- */

int FixIon::unpack_exchange(int i, double *buf)
{
  return ions.unpack(i, buf);
}

/* ----------------------------------------------------------------------
   the first number is the length, as LAMMPS wants it
------------------------------------------------------------------------- */

int FixIon::pack_restart(int i, double *buf)
{
  const int n = 1 + ions.pack(i, buf + 1);
  buf[0] = n;
  return n;
}

/* ----------------------------------------------------------------------
   the data of several fixes stand behind each other, each with its length in front
------------------------------------------------------------------------- */

void FixIon::unpack_restart(int i, int nth)
{
  const double *extra = atom->extra[i];
  int m = 0, length = 0;
  for (int k = 0; k <= nth; k++) {
    m += length;
    const bool fits =
        m < atom->nextra_store && extra[m] >= 1.0 && extra[m] <= atom->nextra_store - m;
    length = fits ? static_cast<int>(extra[m]) : 0;
    if (!fits) break;
  }
  if (length == 0 || !ions.fits(extra + m + 1, length - 1))
    stop_one_if(lmp, FLERR,
                name +
                    ": the restart file is damaged: use an earlier one, or another ID to start a "
                    "new measurement");
  ions.unpack(i, extra + m + 1);
}

/* ---------------------------------------------------------------------- */

int FixIon::size_restart(int i)
{
  return 1 + ions.size(i);
}

/* ---------------------------------------------------------------------- */

int FixIon::maxsize_restart()
{
  return 1 + ions.largest_size();
}
