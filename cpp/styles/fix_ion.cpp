#include "fix_ion.h"

#include "atom_rows.h"
#include "drift_reference.h"
#include "lammps_compat.h"
#include "measurement.h"
#include "unwrapped_positions.h"

#include "deepion-bridge/src/transport.rs.h"

#include "atom.h"
#include "comm.h"
#include "domain.h"
#include "error.h"
#include "group.h"
#include "memory.h"
#include "update.h"

#include <algorithm>
#include <cstring>

using namespace LAMMPS_NS;
using namespace DEEPION;

// what stands before the state in a restart file: LAMMPS hands it over without its length
struct RestartHead {
  char magic[8];
  bigint last_sample;
  bigint toroidal;
  bigint length;    // of the text after it
};
static constexpr char MAGIC[8] = {'d', 'e', 'e', 'p', 'i', 'o', 'n', '1'};

/* ---------------------------------------------------------------------- */

FixIon::FixIon(LAMMPS *lmp, int narg, char **arg) :
    Fix(lmp, narg, arg), name(std::string("fix ") + arg[2] + " " + arg[0]), last_sample(-1),
    restarted(false), nions(group->count(igroup)), any_timestep(false), timestep(update->dt),
    callbacks(false), newcomer(0)
{
  dynamic_group_allow = 0;
  time_depend = 1;    // reset_timestep would break the sequence of samples
  restart_global = 1;
  extscalar = 0;
  extvector = 0;
  extarray = 0;
  global_freq = 1;
  if (nions == 0) fail(std::string("group ") + group->names[igroup] + " has no atoms");
}

/* ---------------------------------------------------------------------- */

FixIon::~FixIon()
{
  if (callbacks) {
    atom->delete_callback(id, Atom::GROW);
    atom->delete_callback(id, Atom::RESTART);
  }
}

/* ---------------------------------------------------------------------- */

void FixIon::fail(const std::string &text) const
{
  stop_all(lmp, FLERR, name + ": " + text);
}

/* ----------------------------------------------------------------------
   every ion gets a row, wherever it goes; with `positions` all atoms have a row there, too
------------------------------------------------------------------------- */

void FixIon::give_rows(int width)
{
  if (!atom->tag_enable) fail("atom IDs are needed: use atom_modify id yes");
  rows = std::make_unique<AtomRows>(width);
  restart_peratom = 1;
  create_attribute = 1;
  maxexchange = rows->largest_size() + (positions ? positions->rows.largest_size() : 0);
  grow_arrays(atom->nmax);
  for (int i = 0; i < atom->nlocal; i++)
    if (atom->mask[i] & groupbit) rows->create(i);
  atom->add_callback(Atom::GROW);
  atom->add_callback(Atom::RESTART);
  callbacks = true;
}

/* ---------------------------------------------------------------------- */

double FixIon::picoseconds() const
{
  const std::string units = update->unit_style;
  if (units == "metal") return 1.0;
  if (units == "real") return 1.0e-3;
  fail("units metal or units real are needed, not units " + units);
  return 0.0;
}

/* ---------------------------------------------------------------------- */

void FixIon::init()
{
  if (group->dynamic[igroup]) fail("the group must not be dynamic");
  if (last_sample < 0 && update->dt != timestep && !any_timestep) {
    timestep = update->dt;
    measurement->set_timestep(timestep * picoseconds());
  }
  if (update->dt != timestep && !any_timestep)
    fail(fmt::format("the time step was {} when the measurement began and is {} now: lags would "
                     "mean other times; use another ID to begin anew",
                     timestep, update->dt));
  if (positions) positions->init();
}

/* ---------------------------------------------------------------------- */

void FixIon::reset_dt()
{
  const bool running = update->whichflag != 0;
  if (running && update->dt != timestep && !any_timestep)
    fail("the time step must not change (fix dt/reset) during the run");
}

/* ---------------------------------------------------------------------- */

void FixIon::gather_ions()
{
  ions.clear();
  slots.clear();
  ids.clear();
  for (int i = 0; i < atom->nlocal; i++) {
    if (!(atom->mask[i] & groupbit)) continue;
    double r[3];
    positions->position(i, r);
    ions.insert(ions.end(), r, r + 3);
    slots.push_back(slot_of(i));
    ids.push_back(atom->tag[i]);
  }
  refuse_newcomers();
}

/* ----------------------------------------------------------------------
   the row of an atom of the group; an atom that came into it later has none
------------------------------------------------------------------------- */

int FixIon::slot_of(int i)
{
  if (!rows->has(i)) newcomer = atom->tag[i];
  return std::max(rows->slot(i), 0);
}

/* ---------------------------------------------------------------------- */

void FixIon::refuse_newcomers()
{
  std::string text;
  if (newcomer)
    text = fmt::format("{}: atom {} is in the group, but was not when the measurement began: the "
                       "same atoms are needed throughout; use another ID to begin anew",
                       name, newcomer);
  newcomer = 0;
  stop_all_if(lmp, FLERR, text);
}

/* ---------------------------------------------------------------------- */

