// SPDX-License-Identifier: MIT
// Calls the border as the styles do, linked with the same libdeepion.so as the plugin. The environment names a model of two types of
// atoms (DEEPION_TEST_MODEL) and a folder to write into (DEEPION_TEST_FOLDER).

#include "check.h"
#include "errors.h"

#include "deepion-bridge/src/deviation_file.rs.h"
#include "deepion-bridge/src/files.rs.h"
#include "deepion-bridge/src/plausibility.rs.h"
#include "deepion-bridge/src/potential.rs.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <limits>
#include <optional>
#include <vector>

using namespace DEEPION;
namespace ffi = deepion::ffi;

namespace {

template <class T> rust::Slice<const T> view(const std::vector<T> &values)
{
  return rust::Slice<const T>(values.data(), values.size());
}

std::string from_environment(const char *name)
{
  const char *value = getenv(name);
  CHECK(value != nullptr);
  return value ? value : "";
}

// Six atoms of two types, all neighbors of each other.
struct Cluster {
  static constexpr int N = 6;
  std::vector<double> x;
  std::vector<std::int32_t> types, centers, groups = {0, 1}, neighbors;
  std::vector<std::int64_t> tags;
  std::vector<std::size_t> offsets = {0};

  Cluster()
  {
    for (int i = 0; i < N; i++) {
      for (int k : {i % 2, i / 2 % 2, i / 4}) x.push_back(2.1 * k + 0.2 * std::sin(5.0 * i + k));
      types.push_back(i % 2);
      centers.push_back(i);
      tags.push_back(100 + i);
      for (int group : groups) {
        for (int j = 0; j < N; j++)
          if (j != i && j % 2 == group) neighbors.push_back(j);
        offsets.push_back(neighbors.size());
      }
    }
  }

  ffi::Atoms atoms() const
  {
    ffi::Atoms atoms;
    atoms.x = view(x);
    atoms.types = view(types);
    atoms.tags = view(tags);
    atoms.centers = view(centers);
    atoms.groups = view(groups);
    atoms.offsets = view(offsets);
    atoms.neighbors = view(neighbors);
    atoms.rebuilt = true;
    return atoms;
  }
};

ffi::Output into(double factor, std::vector<double> &forces)
{
  ffi::Output output;
  output.factor = factor;
  output.f = rust::Slice<double>(forces.data(), forces.size());
  return output;
}

double energy_of(ffi::Potential &potential, const Cluster &cluster, double factor,
                 std::vector<double> &forces)
{
  ffi::Evaluation evaluation{potential, cluster.atoms(), into(factor, forces)};
  return ffi::compute_all(rust::Slice<ffi::Evaluation>(&evaluation, 1))[0].energy;
}

std::optional<rust::Box<ffi::Potential>> open_model()
{
  std::ifstream file(from_environment("DEEPION_TEST_MODEL"), std::ios::binary);
  const std::vector<char> text((std::istreambuf_iterator<char>(file)),
                               std::istreambuf_iterator<char>());
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  ffi::Settings settings;
  settings.precision = ffi::Precision::Double;
  settings.tabulate = false;
  settings.table_error = 0.0;
  settings.reduce = 0.0;
  settings.threads = 1;
  settings.drives = true;
  settings.sel_error = false;
  std::optional<rust::Box<ffi::Potential>> potential;
  const std::string problem = error_of([&] {
    potential.emplace(ffi::open_potential(rust_text("test.onnx"), view(bytes), settings));
    (*potential)->prepare(view(std::vector<std::int32_t>{0, 1}));
  });
  CHECK_EQUAL(problem, "");
  return potential;
}

}    // namespace

/* ---------------------------------------------------------------------- */

