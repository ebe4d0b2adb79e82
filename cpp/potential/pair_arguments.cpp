// SPDX-License-Identifier: MIT
#include "pair_arguments.h"

#include "words.h"

#include <algorithm>
#include <climits>
#include <cstdlib>

namespace DEEPION {

namespace {

  // clang-format off
  const std::vector<std::string> KEYWORDS = {
      "out_freq", "out_file", "out_reduce", "atomic", "relative", "relative_v",
      "fparam", "fparam_from_compute", "fparam_from_fix", "aparam", "aparam_from_compute",
      "threads", "precision", "tabulate", "table_error", "reduce", "onnxruntime",
      "sel", "check", "check_limit", "on_excess", "timing"};
  // clang-format on

  // keywords of DeePMD-kit's own style that do not belong to the models served here
  const std::vector<std::string> REFUSED = {"charge_spin", "virtual_len", "spin_norm"};

  /* ---------------------------------------------------------------------- */

  void read_check(Words &words, PairArguments &parsed)
  {
    const std::string value = words.word("check", "yes, no, start or a number of steps");
    parsed.check = value != "no";
    parsed.check_every = value == "yes" ? -1 : 0;
    if (value == "yes" || value == "no" || value == "start" || !words.good()) return;
    char *end = nullptr;
    const long steps = strtol(value.c_str(), &end, 10);
    if (*end || steps < 1 || steps > INT_MAX)
      words.fail("keyword check needs yes, no, start or a number of steps (1 or larger), not '" +
                 value + "'");
    else
      parsed.check_every = static_cast<int>(steps);
  }

}    // namespace

/* ---------------------------------------------------------------------- */

Words parse_pair_arguments(int narg, const char *const *arg, PairArguments &parsed)
{
  parsed = PairArguments();
  std::vector<std::string> keywords = KEYWORDS;
  keywords.insert(keywords.end(), REFUSED.begin(), REFUSED.end());
  keywords.push_back("ttm");
  Words words("pair_style deepmd/onnx", keywords, narg, arg);
  while (!words.done() && words.has_value()) {
    parsed.models.push_back(words.take());
    const std::string &name = parsed.models.back();
    if (name.find_first_not_of("0123456789") == std::string::npos)
      words.fail("'" + name + "' is no model file: out_freq and out_file are keywords " +
                 "since version 1 of DeePMD-kit (... out_freq " + name + " out_file NAME)");
  }
  if (parsed.models.empty()) words.fail("the name of a model file (.onnx) is missing");

  bool chose_tabulate = false, chose_excess = false;
  while (!words.done()) {
    const std::string key = words.take();
    if (key == "out_freq") {
      parsed.deviation.every = words.integer(key, 0);
    } else if (key == "out_file") {
      parsed.deviation.file = words.word(key, "a file name");
    } else if (key == "out_reduce") {
      parsed.deviation.reduce = words.number(key, false);
    } else if (key == "atomic") {
      parsed.deviation.atomic = true;
    } else if (key == "relative") {
      parsed.deviation.relative = words.number(key, false);
    } else if (key == "relative_v") {
      parsed.deviation.relative_v = words.number(key, false);
    } else if (key == "fparam") {
      parsed.parameters.fparam = words.numbers(key);
    } else if (key == "fparam_from_compute") {
      parsed.parameters.fparam_from_compute = words.word(key, "the ID of a compute");
    } else if (key == "fparam_from_fix") {
      parsed.parameters.fparam_from_fix = words.word(key, "the ID of a fix");
      if (words.has_value()) parsed.parameters.fparam_fix_index = words.integer(key, 1);
    } else if (key == "aparam") {
      parsed.parameters.aparam = words.numbers(key);
    } else if (key == "aparam_from_compute") {
      parsed.parameters.aparam_from_compute = words.word(key, "the ID of a compute");
    } else if (key == "threads") {
      parsed.threads = words.integer(key, 1);
    } else if (key == "precision") {
      parsed.precision = words.choice(key, "double", "mixed") ? "double" : "mixed";
    } else if (key == "tabulate") {
      parsed.tabulate = words.choice(key, "yes", "no");
      chose_tabulate = true;
    } else if (key == "table_error") {
      parsed.table_error = words.number(key, true);
    } else if (key == "reduce") {
      parsed.reduce = words.number(key, false);
    } else if (key == "onnxruntime") {
      parsed.onnxruntime = words.word(key, "the path of libonnxruntime.so");
    } else if (key == "sel") {
      parsed.sel_error = words.choice(key, "error", "warn");
    } else if (key == "check") {
      read_check(words, parsed);
    } else if (key == "check_limit") {
      parsed.check_limit = words.number(key, true);
    } else if (key == "on_excess") {
      const std::string action = words.one_of(key, {"warn", "full", "stop"});
      parsed.on_excess = action == "full" ? OnExcess::FULL
          : action == "stop"              ? OnExcess::STOP
                                          : OnExcess::WARN;
      if (words.has_value()) parsed.excess_limit = words.number(key, true);
      chose_excess = true;
    } else if (key == "timing") {
      parsed.timing = words.choice(key, "yes", "no");
    } else if (key == "ttm") {
      words.fail("keyword ttm of pair_style deepmd is not supported: give the mean temperature of "
                 "the electrons of fix ttm with fparam_from_compute, as the page of this style "
                 "shows");
    } else if (std::find(REFUSED.begin(), REFUSED.end(), key) != REFUSED.end()) {
      words.fail("keyword " + key +
                 " of pair_style deepmd is not supported: it belongs to models " +
                 "that cannot be exported to ONNX here");
    } else {
      words.fail("unknown keyword '" + key + "'; keywords are " + joined(KEYWORDS));
    }
  }

  const bool reduced = parsed.reduce > 0.0 || parsed.deviation.reduce > 0.0;
  if (!chose_tabulate) parsed.tabulate = parsed.precision == "mixed" || reduced;
  if (reduced && !parsed.tabulate)
    words.fail_command(
        "reduced networks are always tabulated: use only one of tabulate no and reduce");
  const bool full = parsed.reduce == 0.0 || !parsed.tabulate ||
      (parsed.precision == "double" && !reduced);
  if (parsed.on_excess == OnExcess::FULL && full)
    words.fail_command(
        "on_excess full goes from reduced networks to the full ones, which are in use "
        "already: use only one of it and reduce 0, tabulate no or precision double");
  if (chose_excess && (!parsed.check || parsed.check_every == 0))
    words.fail_command(
        "on_excess needs a check during the run: not check no or check start, but check N");
  if (chose_excess && full && parsed.check_every < 0)
    words.fail_command(
        "on_excess needs a check during the run, which the full networks do not have "
        "by default: add check N");
  if (!parsed.parameters.fparam.empty() + !parsed.parameters.fparam_from_compute.empty() +
          !parsed.parameters.fparam_from_fix.empty() >
      1)
    words.fail_command("use only one of fparam, fparam_from_compute and fparam_from_fix");
  if (!parsed.parameters.aparam.empty() && !parsed.parameters.aparam_from_compute.empty())
    words.fail_command("use only one of aparam and aparam_from_compute");
  return words;
}

}    // namespace DEEPION
