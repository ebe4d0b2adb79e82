// SPDX-License-Identifier: MIT
// A small test harness: TEST(group, name) { CHECK(...); CHECK_EQUAL(found, expected); }

#ifndef DEEPION_TESTS_CHECK_H
#define DEEPION_TESTS_CHECK_H

#include <sstream>
#include <string>
#include <vector>

namespace check {

struct Test {
  std::string group, name;
  void (*body)();
};

inline std::vector<Test> &tests()
{
  static std::vector<Test> all;
  return all;
}

// What went wrong in the test that runs.
inline std::vector<std::string> &failures()
{
  static std::vector<std::string> all;
  return all;
}

struct Register {
  Register(const char *group, const char *name, void (*body)())
  {
    tests().push_back({group, name, body});
  }
};

inline void fail(const char *file, int line, const std::string &text)
{
  failures().push_back(std::string(file) + ":" + std::to_string(line) + ": " + text);
}

template <class Found, class Expected>
void equal(const char *file, int line, const Found &found, const Expected &expected)
{
  if (found == expected) return;
  std::ostringstream text;
  text << "found '" << found << "', expected '" << expected << "'";
  fail(file, line, text.str());
}

}    // namespace check

#define TEST(group, name)                                                                \
  static void group##_##name();                                                          \
  static const check::Register register_##group##_##name(#group, #name, group##_##name); \
  static void group##_##name()

#define CHECK(condition) \
  if (!(condition)) check::fail(__FILE__, __LINE__, "not true: " #condition)

#define CHECK_EQUAL(found, expected) check::equal(__FILE__, __LINE__, found, expected)

#endif
