// SPDX-License-Identifier: MIT
#include "restart_payload.h"

#include <climits>
#include <cstring>

namespace DEEPION {

namespace {

  // FNV-1a, 64 bits
  std::uint64_t checksum(const char *bytes, std::size_t length)
  {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (std::size_t k = 0; k < length; k++) {
      hash ^= static_cast<unsigned char>(bytes[k]);
      hash *= 0x100000001b3u;
    }
    return hash;
  }

  struct Head {
    char magic[8];
    std::int64_t last_sample;
    std::int64_t toroidal;
    std::int64_t numbers;    // in RestartPayload::atoms
    std::int64_t length;     // of the state
    std::uint64_t body;      // checksum of all that follows the head
    std::uint64_t head;      // checksum of the head before this number: lengths can be trusted
  };
  constexpr std::size_t CHECKED = sizeof(Head) - sizeof(std::uint64_t);

  // deepion 0.1
  struct OldHead {
    char magic[8];
    std::int64_t last_sample;
    std::int64_t toroidal;
    std::int64_t length;
  };

  constexpr char MAGIC[9] = "deepion2", OLD_MAGIC[9] = "deepion1";
  constexpr std::int64_t MOST_NUMBERS = 1000;

  const char *const DAMAGED =
      "the restart file is damaged: use an earlier one, or another ID to start a new measurement";

}    // namespace

/* ---------------------------------------------------------------------- */

bool RestartPayload::too_large() const
{
  return sizeof(Head) + atoms.size() * sizeof(std::int64_t) + state.size() >= INT_MAX;
}

/* ---------------------------------------------------------------------- */

std::string RestartPayload::packed() const
{
  std::string body(reinterpret_cast<const char *>(atoms.data()),
                   atoms.size() * sizeof(std::int64_t));
  body += state;

  Head head = {};
  memcpy(head.magic, MAGIC, sizeof(head.magic));
  head.last_sample = last_sample;
  head.toroidal = toroidal;
  head.numbers = static_cast<std::int64_t>(atoms.size());
  head.length = static_cast<std::int64_t>(state.size());
  head.body = checksum(body.data(), body.size());
  const auto *bytes = reinterpret_cast<const char *>(&head);
  head.head = checksum(bytes, CHECKED);
  return std::string(bytes, sizeof(head)) + body;
}

/* ---------------------------------------------------------------------- */

std::string RestartPayload::unpack(const char *bytes)
{
  if (memcmp(bytes, OLD_MAGIC, sizeof(Head::magic)) == 0) {
    OldHead head;
    memcpy(&head, bytes, sizeof(head));
    if (head.length < 0 || head.length >= INT_MAX || head.last_sample < -1) return DAMAGED;
    last_sample = head.last_sample;
    toroidal = head.toroidal != 0;
    atoms.clear();
    state.assign(bytes + sizeof(head), head.length);
    return {};
  }

  if (memcmp(bytes, MAGIC, sizeof(Head::magic)) != 0)
    return "the restart file holds data of another version of deepion, or is damaged: use the "
           "deepion that wrote it, or another ID to start a new measurement";
  Head head;
  memcpy(&head, bytes, sizeof(head));
  if (checksum(bytes, CHECKED) != head.head) return DAMAGED;
  // lengths that pass the checksum are as they were written; these limits are for forged files
  if (head.numbers < 0 || head.numbers > MOST_NUMBERS || head.length < 0 ||
      head.length >= INT_MAX || head.last_sample < -1)
    return DAMAGED;
  const char *body = bytes + sizeof(head);
  const std::size_t size = head.numbers * sizeof(std::int64_t);
  if (checksum(body, size + head.length) != head.body) return DAMAGED;

  last_sample = head.last_sample;
  toroidal = head.toroidal != 0;
  atoms.resize(head.numbers);
  if (size > 0) memcpy(atoms.data(), body, size);
  state.assign(body + size, head.length);
  return {};
}

}    // namespace DEEPION
