// SPDX-License-Identifier: MIT
#include "check.h"
#include "element_names.h"

using namespace DEEPION;

namespace {

Refusal read(const std::vector<const char *> &arg, int ntypes, std::vector<std::string> &elements,
             std::string *note = nullptr)
{
  ElementRules rules;
  rules.ntypes = ntypes;
  rules.model = "m.onnx";
  rules.known = {"Li", "S"};
  rules.as_deepmd = note != nullptr;
  std::string none;
  return read_element_names(static_cast<int>(arg.size()), arg.data(), rules, elements,
                            note ? *note : none);
}

}    // namespace

TEST(element_names, given_or_those_of_the_model)
{
  std::vector<std::string> elements;
  CHECK(read({"*", "*", "S", "NULL", "Li"}, 3, elements).none());
  CHECK(elements == std::vector<std::string>({"", "S", "NULL", "Li"}));
  CHECK(read({"*", "*"}, 2, elements).none());
  CHECK(elements == std::vector<std::string>({"", "Li", "S"}));
  CHECK_EQUAL(types_and_elements(elements), "1 = Li, 2 = S");
}

TEST(element_names, more_or_fewer_than_types_as_in_deepmd)
{
  const struct {
    std::vector<const char *> arg;
    std::vector<std::string> elements;
    const char *note;
  } cases[] = {
      {{"*", "*"}, {"Li"}, "pair_coeff: 2 elements of the model for 1 atom types"},
      {{"*", "*"}, {"Li", "S"}, ""},
      {{"*", "*"}, {"Li", "S", "NULL"}, "pair_coeff: 2 elements of the model for 3 atom types"},
      {{"*", "*", "S"}, {"S", "NULL"}, "pair_coeff: 1 element names for 2 atom types"},
      {{"*", "*", "S", "Li"}, {"S"}, "pair_coeff: 2 element names for 1 atom types"},
  };
  for (const auto &entry : cases) {
    std::vector<std::string> elements;
    std::string note;
    const int ntypes = static_cast<int>(entry.elements.size());
    CHECK(read(entry.arg, ntypes, elements, &note).none());
    CHECK(std::vector<std::string>(elements.begin() + 1, elements.end()) == entry.elements);
    CHECK_EQUAL(note.substr(0, note.find(':', 12)), entry.note);
  }
}

TEST(element_names, refusals_name_the_word)
{
  const struct {
    std::vector<const char *> arg;
    int ntypes;
    const char *text;
    int word;
  } cases[] = {
      {{}, 2, "pair_coeff of deepmd/onnx must start with '* *'", Refusal::COMMAND},
      {{"*"}, 2, "pair_coeff of deepmd/onnx must start with '* *'", Refusal::COMMAND},
      {{"1", "*"}, 2, "pair_coeff of deepmd/onnx must start with '* *'", 0},
      {{"*", "2", "Li", "S"}, 2, "pair_coeff of deepmd/onnx must start with '* *'", 1},
      {{"*", "*"},
       3,
       "pair_coeff * * without element names needs as many atom types as the model has elements, "
       "but there are 3 atom types and model m.onnx knows 2 (Li, S)",
       Refusal::COMMAND},
      {{"*", "*", "Li"},
       2,
       "pair_coeff: got 1 element names, but there are 2 atom types: name one "
       "of Li, S (or NULL)",
       Refusal::COMMAND},
      {{"*", "*", "Li", "\xFC"}, 2, "pair_coeff of deepmd/onnx: '\\xFC' is not UTF-8", 3},
  };
  for (const auto &entry : cases) {
    std::vector<std::string> elements;
    const Refusal refusal = read(entry.arg, entry.ntypes, elements);
    CHECK_EQUAL(refusal.text.find(entry.text), 0u);
    CHECK_EQUAL(refusal.word, entry.word);
    const char *culprit = refusal.culprit(entry.arg.data());
    CHECK(entry.word < 0 ? culprit == nullptr : culprit == entry.arg[entry.word]);
  }
}
