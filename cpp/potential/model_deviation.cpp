#include "model_deviation.h"

#include "errors.h"

#include "deepion-bridge/src/potential.rs.h"

#include "atom.h"
#include "comm.h"
#include "lammps.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mpi.h>
#include <unistd.h>

using namespace LAMMPS_NS;

namespace DEEPION {

namespace {

  constexpr int NVIRIAL = 9;

  /* ----------------------------------------------------------------------
     standard deviation over models of `count` vectors, by the engine
  ------------------------------------------------------------------------- */

  std::string spread(const std::vector<double> &values, int models, double relative,
                     std::vector<double> &result)
  {
    result.clear();
    if (values.empty()) return {};
    return error_of([&] {
      const auto spreads =
          deepion::ffi::model_deviation(rust::Slice<const double>(values.data(), values.size()),
                                        static_cast<std::size_t>(models), relative);
      result.assign(spreads.begin(), spreads.end());
    });
  }

  /* ----------------------------------------------------------------------
     per-atom values of all ranks on rank 0, element = atom ID - 1
  ------------------------------------------------------------------------- */

  std::string gather_by_id(LAMMPS *lmp, const std::vector<double> &values,
                           std::vector<double> &gathered)
  {
    Atom *atom = lmp->atom;
    const int nprocs = lmp->comm->nprocs;
    const int me = lmp->comm->me;
    int nlocal = atom->nlocal;

    std::vector<int> counts(nprocs), displacements(nprocs);
    MPI_Gather(&nlocal, 1, MPI_INT, counts.data(), 1, MPI_INT, 0, lmp->world);
    for (int i = 1; i < nprocs; i++) displacements[i] = displacements[i - 1] + counts[i - 1];
    const int total = me == 0 ? displacements[nprocs - 1] + counts[nprocs - 1] : 0;

    std::vector<tagint> tags(total);
    std::vector<double> all(total);
    MPI_Gatherv(atom->tag, nlocal, MPI_LMP_TAGINT, tags.data(), counts.data(), displacements.data(),
                MPI_LMP_TAGINT, 0, lmp->world);
    MPI_Gatherv(values.data(), nlocal, MPI_DOUBLE, all.data(), counts.data(), displacements.data(),
                MPI_DOUBLE, 0, lmp->world);

    std::string problem;
    if (me == 0) {
      gathered.assign(total, 0.0);
      for (int i = 0; i < total; i++) {
        if (tags[i] < 1 || tags[i] > total)
          problem = "pair_style deepmd/onnx atomic: atom IDs must run from 1 to the number of "
                    "atoms (" +
              std::to_string(total) + "), but there is an atom " + std::to_string(tags[i]) +
              ": use reset_atoms id";
        else
          gathered[tags[i] - 1] = all[i];
      }
    }
    return agreed_error(lmp, problem);
  }

  /* ---------------------------------------------------------------------- */

  bool parse_step(const std::string &line, std::int64_t &step)
  {
    const char *start = line.c_str();
    char *end = nullptr;
    errno = 0;
    step = strtoll(start, &end, 10);
    return end != start && errno == 0 && (*end == ' ' || *end == '\t');
  }

  bool close_to(double a, double b)
  {
    return a == b || fabs(a - b) <= 1.0e-6 * std::max(fabs(a), fabs(b));
  }

  /* ----------------------------------------------------------------------
     what of an old file stays when a run starts at `step`: comments and complete rows before it
  ------------------------------------------------------------------------- */

  std::string kept_rows(const std::string &text, std::int64_t step)
  {
    std::string kept;
    std::size_t start = 0;
    while (start < text.size()) {
      const std::size_t end = text.find('\n', start);
      if (end == std::string::npos) break;
      const std::string line = text.substr(start, end - start + 1);
      std::int64_t row;
      if (line[0] == '#' || (parse_step(line, row) && row < step)) kept += line;
      start = end + 1;
    }
    return kept;
  }

  /* ---------------------------------------------------------------------- */

