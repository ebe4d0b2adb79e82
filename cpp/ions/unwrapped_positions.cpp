#include "unwrapped_positions.h"

#include "atom.h"
#include "domain.h"
#include "lammps.h"

#include <algorithm>
#include <cmath>

using namespace LAMMPS_NS;

namespace DEEPION {

// the tilt of a box changes by half a box length when LAMMPS flips it, by far less in a step of MD
static constexpr double FLIP = 0.3;

/* ---------------------------------------------------------------------- */

static std::array<double, 3> image_flags(imageint image)
{
  return {static_cast<double>((image & IMGMASK) - IMGMAX),
          static_cast<double>((image >> IMGBITS & IMGMASK) - IMGMAX),
          static_cast<double>((image >> IMG2BITS) - IMGMAX)};
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
  double *row = rows.row(i);
  image_position(i, row);
  std::copy_n(lmp->atom->x[i], 3, row + 3);
  const auto flags = image_flags(lmp->atom->image[i]);
  std::copy(flags.begin(), flags.end(), row + 6);
}

/* ----------------------------------------------------------------------
   u += x - x' + (n - n') box: a border crossed counts with the box of the step it was crossed in
------------------------------------------------------------------------- */

void UnwrappedPositions::update()
{
  if (!adding) return;
  const double *h = lmp->domain->h;    // xx, yy, zz, yz, xz, xy
  if (box_known &&
      (std::fabs(h[5] - box[5]) > FLIP * h[0] || std::fabs(h[4] - box[4]) > FLIP * h[0] ||
       std::fabs(h[3] - box[3]) > FLIP * h[1]))
    trouble =
        "the box was flipped, which toroidal unwrapping cannot follow: use flip no with fix npt or "
        "fix deform";
  std::copy_n(h, 6, box.begin());
  box_known = true;

  for (int i = 0; i < lmp->atom->nlocal; i++) {
    double *row = rows.row(i);
    const double *x = lmp->atom->x[i];
    const auto n = image_flags(lmp->atom->image[i]);
    // image flags have few bits and begin again at the other end
    double dn[3];
    for (int k = 0; k < 3; k++) dn[k] = std::remainder(n[k] - row[6 + k], 2.0 * IMGMAX);
    row[0] += x[0] - row[3] + dn[0] * h[0] + dn[1] * h[5] + dn[2] * h[4];
    row[1] += x[1] - row[4] + dn[1] * h[1] + dn[2] * h[3];
    row[2] += x[2] - row[5] + dn[2] * h[2];
    std::copy_n(x, 3, row + 3);
    std::copy(n.begin(), n.end(), row + 6);
  }
}

/* ---------------------------------------------------------------------- */

void UnwrappedPositions::position(int i, double *r) const
{
  if (adding)
    std::copy_n(rows.row(i), 3, r);
  else
    image_position(i, r);
}

/* ---------------------------------------------------------------------- */

void UnwrappedPositions::image_position(int i, double *r) const
{
  lmp->domain->unmap(lmp->atom->x[i], lmp->atom->image[i], r);
}

}    // namespace DEEPION
