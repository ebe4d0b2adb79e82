// SPDX-License-Identifier: MIT
// The words of a command, read one after the other; the first problem is kept.
// No MPI, no LAMMPS: the same words give the same answer on every rank.

#ifndef DEEPION_WORDS_H
#define DEEPION_WORDS_H

#include "text.h"

#include <cstdint>
#include <string>
#include <vector>

namespace DEEPION {

class Words {
 public:
  // `style` begins every message; a word of `keywords` is never a value. A word that is not UTF-8
  // is a problem from the start. `arg` must live as long as culprit() is used.
  Words(const std::string &style, const std::vector<std::string> &keywords, int narg,
        const char *const *arg);

  bool good() const { return text.empty(); }
  const std::string &problem() const { return text; }
  // The word that the problem is about, as it came in `arg`; nullptr: the command as a whole.
  const char *culprit() const { return blamed; }

  bool done() const { return !good() || position >= words.size(); }
  bool has_value() const { return position < words.size() && !is_keyword(words[position]); }
  std::string take() { return words[position++]; }
  // A problem with the word taken last.
  void fail(const std::string &text);
  // A problem with the command as a whole: words that do not fit together, or one that is missing.
  void fail_command(const std::string &text);

  // The value after `keyword`; where there is none or it is no such value, a problem.
  std::string word(const std::string &keyword, const std::string &expected);
  std::int64_t integer64(const std::string &keyword, std::int64_t least);
  int integer(const std::string &keyword, int least);
  double number(const std::string &keyword, bool positive);
  double any_number(const std::string &keyword);
  // A number above 0, or an ID after `prefix` (empty: a number was given).
  double number_or_id(const std::string &keyword, const std::string &prefix, std::string &id);
  std::vector<double> numbers(const std::string &keyword);
  std::string one_of(const std::string &keyword, const std::vector<std::string> &choices);
  bool choice(const std::string &keyword, const std::string &yes, const std::string &no);

 private:
  bool is_keyword(const std::string &word) const;

  std::string style;
  std::vector<std::string> keywords, words;
  const char *const *arg;
  std::size_t position = 0;
  std::string text;    // the problem, empty: none so far
  const char *blamed = nullptr;
};

}    // namespace DEEPION

#endif
