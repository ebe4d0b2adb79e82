// SPDX-License-Identifier: MIT
#include "unwrapped_positions.h"

#include "errors.h"
#include "lammps_compat.h"

#include "deepion-bridge/src/unwrapping.rs.h"

#include "atom.h"
#include "domain.h"
#include "lammps.h"

#include <algorithm>

using namespace LAMMPS_NS;

namespace DEEPION {

/* ---------------------------------------------------------------------- */

static std::array<int, 3> image_flags(imageint image)
{
  return {static_cast<int>((image & IMGMASK) - IMGMAX),
          static_cast<int>((image >> IMGBITS & IMGMASK) - IMGMAX),
          static_cast<int>((image >> IMG2BITS) - IMGMAX)};
}

/* ---------------------------------------------------------------------- */

UnwrappedPositions::Mode unwrapping_of(const std::string &word)
{
  if (word == "image") return UnwrappedPositions::IMAGE;
  return word == "toroidal" ? UnwrappedPositions::TOROIDAL : UnwrappedPositions::AUTO;
}

/* ---------------------------------------------------------------------- */

UnwrappedPositions::UnwrappedPositions(LAMMPS *_lmp, Mode _mode) : rows(9), lmp(_lmp), mode(_mode)
{
}

/* ---------------------------------------------------------------------- */

void UnwrappedPositions::init()
{
  // positions may have been changed between runs (displace_atoms, change_box): that is no step
  box_known = false;
  const bool changes = lmp->domain->box_change_size || lmp->domain->box_change_shape;
  const bool wanted = mode == TOROIDAL || (mode == AUTO && changes);
  if (adding || !wanted) return;
  for (int i = 0; i < lmp->atom->nlocal; i++) create(i);
  adding = true;
}

/* ---------------------------------------------------------------------- */

bool UnwrappedPositions::restore(bool toroidal)
{
  adding = toroidal;
  return !(toroidal && mode == IMAGE);
}

/* ---------------------------------------------------------------------- */

void UnwrappedPositions::create(int i)
{
  rows.create(i);
  double r[3];
  image_position(i, r);
  const auto flags = image_flags(lmp->atom->image[i]);
  for (int k = 0; k < 3; k++) {
    rows.at(i, k) = r[k];
    rows.at(i, 3 + k) = lmp->atom->x[i][k];
    rows.at(i, 6 + k) = flags[k];
  }
}

/* ----------------------------------------------------------------------
   the formula is in Rust: rust/analysis/src/unwrapping.rs
------------------------------------------------------------------------- */

void UnwrappedPositions::update()
{
  if (!adding) return;
  std::array<double, 6> now;    // xx, yy, zz, yz, xz, xy
  std::copy_n(lmp->domain->h, 6, now.begin());
  const int n = lmp->atom->nlocal;
  images.resize(3 * static_cast<std::size_t>(n));
  for (int i = 0; i < n; i++) {
    const auto flags = image_flags(lmp->atom->image[i]);
    std::copy(flags.begin(), flags.end(), &images[3 * static_cast<std::size_t>(i)]);
  }
  const std::string failure = error_of([&] {
    if (box_known && deepion::ffi::box_flipped(box, now))
      trouble =
          "the box was flipped, which toroidal unwrapping cannot follow: use flip no with fix "
          "npt or fix deform";
    deepion::ffi::advance_unwrapped(
        rust::Slice<const double>(n ? &lmp->atom->x[0][0] : nullptr, images.size()),
        rust::Slice<const std::int32_t>(images.data(), images.size()), 2 * IMGMAX, now,
        rust::Slice<const std::int32_t>(rows.all_slots(), n), AtomRows::TILE,
        rust::Slice<double>(rows.values.data(), rows.values.size()));
  });
  stop_one_if(lmp, FLERR, failure);
  box = now;
  box_known = true;
}

/* ---------------------------------------------------------------------- */

void UnwrappedPositions::position(int i, double *r) const
{
  if (adding)
    for (int k = 0; k < 3; k++) r[k] = rows.at(i, k);
  else
    image_position(i, r);
}

/* ---------------------------------------------------------------------- */

void UnwrappedPositions::image_position(int i, double *r) const
{
  lmp->domain->unmap(lmp->atom->x[i], lmp->atom->image[i], r);
}

}    // namespace DEEPION
