// SPDX-License-Identifier: MIT
//! Atoms sorted into bins, to find those near a place in a time that does not grow with their number.

/// Edge of a bin in units of the distance that is asked for.
const EDGE: f64 = 0.5;

/// Atoms sorted by bin, x fastest: those of a row of bins lie one after the other.
pub struct Bins {
    low: [f64; 3],
    /// 1/A.
    per_length: [f64; 3],
    count: [usize; 3],
    /// First atom of each bin, and the end.
    start: Vec<u32>,
    /// Index of each atom, in the order of the bins.
    atoms: Vec<u32>,
    /// Their coordinates, A.
    x: [Vec<f64>; 3],
}

impl Bins {
    /// Sorts atoms (coordinates one after the other, A) into bins that suit a search within `reach` (A).
    pub fn new(x: &[[f64; 3]], reach: f64) -> Self {
        let mut low = [f64::INFINITY; 3];
        let mut high = [f64::NEG_INFINITY; 3];
        for p in x {
            for d in 0..3 {
                low[d] = low[d].min(p[d]);
                high[d] = high[d].max(p[d]);
            }
        }
        let most = 2 * x.len() + 64;
        let mut count = [0, 1, 2].map(|d| ((high[d] - low[d]) / (EDGE * reach)).clamp(1.0, most as f64) as usize);
        // Few atoms far apart: more bins than atoms would only cost memory.
        while count.iter().map(|&n| n as f64).product::<f64>() > most as f64 {
            let widest = (0..3).max_by_key(|&d| count[d]).unwrap_or(0);
            count[widest] = count[widest].div_ceil(2);
        }
        let per_length = [0, 1, 2].map(|d| if high[d] > low[d] { count[d] as f64 / (high[d] - low[d]) } else { 0.0 });
        let mut bins = Self { low, per_length, count, start: Vec::new(), atoms: Vec::new(), x: Default::default() };
        let numbers: Vec<u32> = x.iter().map(|&p| bins.number(p)).collect();
        bins.start = vec![0; count.iter().product::<usize>() + 1];
        for &number in &numbers {
            bins.start[number as usize + 1] += 1;
        }
        for k in 1..bins.start.len() {
            bins.start[k] += bins.start[k - 1];
        }
        let mut next = bins.start.clone();
        bins.atoms = vec![0; x.len()];
        for (i, &number) in numbers.iter().enumerate() {
            bins.atoms[next[number as usize] as usize] = i as u32;
            next[number as usize] += 1;
        }
        for d in 0..3 {
            bins.x[d] = bins.atoms.iter().map(|&i| x[i as usize][d]).collect();
        }
        bins
    }

    /// Replaces `found` with the atoms within `reach` (A) of `p`, itself included where it is one, in an order that depends on the
    /// atoms alone.
    pub fn near(&self, p: [f64; 3], reach: f64, found: &mut Vec<u32>) {
        found.clear();
        let range = |d: usize| self.bin(p[d] - reach, d)..=self.bin(p[d] + reach, d);
        let limit = reach * reach;
        let [nx, ny, _] = self.count;
        let (first, last) = range(0).into_inner();
        for bz in range(2) {
            for by in range(1) {
                let row = (bz * ny + by) * nx;
                let (begin, end) = (self.start[row + first] as usize, self.start[row + last + 1] as usize);
                let mut place = found.len();
                found.resize(place + end - begin, 0);
                let [x, y, z] = [&self.x[0][begin..end], &self.x[1][begin..end], &self.x[2][begin..end]];
                for (k, &i) in self.atoms[begin..end].iter().enumerate() {
                    let d = [x[k] - p[0], y[k] - p[1], z[k] - p[2]];
                    // Written in any case, and overwritten by the next one where it is too far: no branch to mispredict.
                    found[place] = i;
                    place += usize::from(d[0] * d[0] + d[1] * d[1] + d[2] * d[2] < limit);
                }
                found.truncate(place);
            }
        }
    }

    fn bin(&self, x: f64, d: usize) -> usize {
        (((x - self.low[d]) * self.per_length[d]) as usize).min(self.count[d] - 1) // below 0 becomes 0
    }

    fn number(&self, p: [f64; 3]) -> u32 {
        let [nx, ny, _] = self.count;
        ((self.bin(p[2], 2) * ny + self.bin(p[1], 1)) * nx + self.bin(p[0], 0)) as u32
    }
}
