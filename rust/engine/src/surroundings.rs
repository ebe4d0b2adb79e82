// SPDX-License-Identifier: MIT
//! The atoms of a frame with the periodic images around them, and who is near whom.

use deepion_potential::{Error, Result};

use crate::bins::Bins;
use crate::cell::{Cell, Vectors, dot, times};

/// Images of atoms beyond which a cell is refused as too small for its cutoff: gigabytes.
const MOST_ATOMS: f64 = 3e7;

/// Atoms, their images and their neighbors, which stay valid while atoms move less than a skin allows.
#[derive(Debug, Clone)]
pub struct Surroundings {
    cell: Cell,
    /// Cutoff and skin, A.
    cutoff: f64,
    skin: f64,
    /// Model type of each atom as given; negative: invisible.
    own_types: Vec<i32>,
    /// Positions that the list was made for, A.
    places: Vec<[f64; 3]>,
    /// Atom that an atom or image is one of, and how many cell vectors it is away from where that was given.
    pub owner: Vec<u32>,
    away: Vec<[i32; 3]>,
    /// Model type of each atom and image; atoms first.
    pub types: Vec<i32>,
    /// For messages: the number of the owner, from 0.
    pub tags: Vec<i64>,
    /// Visible atoms.
    pub centers: Vec<i32>,
    /// Types that occur.
    pub groups: Vec<i32>,
    /// As in [`deepion_potential::Configuration`].
    pub offsets: Vec<usize>,
    /// As in [`deepion_potential::Configuration`].
    pub neighbors: Vec<i32>,
}

impl Surroundings {
    /// Finds the images and neighbors within cutoff + skin (A) of atoms at `x` (n x 3, A).
    ///
    /// # Errors
    /// Positions that are not finite, or a cell much smaller than the cutoff.
    pub fn new(x: &[f64], types: &[i32], cell: Cell, cutoff: f64, skin: f64) -> Result<Self> {
        let places: Vec<[f64; 3]> = x.as_chunks::<3>().0.to_vec();
        if let Some(i) = places.iter().position(|p| !p.iter().all(|v| v.is_finite())) {
            let [x, y, z] = places[i];
            return Err(Error::NonFinite(format!("position of atom {i} (from 0) is not finite: {x} {y} {z}")));
        }
        let reach = cutoff + skin;
        let (owner, away) = images(&places, types, &cell, reach)?;
        let mut found = Self {
            cell,
            cutoff,
            skin,
            own_types: types.to_vec(),
            types: owner.iter().map(|&i| types[i as usize]).collect(),
            tags: owner.iter().map(|&i| i.into()).collect(),
            centers: (0..types.len() as i32).filter(|&i| types[i as usize] >= 0).collect(),
            groups: occurring(types),
            places,
            owner,
            away,
            offsets: vec![0],
            neighbors: Vec::new(),
        };
        found.list(reach);
        Ok(found)
    }

    /// Whether no pair within the cutoff can be missing for atoms at `x`.
    ///
    /// The positions are those of the list, strained with the cell by F, plus displacements u. A pair that is not listed was
    /// farther than cutoff + skin, so it is now farther than (cutoff + skin) / |1/F| - 2 max |u|.
    #[must_use]
    pub fn serve(&self, x: &[f64], types: &[i32], cell: &Cell) -> bool {
        if self.own_types != types || self.cell.periodic != cell.periodic || self.skin <= 0.0 {
            return false;
        }
        let (strain, shrinks) = strain(&self.cell, cell);
        let room = 0.5 * ((self.cutoff + self.skin) * shrinks - self.cutoff);
        let moved = |(p, x): (&[f64; 3], &[f64; 3])| {
            let p = times(*p, &strain);
            let u = [x[0] - p[0], x[1] - p[1], x[2] - p[2]];
            dot(u, u) <= room * room // not so for NaN
        };
        room > 0.0 && self.places.iter().zip(x.as_chunks::<3>().0).all(moved)
    }

    /// The positions of atoms and images (A) where the atoms are at `x` in a `cell` that the list serves.
    pub fn positions(&self, x: &[f64], cell: &Cell, to: &mut Vec<f64>) {
        to.clear();
        to.reserve(3 * self.owner.len());
        for (&i, &away) in self.owner.iter().zip(&self.away) {
            let (i, shift) = (i as usize, cell.place(away));
            to.extend([0, 1, 2].map(|d| x[3 * i + d] + shift[d]));
        }
    }