void FixIon::sample_ions(const std::string &drift, double volume, double temperature,
                         const std::function<void(deepion::ffi::IonFrame &&)> &take)
{
  if (!positions->problem().empty()) fail(positions->problem());
  gather_ions();
  const auto located = locate(lmp, drift, groupbit, *positions, ions, ids, *measurement);
  deepion::ffi::IonFrame frame;
  frame.located = rust::Slice<const std::int64_t>(located.data(), located.size());
  frame.positions = rust::Slice<const double>(ions.data(), ions.size());
  frame.ids = rust::Slice<const std::int64_t>(ids.data(), ids.size());
  frame.slots = rust::Slice<const std::int32_t>(slots.data(), slots.size());
  frame.rows = rust::Slice<double>(rows->values.data(), rows->values.size());
  frame.volume = volume;
  frame.temperature = temperature;
  frame.kinetic_temperature = 0.0;
  measurement->all([&] {
    take(std::move(frame));
  });
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
  double bytes = measurement->memory_bytes();
  if (rows) bytes += static_cast<double>(rows->memory_bytes());
  if (positions) bytes += static_cast<double>(positions->rows.memory_bytes());
  return bytes +
      static_cast<double>(ions.capacity() * sizeof(double) + slots.capacity() * sizeof(int));
}

/* ----------------------------------------------------------------------
   called by all ranks: rank 0 writes
------------------------------------------------------------------------- */

void FixIon::write_restart(FILE *fp)
{
  const std::string text = measurement->state();
  if (comm->me != 0) return;
  RestartHead head;
  memcpy(head.magic, MAGIC, sizeof(MAGIC));
  head.last_sample = last_sample;
  head.toroidal = positions && positions->toroidal();
  head.length = static_cast<bigint>(text.size());
  const int size = static_cast<int>(sizeof(head) + text.size());
  fwrite(&size, sizeof(int), 1, fp);
  fwrite(&head, sizeof(head), 1, fp);
  fwrite(text.data(), 1, text.size(), fp);
}

/* ---------------------------------------------------------------------- */

void FixIon::restart(char *buf)
{
  RestartHead head;
  memcpy(&head, buf, sizeof(head));
  if (memcmp(head.magic, MAGIC, sizeof(MAGIC)) != 0)
    fail(
        "the restart file holds data of another version of deepion: use the deepion that wrote it, "
        "or another ID to begin anew");
  measurement->restore(std::string(buf + sizeof(head), head.length));
  last_sample = head.last_sample;
  if (positions && !positions->restore(head.toroidal != 0))
    fail("the saved measurement has toroidal unwrapping, which unwrap image cannot continue: use "
         "unwrap toroidal or auto, or another ID to begin anew");
  restarted = true;
}

/* ---------------------------------------------------------------------- */

void FixIon::grow_arrays(int nmax)
{
  if (rows) rows->grow(nmax);
  if (positions) positions->rows.grow(nmax);
}

/* ---------------------------------------------------------------------- */

void FixIon::copy_arrays(int i, int j, int /*delflag*/)
{
  if (rows) rows->copy(i, j);
  if (positions) positions->rows.copy(i, j);
}

/* ----------------------------------------------------------------------
   a new atom; whether it is in the group shows at the next sample
------------------------------------------------------------------------- */

void FixIon::set_arrays(int i)
{
  if (rows) rows->none(i);
  if (!positions) return;
  if (positions->toroidal())
    positions->create(i);
  else
    positions->rows.none(i);
}

/* ---------------------------------------------------------------------- */

int FixIon::pack_exchange(int i, double *buf)
{
  int n = 0;
  if (rows) n += rows->pack(i, buf);
  if (positions) n += positions->rows.pack(i, buf + n);
  return n;
}

/* ---------------------------------------------------------------------- */

int FixIon::unpack_exchange(int i, double *buf)
{
  int n = 0;
  if (rows) n += rows->unpack(i, buf);
  if (positions) n += positions->rows.unpack(i, buf + n);
  return n;
}

/* ----------------------------------------------------------------------
   the first number is the length, as LAMMPS wants it
------------------------------------------------------------------------- */

int FixIon::pack_restart(int i, double *buf)
{
  const int n = 1 + pack_exchange(i, buf + 1);
  buf[0] = n;
  return n;
}

/* ---------------------------------------------------------------------- */

void FixIon::unpack_restart(int i, int nth)
{
  const double *extra = atom->extra[i];
  int m = 0;
  for (int k = 0; k < nth; k++) m += static_cast<int>(extra[m]);
  unpack_exchange(i, const_cast<double *>(extra) + m + 1);
}

/* ---------------------------------------------------------------------- */

int FixIon::size_restart(int i)
{
  return 1 + (rows ? rows->size(i) : 0) + (positions ? positions->rows.size(i) : 0);
}

/* ---------------------------------------------------------------------- */

int FixIon::maxsize_restart()
{
  return 1 + (rows ? rows->largest_size() : 0) + (positions ? positions->rows.largest_size() : 0);
}
