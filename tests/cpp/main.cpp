// SPDX-License-Identifier: MIT
// Runs the tests of one group, or all; --list names the groups.

#include "check.h"

#include <cstdio>
#include <cstring>
#include <set>

int main(int argc, char **argv)
{
  const std::string wanted = argc > 1 ? argv[1] : "";
  if (wanted == "--list") {
    std::set<std::string> groups;
    for (const auto &test : check::tests()) groups.insert(test.group);
    for (const auto &group : groups) printf("%s\n", group.c_str());
    return 0;
  }

  int ran = 0, failed = 0;
  for (const auto &test : check::tests()) {
    if (!wanted.empty() && test.group != wanted) continue;
    check::failures().clear();
    test.body();
    ran++;
    failed += !check::failures().empty();
    for (const auto &text : check::failures())
      printf("%s %s: %s\n", test.group.c_str(), test.name.c_str(), text.c_str());
  }
  printf("%d tests, %d failed\n", ran, failed);
  return ran == 0 || failed > 0;
}