    /// Number of atoms.
    #[must_use]
    pub fn atoms(&self) -> usize {
        self.own_types.len()
    }

    fn list(&mut self, reach: f64) {
        let everywhere: Vec<f64> = {
            let x: Vec<f64> = self.places.iter().flatten().copied().collect();
            let mut to = Vec::new();
            self.positions(&x, &self.cell, &mut to);
            to
        };
        let everywhere = everywhere.as_chunks::<3>().0;
        let bins = Bins::new(everywhere, reach);
        let groups = self.groups.len();
        let group_of = |j: u32| self.groups.iter().position(|&g| g == self.types[j as usize]);
        let group_of: Vec<u32> =
            (0..self.types.len() as u32).map(|j| group_of(j).map_or(u32::MAX, |g| g as u32)).collect();
        let mut near = Vec::new();
        let mut next = vec![0; groups];
        for &center in &self.centers {
            bins.near(everywhere[center as usize], reach, &mut near);
            near.retain(|&j| j != center as u32 && self.types[j as usize] >= 0);
            next.fill(0);
            for &j in &near {
                next[group_of[j as usize] as usize] += 1;
            }
            let mut end = self.neighbors.len();
            for count in &mut next {
                let begin = end;
                end += *count;
                *count = begin;
                self.offsets.push(end);
            }
            self.neighbors.resize(end, 0);
            for &j in &near {
                let place = &mut next[group_of[j as usize] as usize];
                self.neighbors[*place] = j as i32;
                *place += 1;
            }
        }
    }
}

