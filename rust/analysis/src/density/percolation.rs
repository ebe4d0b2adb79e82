// SPDX-License-Identifier: MIT
//! From which number of visits on voxels form a path through the periodic cell.
//!
//! Voxels are added from the most to the least visited one, and joined with neighbors that share a face. A region leads through the cell
//! along an edge if it comes back to itself in another image of the cell along that edge: every voxel knows in which image it lies as seen
//! from the first voxel of its region, and a link between two voxels of one region whose images do not fit each other closes such a
//! path (Newman and Ziff, Phys. Rev. E 64, 016706 (2001), and for winding Machta et al., Phys. Rev. E 54, 1332 (1996)). A region that only
//! touches two opposite faces of the cell does not count.

use super::visits::Visits;

/// No voxel.
const NONE: u32 = u32::MAX;

/// Of regions of voxels with so many visits or more, the largest number with which one leads through the cell along each edge; `None`: no
/// region of visited voxels does.
pub type Percolation = [Option<u32>; 3];

/// In which image of the cell a voxel lies: small numbers, but where a path winds through the cell again and again.
trait Image: Copy + Default + TryFrom<i32> + Into<i32> {}

impl Image for i8 {}
impl Image for i32 {}

/// A number of images that the type does not hold.
struct TooFar;

/// Voxels joined so far.
struct Regions<I> {
    /// A voxel of the same region nearer to its first one, which is its own parent; `NONE`: not added yet.
    parent: Vec<u32>,
    /// In which image a voxel lies, as seen from its parent.
    image: Vec<[I; 3]>,
}

impl<I: Image> Regions<I> {
    /// The first voxel of the region, and the image as seen from there. Every voxel passed is hung up there.
    fn find(&mut self, voxel: u32) -> Result<(u32, [i32; 3]), TooFar> {
        let (mut first, mut image) = (voxel, [0; 3]);
        while self.parent[first as usize] != first {
            image = sum(image, self.image(first));
            first = self.parent[first as usize];
        }
        let (mut at, mut left) = (voxel, image);
        while self.parent[at as usize] != first {
            let (next, step) = (self.parent[at as usize], self.image(at));
            self.hang(at, first, left)?;
            left = difference(left, step);
            at = next;
        }
        Ok((first, image))
    }

    fn image(&self, voxel: u32) -> [i32; 3] {
        self.image[voxel as usize].map(Into::into)
    }

    /// Makes a voxel the child of another one, which sees it in this image.
    fn hang(&mut self, voxel: u32, parent: u32, image: [i32; 3]) -> Result<(), TooFar> {
        let held = &mut self.image[voxel as usize];
        for (held, image) in held.iter_mut().zip(image) {
            *held = image.try_into().map_err(|_| TooFar)?;
        }
        self.parent[voxel as usize] = parent;
        Ok(())
    }

    /// Joins two neighbors, the second of which lies in the image `across` as seen from the first. Returns how far a path that is closed
    /// by that leads from image to image.
    fn join(&mut self, one: u32, other: u32, across: [i32; 3]) -> Result<[i32; 3], TooFar> {
        let (first, image) = self.find(one)?;
        let (second, other_image) = self.find(other)?;
        // image of the other voxel, as seen from the first region
        let seen = sum(image, across);
        if first == second {
            return Ok(difference(seen, other_image));
        }
        self.hang(second, first, difference(seen, other_image))?;
        Ok([0; 3])
    }
}

fn sum(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn difference(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

/// `visits` of a grid with so many voxels along each edge, the last index running fastest.
///
/// ```
/// use deepion_analysis::density::percolation;
///
/// // a row of voxels along the first edge, closed by the least visited one of them
/// let visits = [5, 0, 3, 0, 9, 0].into_iter().collect();
/// assert_eq!(percolation(&visits, [3, 2, 1]), [Some(3), None, Some(9)]);
/// ```
#[must_use]
pub fn percolation(visits: &Visits, grid: [u64; 3]) -> Percolation {
    let voxels = || (0..visits.len() as u32).filter(|&voxel| visits.of(voxel as usize) > 0);
    let mut order = Vec::with_capacity(voxels().count());
    order.extend(voxels());
    order.sort_unstable_by_key(|&voxel| std::cmp::Reverse(visits.of(voxel as usize)));
    search::<i8>(visits, grid, &order).or_else(|_| search::<i32>(visits, grid, &order)).unwrap_or_default()
}

/// `order`: voxels from the most to the least visited one.
fn search<I: Image>(visits: &Visits, grid: [u64; 3], order: &[u32]) -> Result<Percolation, TooFar> {
    let mut regions = Regions { parent: vec![NONE; visits.len()], image: vec![[I::default(); 3]; visits.len()] };
    let stride = [grid[1] * grid[2], grid[2], 1];
    let mut found = [None; 3];
    for &voxel in order {
        regions.parent[voxel as usize] = voxel;
        for axis in 0..3 {
            let along = u64::from(voxel) / stride[axis] % grid[axis];
            for (step, edge) in [(1, grid[axis] - 1), (-1, 0)] {
                let mut across = [0; 3];
                let mut neighbor = i64::from(voxel) + step * stride[axis] as i64;
                if along == edge {
                    neighbor -= step * (grid[axis] * stride[axis]) as i64;
                    across[axis] = step as i32;
                }
                let neighbor = neighbor as u32;
                if regions.parent[neighbor as usize] == NONE {
                    continue;
                }
                let winding = regions.join(voxel, neighbor, across)?;
                for (found, way) in found.iter_mut().zip(winding) {
                    if way != 0 && found.is_none() {
                        *found = Some(visits.of(voxel as usize));
                    }
                }
            }
        }
        if found.iter().all(Option::is_some) {
            break;
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A spiral around c, one turn in two layers along b, that closes itself after 600 turns: more images than a byte holds.
    #[test]
    fn a_path_through_many_images_is_followed() {
        let (turns, around) = (600, 4);
        let grid = [2, 2 * turns as u64, around as u64];
        let mut visits = Visits::none(4 * turns * around);
        let mut at = 1;
        for turn in 0..turns {
            for step in 0..around - 1 {
                visits.add(&[(2 * turn * around + (at + step) % around) as u32]).unwrap();
            }
            at = (at + around - 2) % around;
            visits.add(&[((2 * turn + 1) * around + at) as u32]).unwrap();
        }
        assert_eq!(at, 1);
        assert_eq!(percolation(&visits, grid), [None, Some(1), Some(1)]);
        let order: Vec<u32> = (0..visits.len() as u32).filter(|&voxel| visits.of(voxel as usize) > 0).collect();
        assert!(search::<i8>(&visits, grid, &order).is_err());
    }
}