TEST(border, slices_of_a_configuration)
{
  auto potential = open_model();
  if (!potential) return;
  Cluster cluster;
  const auto energy = [&](std::vector<double> &forces, double factor) {
    return energy_of(**potential, cluster, factor, forces);
  };
  const std::string problem = error_of([&] {
    std::vector<double> forces(3 * Cluster::N, 1.0), tripled(3 * Cluster::N, 0.0), none;
    const double once = energy(forces, 1.0);
    CHECK_EQUAL(std::fabs(energy(tripled, 3.0) - 3.0 * once) <= 1e-12 * std::fabs(once), true);
    double largest = 0.0;
    for (int k = 0; k < 3; k++) {
      double sum = 0.0;
      for (int i = 0; i < Cluster::N; i++) {
        const double f = forces[3 * i + k] - 1.0;    // added to what was there
        sum += f;
        largest = std::fmax(largest, std::fabs(f));
        CHECK(std::fabs(tripled[3 * i + k] - 3.0 * f) < 1e-10);
      }
      CHECK(std::fabs(sum) < 1e-10);
    }
    CHECK(largest > 1e-3);

    // the energy changes by h^2 F''' / 6 beyond -F h, far below 1e-6 eV/A for steps of 1e-4 A
    const double h = 1e-4;
    for (int index = 0; index < 3 * Cluster::N; index++) {
      std::vector<double> unused(3 * Cluster::N, 0.0);
      const double old = cluster.x[index];
      cluster.x[index] = old + h;
      const double up = energy(unused, 1.0);
      cluster.x[index] = old - h;
      const double down = energy(unused, 1.0);
      cluster.x[index] = old;
      CHECK(std::fabs((down - up) / (2.0 * h) - (forces[index] - 1.0)) < 1e-6);
    }
  });
  CHECK_EQUAL(problem, "");
}

/* ---------------------------------------------------------------------- */

TEST(border, errors_are_texts)
{
  auto potential = open_model();
  if (!potential) return;
  Cluster cluster;
  std::vector<double> forces(3 * Cluster::N, 7.0);
  const auto problem = [&] {
    return error_of([&] {
      energy_of(**potential, cluster, 1.0, forces);
    });
  };
  CHECK_EQUAL(problem(), "");
  const std::vector<double> good = forces;

  cluster.x[4] = std::numeric_limits<double>::quiet_NaN();
  CHECK(problem().find("atom ID 101 is not finite") != std::string::npos);
  cluster = Cluster();
  cluster.neighbors[3] = 6;
  CHECK(!problem().empty());
  cluster = Cluster();
  cluster.types[2] = 5;
  CHECK(!problem().empty());
  cluster = Cluster();
  cluster.x.pop_back();
  CHECK(!problem().empty());
  CHECK(forces == good);    // nothing was added

  cluster = Cluster();
  CHECK_EQUAL(problem(), "");    // and it still works
  CHECK(forces != good);
}

/* ---------------------------------------------------------------------- */

TEST(border, text_that_is_not_utf8)
{
  const std::string name = "f\xFCr";
  CHECK_EQUAL(error_of([&] {
                rust_text(name);
              }).find("'f\\xFCr' is not UTF-8"),
              0u);
  // without rust_text() it is an error text, too
  CHECK(!error_of([&] {
           ffi::Settings settings;
           settings.onnxruntime = name;
         }).empty());

  const std::string path = from_environment("DEEPION_TEST_FOLDER") + "/" + name;
  CHECK_EQUAL(error_of([&] {
                ffi::begin_rows(path_bytes(path), 0, "# head\n");
              }),
              "");
  std::string line;
  std::getline(std::ifstream(path), line);
  CHECK_EQUAL(line, "# head");
}

/* ---------------------------------------------------------------------- */

TEST(border, claims_of_files)
{
  const std::string path = from_environment("DEEPION_TEST_FOLDER") + "/devi.out";
  std::optional<rust::Box<ffi::Claim>> first, second;
  const auto claim = [&](auto &whose, const char *owner) {
    return error_of([&] {
      whose.emplace(ffi::claim_output(path_bytes(path), owner));
    });
  };
  CHECK_EQUAL(claim(first, "the first"), "");
  CHECK(claim(second, "the second").find("the first") != std::string::npos);
  first.reset();
  CHECK_EQUAL(claim(second, "the second"), "");
}
