// SPDX-License-Identifier: MIT
// What newer compilers and their headers use, but the libstdc++ of g++ 8 or glibc 2.28 does not have: so
// a shim runs where these are older than those it was compiled with.

#include <new>

namespace std {

#if defined(__GLIBCXX__)
// Since g++ 11, std::allocator calls this where a size overflows.
void __throw_bad_array_new_length()
{
  throw bad_array_new_length();
}
#endif

}    // namespace std

extern "C" {

// Since glibc 2.32. Headers of g++ ask it whether a shared_ptr can be counted without atomic operations;
// 0: there may be threads, which is always right. It stays in the shim, see shim.map.
// NOLINTNEXTLINE(bugprone-reserved-identifier)
char __libc_single_threaded = 0;
}
