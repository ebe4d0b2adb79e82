#include "deviation_file.h"

#include "errors.h"
#include "potential_bridge.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

namespace DEEPION {

namespace {

  bool parse_step(const std::string &line, std::int64_t &step)
  {
    const char *start = line.c_str();
    char *end = nullptr;
    errno = 0;
    step = strtoll(start, &end, 10);
    return end != start && errno == 0 && (*end == ' ' || *end == '\t');
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

  /* ---------------------------------------------------------------------- */

  std::string header(bool atomic)
  {
    char line[256];
    snprintf(line, sizeof(line), "#%11s%19s%19s%19s%19s%19s%19s", "step", "max_devi_v",
             "min_devi_v", "avg_devi_v", "max_devi_f", "min_devi_f", "avg_devi_f");
    std::string text = line;
    if (atomic) {
      snprintf(line, sizeof(line), "%19s", "atm_devi_f(N)");
      text += line;
    }
    return text + "\n";
  }

}    // namespace

/* ---------------------------------------------------------------------- */

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
  if (step > 0 && read_text(path, text)) kept = kept_rows(text, step);
  if (kept.empty()) {
    fp = fopen(path.c_str(), "w");
    if (!fp) return what + strerror(errno);
    fputs(header(atomic).c_str(), fp);
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
                                 const std::vector<double> &per_atom)
{
  if (!fp || step == last_step) return {};
  last_step = step;

  fprintf(fp, "%12lld", static_cast<long long>(step));
  for (const double value : deviation) fprintf(fp, " %18.6e", value);
  for (const double value : per_atom) fprintf(fp, " %18.6e", value);
  fprintf(fp, "\n");
  if (fflush(fp) || ferror(fp)) return "cannot write out_file '" + path + "': " + strerror(errno);
  return {};
}

}    // namespace DEEPION
