// The words of a command, read one after the other; the first problem wins.
// No MPI, no LAMMPS: the same words give the same answer on every rank.

#ifndef DEEPION_WORDS_H
#define DEEPION_WORDS_H

#include <cstdint>
#include <string>
#include <vector>

namespace DEEPION {

class Words {
 public:
  // `style` begins every message; a word of `keywords` is never a value.
  Words(const std::string &style, const std::vector<std::string> &keywords, int narg,
        const char *const *arg);

  bool done() const { return !problem.empty() || position >= words.size(); }
  bool has_value() const { return position < words.size() && !is_keyword(words[position]); }
  std::string take() { return words[position++]; }
  void fail(const std::string &text);

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

  std::string problem;    // empty: none so far

 private:
  bool is_keyword(const std::string &word) const;

  std::string style;
  std::vector<std::string> keywords, words;
  std::size_t position = 0;
};

// "a, b, c"
std::string joined(const std::vector<std::string> &words);

}    // namespace DEEPION

#endif
