// A Deep Potential from an ONNX file. Loaded as a plugin: no PairStyle() table entry here.

#ifndef LMP_PAIR_DEEPMD_ONNX_H
#define LMP_PAIR_DEEPMD_ONNX_H

#include "pair.h"

#include <string>

namespace LAMMPS_NS {

class PairDeepmdOnnx : public Pair {
 public:
  PairDeepmdOnnx(class LAMMPS *);
  ~PairDeepmdOnnx() override;

  void settings(int, char **) override;
  void coeff(int, char **) override;
  void init_style() override;
  double init_one(int, int) override;
  void compute(int, int) override;
  void finish() override;

  void *extract(const char *, int &) override;
  int pack_reverse_comm(int, int, double *) override;
  void unpack_reverse_comm(int, int *, double *) override;
  double memory_usage() override;

 private:
  struct Impl;
  Impl *impl;        // everything behind: arguments, models, buffers, output
  double **scale;    // per type pair; scale[1][1] multiplies the whole potential
  double cutoff;     // A, largest of all models

  void allocate();
  void map_types(char **);

  void check_settings_units();
  void check_parameters();
  void check_simulation();
  void check_compute_and_fix_ids();
  void check_neighbors();
  void self_check();
  void print_summary();
  void print_timing();
  void open_deviation_file();

  void gather_parameters();
  void update_atoms();
  std::string evaluate(int, double, double *, double *, double *, double *);
  std::string evaluate_all(double);
  void report(const std::string &);
  bool deviation_step() const;
  void write_deviation();
};

}    // namespace LAMMPS_NS

#endif
