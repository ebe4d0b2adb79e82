// SPDX-License-Identifier: MIT
#include "check.h"
#include "words.h"

#include <climits>
#include <cstring>

using namespace DEEPION;

namespace {

// The words of a command that live as long as the test.
struct Command {
  explicit Command(std::vector<const char *> _words) : words(std::move(_words)) {}
  Words read(const std::vector<std::string> &keywords = {"key", "other"}) const
  {
    return Words("style", keywords, static_cast<int>(words.size()), words.data());
  }
  std::vector<const char *> words;
};

std::string culprit(const Words &words)
{
  return words.culprit() ? words.culprit() : "";
}

}    // namespace

TEST(words, read_in_order)
{
  const Command command({"a", "b", "key", "7"});
  Words words = command.read();
  CHECK(words.good() && !words.done() && words.has_value());
  CHECK_EQUAL(words.take(), "a");
  CHECK_EQUAL(words.take(), "b");
  CHECK(!words.has_value());    // a keyword is no value
  CHECK_EQUAL(words.take(), "key");
  CHECK_EQUAL(words.integer("key", 1), 7);
  CHECK(words.done() && words.good());
}

TEST(words, first_problem_is_kept_with_its_word)
{
  const Command command({"x", "key", "two", "other", "three"});
  Words words = command.read();
  words.take();
  words.take();
  words.integer("key", 1);
  words.fail("a later problem");
  CHECK(words.done() && !words.good());
  CHECK_EQUAL(words.problem(), "style: keyword key needs an integer, 1 or larger, not 'two'");
  CHECK(words.culprit() == command.words[2]);
}

TEST(words, missing_value_blames_the_keyword)
{
  Command command({"key"});
  Words words = command.read();
  words.take();
  CHECK_EQUAL(words.word("key", "a file name"), "");
  CHECK_EQUAL(words.problem(), "style: keyword key needs a value: a file name");
  CHECK_EQUAL(culprit(words), "key");

  command = Command({"key", "other"});
  words = command.read();
  words.take();
  words.word("key", "a file name");
  CHECK_EQUAL(words.problem(),
              "style: keyword key needs a value: a file name, but the next word is the keyword "
              "other");
}

TEST(words, problems_of_the_whole_command_blame_no_word)
{
  const Command command({"a"});
  Words words = command.read();
  words.take();
  words.fail_command("nothing fits");
  CHECK_EQUAL(words.problem(), "style: nothing fits");
  CHECK(words.culprit() == nullptr);
}

TEST(words, text_that_is_not_utf8_is_a_problem_from_the_start)
{
  const Command command({"good", "b\xFC", "b\xFC"});
  const Words words = command.read();
  CHECK(words.done());
  CHECK_EQUAL(words.problem().find("style: 'b\\xFC' is not UTF-8"), 0u);
  CHECK(words.culprit() == command.words[1]);
}

TEST(words, integers)
{
  const struct {
    const char *word;
    bool good;
    int value;
  } cases[] = {{"0", true, 0},    {"2147483647", true, INT_MAX},
               {"-1", false, 0},  {"2147483648", false, 0},
               {"1.5", false, 0}, {"1e3", false, 0},
               {"", false, 0},    {"9223372036854775808", false, 0},
               {"7x", false, 0}};
  for (const auto &entry : cases) {
    const Command command({entry.word});
    Words words = command.read();
    const int value = words.integer("key", 0);
    CHECK_EQUAL(words.good(), entry.good);
    if (entry.good) CHECK_EQUAL(value, entry.value);
  }
}

TEST(words, numbers)
{
  const struct {
    const char *word;
    bool any, not_negative, positive;
  } cases[] = {
      {"1.5", true, true, true},      {"0", true, true, false},     {"-2", true, false, false},
      {"1e-3", true, true, true},     {"nan", false, false, false}, {"inf", false, false, false},
      {"1e999", false, false, false}, {"", false, false, false},    {"1,5", false, false, false}};
  for (const auto &entry : cases) {
    const Command command({entry.word, entry.word, entry.word});
    Words words = command.read();
    words.any_number("key");
    CHECK_EQUAL(words.good(), entry.any);
    words = command.read();
    words.number("key", false);
    CHECK_EQUAL(words.good(), entry.not_negative);
    words = command.read();
    words.number("key", true);
    CHECK_EQUAL(words.good(), entry.positive);
  }
}

TEST(words, lists_of_numbers_end_at_a_keyword)
{
  Command command({"1", "-2", "3e1", "other"});
  Words words = command.read();
  const std::vector<double> values = words.numbers("key");
  CHECK(values == std::vector<double>({1.0, -2.0, 30.0}));
  CHECK_EQUAL(words.take(), "other");

  command = Command({"1", "two", "3"});
  words = command.read();
  words.numbers("key");
  CHECK_EQUAL(words.problem(), "style: keyword key needs numbers, not 'two'");
  CHECK_EQUAL(culprit(words), "two");

  command = Command({"other"});
  words = command.read();
  words.numbers("key");
  CHECK_EQUAL(words.problem(), "style: keyword key needs one number or more");
}

TEST(words, choices)
{
  Command command({"b", "yes", "no", "maybe"});
  Words words = command.read();
  CHECK_EQUAL(words.one_of("key", {"a", "b", "c"}), "b");
  CHECK(words.choice("key", "yes", "no"));
  CHECK(!words.choice("key", "yes", "no"));
  words.one_of("key", {"a", "b", "c"});
  CHECK_EQUAL(words.problem(), "style: keyword key needs a, b or c, not 'maybe'");
}

TEST(words, number_or_id)
{
  Command command({"300"});
  Words words = command.read();
  std::string id;
  CHECK_EQUAL(words.number_or_id("temp", "c_", id), 300.0);
  CHECK_EQUAL(id, "");
  command = Command({"c_thermo_temp"});
  words = command.read();
  words.number_or_id("temp", "c_", id);
  CHECK_EQUAL(id, "thermo_temp");
  for (const char *bad : {"c_", "-3", "0", "hot"}) {
    command = Command({bad});
    words = command.read();
    words.number_or_id("temp", "c_", id);
    CHECK_EQUAL(words.problem(),
                std::string("style: keyword temp needs a number above 0 or c_ID, "
                            "not '") +
                    bad + "'");
  }
}
