// SPDX-License-Identifier: MIT
// What newer compilers call, but the libstdc++ of g++ 8 does not have: so a shim runs where the C++
// library is older than the one it was compiled with.

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