  bool read_text(const std::string &path, std::string &text)
  {
    FILE *fp = fopen(path.c_str(), "rb");
    if (!fp) return false;
    char buffer[65536];
    size_t count;
    while ((count = fread(buffer, 1, sizeof(buffer), fp)) > 0) text.append(buffer, count);
    const bool good = !ferror(fp);
    fclose(fp);
    return good;
  }
}    // namespace

/* ---------------------------------------------------------------------- */

std::string measure_deviation(LAMMPS *lmp, const DeviationSettings &settings,
                              const std::vector<double> &forces, const std::vector<double> &virials,
                              int models, Deviation &deviation, std::vector<double> &per_atom)
{
  const double natoms = static_cast<double>(lmp->atom->natoms);
  const double factor = settings.factor;

  // forces: one value per atom

  std::vector<double> spread_f;
  std::string problem = agreed_error(lmp, spread(forces, models, settings.relative, spread_f));
  if (!problem.empty()) return problem;

  double most = 0.0, least = std::numeric_limits<double>::max(), sum = 0.0;
  for (const double value : spread_f) {
    most = std::max(most, value);
    least = std::min(least, value);
    sum += value;
  }
  double all_most = 0.0, all_least = 0.0, all_sum = 0.0;
  MPI_Reduce(&most, &all_most, 1, MPI_DOUBLE, MPI_MAX, 0, lmp->world);
  MPI_Reduce(&least, &all_least, 1, MPI_DOUBLE, MPI_MIN, 0, lmp->world);
  MPI_Reduce(&sum, &all_sum, 1, MPI_DOUBLE, MPI_SUM, 0, lmp->world);

  // virial: one value per component of the 3 x 3 tensor of the whole system, per atom; the engine
  // sees each component as a vector of one element

  std::vector<double> summed(virials.size());
  MPI_Reduce(virials.data(), summed.data(), static_cast<int>(virials.size()), MPI_DOUBLE, MPI_SUM,
             0, lmp->world);
  if (lmp->comm->me == 0) {
    std::vector<double> padded(3 * summed.size(), 0.0), spread_v;
    for (std::size_t i = 0; i < summed.size(); i++) padded[3 * i] = summed[i] / natoms;
    problem = spread(padded, models, settings.relative_v, spread_v);
    double most_v = 0.0, least_v = std::numeric_limits<double>::max(), square = 0.0;
    for (const double value : spread_v) {
      most_v = std::max(most_v, value);
      least_v = std::min(least_v, value);
      square += value * value;
    }
    deviation = {factor * most_v,   factor * least_v,   factor * sqrt(square / NVIRIAL),
                 factor * all_most, factor * all_least, factor * all_sum / natoms};
  }
  problem = agreed_error(lmp, problem);
  if (!problem.empty() || !settings.atomic) return problem;

  for (double &value : spread_f) value *= factor;
  return gather_by_id(lmp, spread_f, per_atom);
}

/* ---------------------------------------------------------------------- */

DeviationFile::~DeviationFile()
{
  close();
}

/* ---------------------------------------------------------------------- */

void DeviationFile::close()
{
  if (fp) fclose(fp);
  fp = nullptr;
}

/* ---------------------------------------------------------------------- */

std::string DeviationFile::open(const std::string &name, std::int64_t step, bool atomic)
{
  close();
  path = name;
  last_step = -1;
  const std::string what = "cannot write out_file '" + path + "': ";

  std::string text, kept;
  const bool continued = step > 0 && read_text(path, text);
  if (continued) kept = kept_rows(text, step);

  if (kept.empty()) {
    fp = fopen(path.c_str(), "w");
    if (!fp) return what + strerror(errno);
    fprintf(fp, "#%11s%19s%19s%19s%19s%19s%19s", "step", "max_devi_v", "min_devi_v", "avg_devi_v",
            "max_devi_f", "min_devi_f", "avg_devi_f");
    if (atomic) fprintf(fp, "%19s", "atm_devi_f(N)");
    fprintf(fp, "\n");
    return fflush(fp) ? what + strerror(errno) : std::string();
  }

  // rewrite beside the old file and rename, so that a crash leaves one or the other, complete

  if (kept != text) {
    const std::string fresh = path + ".deepion-tmp";
    FILE *out = fopen(fresh.c_str(), "wb");
    if (!out) return what + strerror(errno);
    bool good = fwrite(kept.data(), 1, kept.size(), out) == kept.size();
    good = fflush(out) == 0 && good;
    good = fsync(fileno(out)) == 0 && good;
    good = fclose(out) == 0 && good;
    if (!good || rename(fresh.c_str(), path.c_str()) != 0) {
      const int reason = errno;
      remove(fresh.c_str());
      return what + strerror(reason);
    }
  }
  fp = fopen(path.c_str(), "a");
  return fp ? std::string() : what + strerror(errno);
}

/* ---------------------------------------------------------------------- */

std::string DeviationFile::write(std::int64_t step, const Deviation &deviation,
                                 const std::vector<double> &per_atom, bool setup)
{
  if (!fp) return {};

  // within a run one row per step (fix numdiff and others call the pair style several times); at
  // the start of a run only if it is not the row the run before ended with

  if (step == last_step &&
      (!setup || std::equal(deviation.begin(), deviation.end(), last.begin(), close_to)))
    return {};
  last_step = step;
  last = deviation;

  fprintf(fp, "%12lld", static_cast<long long>(step));
  for (const double value : deviation) fprintf(fp, " %18.6e", value);
  for (const double value : per_atom) fprintf(fp, " %18.6e", value);
  fprintf(fp, "\n");
  if (fflush(fp) || ferror(fp)) return "cannot write out_file '" + path + "': " + strerror(errno);
  return {};
}

}    // namespace DEEPION
