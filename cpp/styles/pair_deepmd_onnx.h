// SPDX-License-Identifier: MIT
// A Deep Potential from an ONNX file. Loaded as a plugin: no PairStyle() table entry here.

#ifndef LMP_PAIR_DEEPMD_ONNX_H
#define LMP_PAIR_DEEPMD_ONNX_H

#include "pair.h"

#include <memory>
#include <string>

namespace DEEPION {
class ModelRunner;
}

namespace LAMMPS_NS {

class PairDeepmdOnnx : public Pair {
 public:
  // as_deepmd: what `pair_coeff` may leave out is as in DeePMD-kit's pair_style deepmd
  explicit PairDeepmdOnnx(class LAMMPS *, bool as_deepmd = false);
  ~PairDeepmdOnnx() override;

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  void finish() override;
  void read_restart(FILE *) override {}    // neither DeePMD-kit nor this style writes anything

  void *extract(const char *, int &) override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  double memory_usage() override;

  const DEEPION::ModelRunner &models() const;
  std::string check_headline() const;    // what the check of the run found; empty: nothing yet

 private:
  std::unique_ptr<struct DeepmdOnnxImpl> impl;
  double **scale;    // per type pair; scale[1][1] multiplies the whole potential

  void allocate();
  void prepare_models();
  void set_pairs();
  void make_check_fix();
  void delete_check_fix();
  void offer_values();
  void update_values();
};

}    // namespace LAMMPS_NS

#endif
