// SPDX-License-Identifier: MIT
#include "check.h"
#include "pair_arguments.h"

#include <sstream>

using namespace DEEPION;

namespace {

struct Parsed {
  explicit Parsed(const std::string &command)
  {
    std::istringstream stream(command);
    for (std::string word; stream >> word;) texts.push_back(word);
    for (const auto &text : texts) pointers.push_back(text.c_str());
    const Words words =
        parse_pair_arguments(static_cast<int>(pointers.size()), pointers.data(), args);
    problem = words.problem();
    culprit = words.culprit() ? words.culprit() : "";
  }

  std::vector<std::string> texts;
  std::vector<const char *> pointers;
  PairArguments args;
  std::string problem, culprit;
};

}    // namespace

TEST(pair_arguments, one_model_and_defaults)
{
  const Parsed parsed("model.onnx");
  CHECK_EQUAL(parsed.problem, "");
  CHECK(parsed.args.models == std::vector<std::string>({"model.onnx"}));
  CHECK_EQUAL(parsed.args.precision, "mixed");
  CHECK(parsed.args.tabulate && parsed.args.check && !parsed.args.sel_error && !parsed.args.timing);
  CHECK_EQUAL(parsed.args.threads, 0);
  CHECK_EQUAL(parsed.args.deviation.every, 100);
  CHECK_EQUAL(parsed.args.deviation.file, "model_devi.out");
  CHECK(parsed.args.table_error == 0.0 && parsed.args.check_limit == 0.0);    // the bridge decides
  CHECK(parsed.args.reduce < 0.0);
}

TEST(pair_arguments, every_keyword)
{
  const Parsed parsed(
      "a.onnx b.onnx out_freq 10 out_file d.out out_reduce 0.02 atomic relative 0.5 relative_v "
      "0.25 fparam 1 -2 "
      "aparam_from_compute ap threads 3 precision double tabulate yes table_error 1e-7 reduce 1e-3 "
      "onnxruntime /lib/x.so sel error check no check_limit 0.01 timing yes");
  const PairArguments &args = parsed.args;
  CHECK_EQUAL(parsed.problem, "");
  CHECK(args.models == std::vector<std::string>({"a.onnx", "b.onnx"}));
  CHECK_EQUAL(args.deviation.every, 10);
  CHECK_EQUAL(args.deviation.file, "d.out");
  CHECK(args.deviation.atomic);
  CHECK_EQUAL(args.deviation.reduce, 0.02);
  CHECK_EQUAL(args.deviation.relative, 0.5);
  CHECK_EQUAL(args.deviation.relative_v, 0.25);
  CHECK(args.parameters.fparam == std::vector<double>({1.0, -2.0}));
  CHECK_EQUAL(args.parameters.aparam_from_compute, "ap");
  CHECK_EQUAL(args.threads, 3);
  CHECK_EQUAL(args.precision, "double");
  CHECK(args.tabulate);
  CHECK_EQUAL(args.table_error, 1e-7);
  CHECK_EQUAL(args.reduce, 1e-3);
  CHECK_EQUAL(args.onnxruntime, "/lib/x.so");
  CHECK(args.sel_error && !args.check && args.timing);
  CHECK_EQUAL(args.check_limit, 0.01);
}

TEST(pair_arguments, element_of_a_fix)
{
  CHECK_EQUAL(Parsed("m fparam_from_fix f").args.parameters.fparam_fix_index, 0);
  const Parsed parsed("m fparam_from_fix f 3 timing yes");
  CHECK_EQUAL(parsed.args.parameters.fparam_from_fix, "f");
  CHECK_EQUAL(parsed.args.parameters.fparam_fix_index, 3);
  CHECK(parsed.args.timing);
}

TEST(pair_arguments, tables_by_default_in_mixed_precision_and_for_reduced_networks)
{
  CHECK(!Parsed("m precision double").args.tabulate);
  CHECK(Parsed("m precision double reduce 1e-4").args.tabulate);
  CHECK(Parsed("m m precision double out_reduce 1e-4").args.tabulate);
  CHECK(Parsed("m precision double tabulate yes").args.tabulate);
  CHECK(!Parsed("m tabulate no").args.tabulate);
  CHECK(!Parsed("m precision double reduce 0").args.tabulate);
}

TEST(pair_arguments, refusals_name_the_word)
{
  const struct {
    const char *command, *problem, *culprit;
  } cases[] = {
      {"", "the name of a model file (.onnx) is missing", ""},
      {"precision double", "the name of a model file (.onnx) is missing", ""},
      {"m threads 1 speed", "unknown keyword 'speed'; keywords are out_freq", "speed"},
      {"m threads 0", "keyword threads needs an integer, 1 or larger, not '0'", "0"},
      {"m out_freq", "keyword out_freq needs a value: an integer, 0 or larger", "out_freq"},
      {"m relative -1", "keyword relative needs a number, 0 or larger, not '-1'", "-1"},
      {"m precision single", "keyword precision needs double or mixed, not 'single'", "single"},
      {"m fparam_from_fix f 0", "keyword fparam_from_fix needs an integer, 1 or larger", "0"},
      {"m ttm f",
       "keyword ttm of pair_style deepmd is not supported: give the mean temperature of the "
       "electrons of fix ttm with fparam_from_compute",
       "ttm"},
      {"m virtual_len 0.3", "keyword virtual_len of pair_style deepmd is not supported",
       "virtual_len"},
      {"m tabulate no reduce 1e-3", "reduced networks are always tabulated", ""},
      {"m fparam 1 fparam_from_fix f",
       "use only one of fparam, fparam_from_compute and "
       "fparam_from_fix",
       ""},
      {"m aparam 1 aparam_from_compute c", "use only one of aparam and aparam_from_compute", ""},
  };
  for (const auto &entry : cases) {
    const Parsed parsed(entry.command);
    CHECK_EQUAL(parsed.problem.find(std::string("pair_style deepmd/onnx: ") + entry.problem), 0u);
    CHECK_EQUAL(parsed.culprit, entry.culprit);
  }
}

TEST(pair_arguments, checks_of_a_run)
{
  const Parsed none("model.onnx"), no("m.onnx check no"), start("m.onnx check start");
  CHECK(none.args.check && none.args.check_every < 0);
  CHECK(!no.args.check && no.args.check_every == 0);
  CHECK(start.args.check && start.args.check_every == 0);
  const Parsed stop("m.onnx check 50 on_excess stop 0.02 timing yes"),
      full("m.onnx on_excess full");
  CHECK_EQUAL(stop.problem + full.problem, "");
  CHECK_EQUAL(stop.args.check_every, 50);
  CHECK(stop.args.on_excess == OnExcess::STOP && stop.args.timing);
  CHECK_EQUAL(stop.args.excess_limit, 0.02);
  CHECK(full.args.on_excess == OnExcess::FULL && full.args.excess_limit == 0.0);
  CHECK_EQUAL(Parsed("m.onnx check 1x").culprit, "1x");
  CHECK_EQUAL(Parsed("m.onnx check -3").culprit, "-3");
}
