// SPDX-License-Identifier: MIT
#include "check.h"
#include "text.h"

using namespace DEEPION;

TEST(text, utf8_is_what_rust_takes)
{
  const std::string good[] = {"",
                              "model.onnx",
                              "\x7F",
                              "\xC2\x80",
                              "f\xC3\xBCr",
                              "\xE0\xA0\x80",
                              "\xED\x9F\xBF",
                              "\xEE\x80\x80",
                              "\xF0\x90\x80\x80",
                              "\xF4\x8F\xBF\xBF",
                              std::string("a\0b", 3)};
  for (const auto &text : good) {
    CHECK(is_utf8(text));
    CHECK_EQUAL(readable(text), text);
    CHECK_EQUAL(utf8_problem(text), "");
  }
}

TEST(text, everything_else_is_refused_and_shown)
{
  const struct {
    std::string text, shown;
  } cases[] = {
      {"\x80", "\\x80"},                                    // a continuation alone
      {"f\xFCr", "f\\xFCr"},                                // Latin-1
      {"a\xC3", "a\\xC3"},                                  // cut off
      {"\xC3(", "\\xC3("},                                  // no continuation
      {"\xC0\xAF", "\\xC0\\xAF"},                           // overlong, 2 bytes
      {"\xE0\x9F\xBF", "\\xE0\\x9F\\xBF"},                  // overlong, 3 bytes
      {"\xF0\x8F\xBF\xBF", "\\xF0\\x8F\\xBF\\xBF"},         // overlong, 4 bytes
      {"\xED\xA0\x80", "\\xED\\xA0\\x80"},                  // a surrogate
      {"\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"},         // beyond the last code point
      {"\xF5\x80\x80\x80", "\\xF5\\x80\\x80\\x80"},         // no such first byte
      {"\xC3\xBC\xFF\xC3\xBC", "\xC3\xBC\\xFF\xC3\xBC"},    // in the middle of good text
  };
  for (const auto &entry : cases) {
    CHECK(!is_utf8(entry.text));
    CHECK_EQUAL(readable(entry.text), entry.shown);
    CHECK_EQUAL(utf8_problem(entry.text).find("'" + entry.shown + "' is not UTF-8"), 0u);
  }
}

TEST(text, joined_words)
{
  CHECK_EQUAL(joined({}), "");
  CHECK_EQUAL(joined({"a"}), "a");
  CHECK_EQUAL(joined({"a", "b", "c"}), "a, b, c");
}