/// The types of visible atoms, ascending.
fn occurring(types: &[i32]) -> Vec<i32> {
    let mut groups: Vec<i32> = types.iter().copied().filter(|&t| t >= 0).collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// F, which takes positions in cell `a` to those at the same fractions in cell `b`, and a bound: no vector becomes shorter than
/// that many times what it was.
fn strain(a: &Cell, b: &Cell) -> (Vectors, f64) {
    let through = |from: &Cell, to: &Cell| [0, 1, 2].map(|row| times(from.inverse[row], &to.vectors));
    let back = through(b, a);
    let difference = (0..9).map(|k| (back[k / 3][k % 3] - f64::from(u8::from(k / 3 == k % 3))).powi(2)).sum::<f64>();
    (through(a, b), 1.0 / (1.0 + difference.sqrt()))
}

/// Owner of every atom and of every image within `reach` of an atom, atoms first, and how many cell vectors each is away from where
/// its owner was given: atoms are taken into the cell along periodic directions. Images of invisible atoms are of no use.
fn images(places: &[[f64; 3]], types: &[i32], cell: &Cell, reach: f64) -> Result<(Vec<u32>, Vec<[i32; 3]>)> {
    let mut owner: Vec<u32> = (0..places.len() as u32).collect();
    let mut away = Vec::with_capacity(places.len());
    let mut fractions = Vec::with_capacity(places.len());
    for (i, &p) in places.iter().enumerate() {
        let given = cell.fractions(p);
        let wrap = [0, 1, 2].map(|d| if cell.periodic[d] { given[d].floor() } else { 0.0 });
        if wrap.iter().any(|w| w.abs() > f64::from(i32::MAX / 2)) {
            return Err(Error::Input(format!("atom {i} (from 0) is more than 1e9 cells away, at {p:?} A")));
        }
        away.push(wrap.map(|w| -w as i32));
        fractions.push([0, 1, 2].map(|d| given[d] - wrap[d]));
    }
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for f in &fractions {
        for d in 0..3 {
            low[d] = low[d].min(f[d]);
            high[d] = high[d].max(f[d]);
        }
    }
    let heights = cell.heights();
    let margin = [0, 1, 2].map(|d| reach / heights[d]);
    let (low, high) = ([0, 1, 2].map(|d| low[d] - margin[d]), [0, 1, 2].map(|d| high[d] + margin[d]));
    let most = [0, 1, 2].map(|d| if cell.periodic[d] && !places.is_empty() { high[d] - low[d] } else { 1.0 });
    if most.iter().product::<f64>() * places.len() as f64 > MOST_ATOMS {
        return Err(Error::Input(format!(
            "the cell is too small for the cutoff of {reach:.2} A: its faces are {:.2e} {:.2e} {:.2e} A apart",
            heights[0], heights[1], heights[2]
        )));
    }
    let shifts = |d: usize| if cell.periodic[d] { low[d].floor() as i32..=high[d].ceil() as i32 } else { 0..=0 };
    for sx in shifts(0) {
        for sy in shifts(1) {
            for sz in shifts(2).filter(|&sz| [sx, sy, sz] != [0; 3]) {
                let shift = [sx, sy, sz];
                let near = |f: &[f64; 3]| {
                    (0..3).all(|d| {
                        let moved = f[d] + f64::from(shift[d]);
                        !cell.periodic[d] || (low[d]..=high[d]).contains(&moved)
                    })
                };
                for i in (0..places.len()).filter(|&i| types[i] >= 0 && near(&fractions[i])) {
                    owner.push(i as u32);
                    away.push([0, 1, 2].map(|d| away[i][d] + shift[d]));
                }
            }
        }
    }
    Ok((owner, away))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers between 0 and 1 that look random.
    fn random(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        }
    }

    /// Vectors to all neighbors of each atom with the neighbor's number, sorted: from the list, within `cutoff`.
    fn listed(near: &Surroundings, x: &[f64], cell: &Cell, cutoff: f64) -> Vec<Vec<(u32, [f64; 3])>> {
        let mut all = Vec::new();
        near.positions(x, cell, &mut all);
        let at = |i: usize| [all[3 * i], all[3 * i + 1], all[3 * i + 2]];
        let groups = near.groups.len();
        let mut found = vec![Vec::new(); near.atoms()];
        for (k, &i) in near.centers.iter().enumerate() {
            for (g, &group) in near.groups.iter().enumerate() {
                for &j in &near.neighbors[near.offsets[k * groups + g]..near.offsets[k * groups + g + 1]] {
                    assert_eq!(near.types[j as usize], group);
                    let d = [0, 1, 2].map(|c| at(j as usize)[c] - at(i as usize)[c]);
                    if dot(d, d) < cutoff * cutoff {
                        found[i as usize].push((near.owner[j as usize], d));
                    }
                }
            }
        }
        sorted(found)
    }

    fn sorted(mut found: Vec<Vec<(u32, [f64; 3])>>) -> Vec<Vec<(u32, [f64; 3])>> {
        for of in &mut found {
            of.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.partial_cmp(&b.1).unwrap()));
        }
        found
    }

    /// The same by going through all images of all atoms.
    fn naive(x: &[f64], types: &[i32], cell: &Cell, cutoff: f64, images: i32) -> Vec<Vec<(u32, [f64; 3])>> {
        let n = types.len();
        let range = |d: usize| if cell.periodic[d] { -images..=images } else { 0..=0 };
        let mut found = vec![Vec::new(); n];
        for i in (0..n).filter(|&i| types[i] >= 0) {
            for j in (0..n).filter(|&j| types[j] >= 0) {
                for sx in range(0) {
                    for sy in range(1) {
                        for sz in range(2) {
                            let shift = cell.place([sx, sy, sz]);
                            let d = [0, 1, 2].map(|c| x[3 * j + c] + shift[c] - x[3 * i + c]);
                            if dot(d, d) < cutoff * cutoff && ([sx, sy, sz] != [0; 3] || i != j) {
                                found[i].push((j as u32, d));
                            }
                        }
                    }
                }
            }
        }
        sorted(found)
    }

    fn agree(found: &[Vec<(u32, [f64; 3])>], expected: &[Vec<(u32, [f64; 3])>]) {
        assert!(expected.iter().map(Vec::len).sum::<usize>() > 20);
        for (found, expected) in found.iter().zip(expected) {
            let count = |all: &[(u32, [f64; 3])]| all.iter().map(|(j, _)| *j).collect::<Vec<_>>();
            assert_eq!(count(found), count(expected));
            let sum = |all: &[(u32, [f64; 3])]| all.iter().map(|(j, d)| f64::from(j + 1) * dot(*d, *d)).sum::<f64>();
            assert!((sum(found) / sum(expected).max(1e-300) - 1.0).abs() < 1e-9 || expected.is_empty());
        }
    }

    const CELLS: [Vectors; 3] = [
        [[9.0, 0.0, 0.0], [0.0, 8.0, 0.0], [0.0, 0.0, 10.0]],
        [[2.5, 0.0, 0.0], [1.2, 2.2, 0.0], [-0.9, 0.7, 2.0]], // smaller than the cutoff
        [[7.0, 1.0, -0.5], [-3.0, 6.0, 1.0], [2.0, 2.0, 8.0]],
    ];

    #[test]
    fn neighbors_are_those_of_plain_loops_over_images() {
        let mut random = random(5);
        for (vectors, n) in CELLS.into_iter().zip([60, 4, 40]) {
            for periodic in [[true; 3], [true, false, true], [false, false, true], [false; 3]] {
                let cell = Cell::new(vectors, periodic).unwrap();
                // Also outside the cell, and one atom that is invisible.
                let x: Vec<f64> = (0..3 * n).map(|_| 18.0 * random() - 6.0).collect();
                let types: Vec<i32> = (0..n).map(|i| i % 4 - i32::from(n > 4)).collect();
                let near = Surroundings::new(&x, &types, cell.clone(), 3.7, 0.4).unwrap();
                let expected = naive(&x, &types, &cell, 3.7, 12);
                if expected.iter().map(Vec::len).sum::<usize>() > 20 {
                    agree(&listed(&near, &x, &cell, 3.7), &expected);
                }
            }
        }
    }

    #[test]
    fn a_list_serves_until_a_pair_could_be_missing() {
        let mut random = random(11);
        let cell = Cell::new(CELLS[2], [true; 3]).unwrap();
        let (n, cutoff, skin) = (40, 3.7, 0.8);
        let x: Vec<f64> = (0..3 * n).map(|_| 9.0 * random()).collect();
        let types = vec![0; n];
        let near = Surroundings::new(&x, &types, cell.clone(), cutoff, skin).unwrap();
        let mut served = 0;
        for step in 0..40 {
            let size = 0.02 * f64::from(step);
            let stretch = 1.0 + 0.002 * f64::from(step % 5);
            let vectors = CELLS[2].map(|v| [v[0] * stretch, v[1] / stretch, v[2] + 0.001 * f64::from(step % 3)]);
            let moved_cell = Cell::new(vectors, [true; 3]).unwrap();
            let y: Vec<f64> = x
                .as_chunks::<3>()
                .0
                .iter()
                .flat_map(|p| {
                    let p = times(cell.fractions(*p), &vectors);
                    [0, 1, 2].map(|d| p[d] + size * (random() - 0.5))
                })
                .collect();
            if near.serve(&y, &types, &moved_cell) {
                served += 1;
                agree(&listed(&near, &y, &moved_cell, cutoff), &naive(&y, &types, &moved_cell, cutoff, 3));
            }
        }
        assert!((5..40).contains(&served), "{served}");
        let mut far = x.clone();
        far[7] += 0.41;
        assert!(!near.serve(&far, &types, &cell));
        far[7] = f64::NAN;
        assert!(!near.serve(&far, &types, &cell));
        assert!(near.serve(&x, &types, &cell));
        assert!(!near.serve(&x, &types[1..], &cell));
        assert!(!near.serve(&x, &types, &Cell::new(CELLS[2], [true, true, false]).unwrap()));
    }

    #[test]
    fn atoms_far_apart_take_no_memory() {
        let x = [0.0, 0.0, 0.0, 1e8, 1e8, -1e8, 1e8, 1e8, 1.0 - 1e8];
        let near = Surroundings::new(&x, &[0, 0, 0], Cell::new([[0.0; 3]; 3], [false; 3]).unwrap(), 3.0, 0.0).unwrap();
        assert_eq!((near.neighbors, near.offsets), (vec![2, 1], vec![0, 0, 1, 2]));
    }

    #[test]
    fn what_cannot_be_listed_is_an_error() {
        let open = Cell::new([[0.0; 3]; 3], [false; 3]).unwrap();
        let text = Surroundings::new(&[0.0, f64::NAN, 0.0], &[0], open, 3.0, 0.0).unwrap_err().to_string();
        assert_eq!(text, "position of atom 0 (from 0) is not finite: 0 NaN 0");
        let tiny = Cell::new([[1e-3, 0.0, 0.0], [0.0, 1e-3, 0.0], [0.0, 0.0, 1e-3]], [true; 3]).unwrap();
        let text = Surroundings::new(&[0.0; 3], &[0], tiny, 3.0, 0.0).unwrap_err().to_string();
        assert!(text.starts_with("the cell is too small for the cutoff of 3.00 A"), "{text}");
        let cell = Cell::new(CELLS[0], [true; 3]).unwrap();
        let text = Surroundings::new(&[1e30, 0.0, 0.0], &[0], cell, 3.0, 0.0).unwrap_err().to_string();
        assert!(text.contains("cells away"), "{text}");
    }
}
