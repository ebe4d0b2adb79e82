// SPDX-License-Identifier: MIT
#include "check.h"
#include "restart_payload.h"

#include <climits>
#include <cstring>
#include <random>

using namespace DEEPION;

static RestartPayload example()
{
  RestartPayload payload;
  payload.last_sample = 123456789012;
  payload.toroidal = true;
  payload.atoms = {32, -5, 7};
  payload.state = "{\"deepion_state\":\"ion/transport\"}";
  return payload;
}

static std::string problem_of(const std::string &bytes)
{
  RestartPayload payload;
  return payload.unpack(bytes.data());
}

TEST(restart_payload, what_was_written_is_read_back)
{
  for (const char *state : {"", "{}", "with \0 in it"}) {
    RestartPayload one = example(), two;
    one.state = state;
    CHECK_EQUAL(two.unpack(one.packed().data()), "");
    CHECK_EQUAL(two.last_sample, one.last_sample);
    CHECK(two.toroidal);
    CHECK(two.atoms == one.atoms);
    CHECK_EQUAL(two.state, one.state);
  }
  RestartPayload nothing, read = example();
  CHECK_EQUAL(read.unpack(nothing.packed().data()), "");
  CHECK_EQUAL(read.last_sample, -1);
  CHECK(!read.toroidal && read.atoms.empty() && read.state.empty());
}

TEST(restart_payload, every_changed_byte_is_noticed)
{
  const std::string good = example().packed();
  for (std::size_t k = 0; k < good.size(); k++) {
    std::string bad = good;
    bad[k] ^= 1;
    CHECK(problem_of(bad).find("damaged") != std::string::npos);
  }
}

TEST(restart_payload, random_damage)
{
  std::mt19937 random(1);
  const std::string good = example().packed();
  for (int round = 0; round < 10000; round++) {
    std::string bad = good;
    for (int changes = 1 + random() % 8; changes > 0; changes--)
      bad[random() % bad.size()] = static_cast<char>(random());
    // lengths in a head of deepion 0.1 cannot be checked
    if (bad == good || bad.compare(0, 8, "deepion1") == 0) continue;
    CHECK(problem_of(bad).find("damaged") != std::string::npos);
  }
}

// as deepion 0.1 wrote it
static std::string old_payload(std::int64_t last_sample, std::int64_t length,
                               const std::string &state)
{
  const std::int64_t numbers[3] = {last_sample, 1, length};
  return "deepion1" + std::string(reinterpret_cast<const char *>(numbers), sizeof(numbers)) + state;
}

TEST(restart_payload, files_of_deepion_0_1)
{
  RestartPayload payload = example();
  CHECK_EQUAL(payload.unpack(old_payload(40, 5, "state").data()), "");
  CHECK_EQUAL(payload.last_sample, 40);
  CHECK(payload.toroidal && payload.atoms.empty());
  CHECK_EQUAL(payload.state, "state");
  for (const std::int64_t length : {std::int64_t(-1), std::int64_t(INT_MAX), INT64_MAX, INT64_MIN})
    CHECK(problem_of(old_payload(40, length, "state")).find("damaged") != std::string::npos);
  CHECK(problem_of(old_payload(-2, 5, "state")).find("damaged") != std::string::npos);
}

TEST(restart_payload, other_data)
{
  const std::string other =
      "somebody else's data, long enough for a head of ours, and longer still";
  CHECK(problem_of(other).find("another version of deepion") != std::string::npos);
}

TEST(restart_payload, what_lammps_cannot_hold)
{
  CHECK(!example().too_large());
  RestartPayload payload;
  payload.state.resize(INT_MAX);
  CHECK(payload.too_large());
}
