// SPDX-License-Identifier: MIT
#include "words.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdlib>

namespace DEEPION {

namespace {

  bool to_double(const std::string &word, double &value)
  {
    char *end = nullptr;
    value = strtod(word.c_str(), &end);
    return !word.empty() && *end == '\0' && std::isfinite(value);
  }

  bool to_integer(const std::string &word, std::int64_t &value)
  {
    char *end = nullptr;
    errno = 0;
    value = strtoll(word.c_str(), &end, 10);
    return !word.empty() && *end == '\0' && errno != ERANGE;
  }

  // Sums and products of such numbers of steps stay far below 2^63.
  constexpr std::int64_t MOST = 1000000000000000;

}    // namespace

/* ---------------------------------------------------------------------- */

Words::Words(const std::string &_style, const std::vector<std::string> &_keywords, int narg,
             const char *const *_arg) :
    style(_style), keywords(_keywords), words(_arg, _arg + narg), arg(_arg)
{
  for (const std::string &word : words) {
    position++;
    const std::string reason = utf8_problem(word);
    if (!reason.empty()) fail(reason);
  }
  position = 0;
}

/* ---------------------------------------------------------------------- */

bool Words::is_keyword(const std::string &word) const
{
  return std::find(keywords.begin(), keywords.end(), word) != keywords.end();
}

/* ---------------------------------------------------------------------- */

void Words::fail(const std::string &reason)
{
  if (good() && position > 0) blamed = arg[position - 1];
  fail_command(reason);
}

/* ---------------------------------------------------------------------- */

void Words::fail_command(const std::string &reason)
{
  if (good()) text = style + ": " + reason;
}

/* ---------------------------------------------------------------------- */

std::string Words::word(const std::string &keyword, const std::string &expected)
{
  if (has_value()) return take();
  fail("keyword " + keyword + " needs a value: " + expected +
       (position < words.size() ? ", but the next word is the keyword " + words[position] : ""));
  return {};
}

/* ---------------------------------------------------------------------- */

std::int64_t Words::integer64(const std::string &keyword, std::int64_t least)
{
  const std::string expected = "an integer, " + std::to_string(least) + " or larger";
  const std::string given = word(keyword, expected);
  if (!good()) return least;
  std::int64_t value = least;
  if (!to_integer(given, value) || value < least)
    fail("keyword " + keyword + " needs " + expected + ", not '" + given + "'");
  else if (value > MOST)
    fail("keyword " + keyword + " needs an integer up to 10^15, not '" + given + "'");
  return good() ? value : least;
}

/* ---------------------------------------------------------------------- */

int Words::integer(const std::string &keyword, int least)
{
  const std::int64_t value = integer64(keyword, least);
  if (good() && value > INT_MAX)
    fail("keyword " + keyword + " needs an integer, " + std::to_string(least) +
         " or larger, not '" + std::to_string(value) + "'");
  return static_cast<int>(std::min<std::int64_t>(value, INT_MAX));
}

/* ---------------------------------------------------------------------- */

double Words::number(const std::string &keyword, bool positive)
{
  const std::string expected = positive ? "a number above 0" : "a number, 0 or larger";
  const std::string given = word(keyword, expected);
  double value = 0.0;
  if (good() && (!to_double(given, value) || value < 0.0 || (positive && value == 0.0)))
    fail("keyword " + keyword + " needs " + expected + ", not '" + given + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

double Words::any_number(const std::string &keyword)
{
  const std::string given = word(keyword, "a number");
  double value = 0.0;
  if (good() && !to_double(given, value))
    fail("keyword " + keyword + " needs a number, not '" + given + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

double Words::number_or_id(const std::string &keyword, const std::string &prefix, std::string &id)
{
  const std::string expected = "a number above 0 or " + prefix + "ID";
  const std::string given = word(keyword, expected);
  double value = 0.0;
  if (given.rfind(prefix, 0) == 0 && given.size() > prefix.size())
    id = given.substr(prefix.size());
  else if (good() && (!to_double(given, value) || value <= 0.0))
    fail("keyword " + keyword + " needs " + expected + ", not '" + given + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

std::vector<double> Words::numbers(const std::string &keyword)
{
  std::vector<double> values;
  double value;
  while (has_value()) {
    const std::string given = take();
    if (!to_double(given, value)) {
      fail("keyword " + keyword + " needs numbers, not '" + given + "'");
      return {};
    }
    values.push_back(value);
  }
  if (values.empty()) fail("keyword " + keyword + " needs one number or more");
  return values;
}

/* ---------------------------------------------------------------------- */

std::string Words::one_of(const std::string &keyword, const std::vector<std::string> &choices)
{
  std::string expected;
  for (std::size_t k = 0; k < choices.size(); k++)
    expected += (k == 0 ? "" : k + 1 == choices.size() ? " or " : ", ") + choices[k];
  const std::string given = word(keyword, expected);
  if (good() && std::find(choices.begin(), choices.end(), given) == choices.end())
    fail("keyword " + keyword + " needs " + expected + ", not '" + given + "'");
  return given;
}

/* ---------------------------------------------------------------------- */

bool Words::choice(const std::string &keyword, const std::string &yes, const std::string &no)
{
  return one_of(keyword, {yes, no}) == yes;
}

}    // namespace DEEPION
