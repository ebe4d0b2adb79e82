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

}    // namespace

/* ---------------------------------------------------------------------- */

std::string joined(const std::vector<std::string> &words)
{
  std::string text;
  for (const auto &word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/* ---------------------------------------------------------------------- */

Words::Words(const std::string &_style, const std::vector<std::string> &_keywords, int narg,
             const char *const *arg) : style(_style), keywords(_keywords), words(arg, arg + narg)
{
}

/* ---------------------------------------------------------------------- */

bool Words::is_keyword(const std::string &word) const
{
  return std::find(keywords.begin(), keywords.end(), word) != keywords.end();
}

/* ---------------------------------------------------------------------- */

void Words::fail(const std::string &text)
{
  if (problem.empty()) problem = style + ": " + text;
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
  const std::string text = word(keyword, expected);
  std::int64_t value = least;
  if (problem.empty() && (!to_integer(text, value) || value < least))
    fail("keyword " + keyword + " needs " + expected + ", not '" + text + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

int Words::integer(const std::string &keyword, int least)
{
  const std::int64_t value = integer64(keyword, least);
  if (problem.empty() && value > INT_MAX)
    fail("keyword " + keyword + " needs an integer, " + std::to_string(least) +
         " or larger, not '" + std::to_string(value) + "'");
  return static_cast<int>(std::min<std::int64_t>(value, INT_MAX));
}

/* ---------------------------------------------------------------------- */

double Words::number(const std::string &keyword, bool positive)
{
  const std::string expected = positive ? "a number above 0" : "a number, 0 or larger";
  const std::string text = word(keyword, expected);
  double value = 0.0;
  if (problem.empty() && (!to_double(text, value) || value < 0.0 || (positive && value == 0.0)))
    fail("keyword " + keyword + " needs " + expected + ", not '" + text + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

double Words::any_number(const std::string &keyword)
{
  const std::string text = word(keyword, "a number");
  double value = 0.0;
  if (problem.empty() && !to_double(text, value))
    fail("keyword " + keyword + " needs a number, not '" + text + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

double Words::number_or_id(const std::string &keyword, const std::string &prefix, std::string &id)
{
  const std::string expected = "a number above 0 or " + prefix + "ID";
  const std::string text = word(keyword, expected);
  double value = 0.0;
  if (text.rfind(prefix, 0) == 0 && text.size() > prefix.size())
    id = text.substr(prefix.size());
  else if (problem.empty() && (!to_double(text, value) || value <= 0.0))
    fail("keyword " + keyword + " needs " + expected + ", not '" + text + "'");
  return value;
}

/* ---------------------------------------------------------------------- */

std::vector<double> Words::numbers(const std::string &keyword)
{
  std::vector<double> values;
  double value;
  while (has_value()) {
    if (!to_double(words[position], value)) {
      fail("keyword " + keyword + " needs numbers, not '" + words[position] + "'");
      return {};
    }
    values.push_back(value);
    position++;
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
  const std::string text = word(keyword, expected);
  if (problem.empty() && std::find(choices.begin(), choices.end(), text) == choices.end())
    fail("keyword " + keyword + " needs " + expected + ", not '" + text + "'");
  return text;
}

/* ---------------------------------------------------------------------- */

bool Words::choice(const std::string &keyword, const std::string &yes, const std::string &no)
{
  return one_of(keyword, {yes, no}) == yes;
}

}    // namespace DEEPION
