// SPDX-License-Identifier: MIT
//! The hops of one ion, from a row of numbers that it carries along: everything that is known of its past.

/// Numbers of a row behind the positions of the window.
pub const ROW_OF_STATE: usize = 13;

/// Places in the row behind the window. Rows begin as zeros, so times are stored plus 1.
const PEAK: usize = 0;
const PEAK_TIME: usize = 1;
const FROM: usize = 2;
const TO: usize = 5;
const LAST_TIME: usize = 8;
const LAST_FROM: usize = 9;
const COUNT: usize = 12;

/// An event that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// First sample in the new cage.
    pub sample: u64,
    /// Mean position before and after, A.
    pub from: [f64; 3],
    /// The same.
    pub to: [f64; 3],
    /// Samples since the hop before, and how far from where that one began this one ends, A; `None` for the first of an ion.
    pub before: Option<(u64, f64)>,
}

impl Hop {
    /// Distance between both cages, A.
    #[must_use]
    pub fn length(&self) -> f64 {
        distance(&self.from, &self.to)
    }
}

/// Finds hops.
#[derive(Clone, Copy, Debug)]
pub struct Detector {
    /// Samples in the window, even.
    pub window: usize,
    /// Distance between cages, A.
    pub cut: f64,
}

/// What a sample brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// Nothing that is over.
    None,
    /// Out of the cage and back.
    Excursion,
    /// Into another cage.
    Hop(Hop),
}

impl Detector {
    /// Takes the position of one ion at `sample` (from 0 on, one after the other); its row holds 3 `window` + [`ROW_OF_STATE`] numbers,
    /// zeros at first.
    pub fn take(&self, sample: u64, position: [f64; 3], row: &mut [f64]) -> Event {
        let (places, state) = row.split_at_mut(3 * self.window);
        let newest = (sample % self.window as u64) as usize;
        places[3 * newest..][..3].copy_from_slice(&position);
        if sample + 1 < self.window as u64 {
            return Event::None;
        }
        let (p, from, to) = self.halves(places, newest, &position);
        if p > self.cut * self.cut {
            // when it begins the earlier half is all in the old cage, when it ends the later one is all in the new
            if state[PEAK] == 0.0 {
                state[FROM..FROM + 3].copy_from_slice(&from);
            }
            state[TO..TO + 3].copy_from_slice(&to);
            if p > state[PEAK] {
                state[PEAK] = p;
                // the later half begins here
                state[PEAK_TIME] = (sample + 1 - self.window as u64 / 2) as f64;
            }
            return Event::None;
        }
        if state[PEAK] == 0.0 {
            return Event::None;
        }
        state[PEAK] = 0.0;
        self.finished(state)
    }

    fn finished(&self, state: &mut [f64]) -> Event {
        let triple = |at: usize| [state[at], state[at + 1], state[at + 2]];
        let (from, to, sample) = (triple(FROM), triple(TO), state[PEAK_TIME] as u64);
        if distance(&from, &to) <= self.cut {
            return Event::Excursion;
        }
        let last = state[LAST_TIME] as u64;
        let before = (last > 0).then(|| ((sample + 1).saturating_sub(last), distance(&to, &triple(LAST_FROM))));
        state[LAST_TIME] = (sample + 1) as f64;
        state[LAST_FROM..LAST_FROM + 3].copy_from_slice(&from);
        state[COUNT] += 1.0;
        Event::Hop(Hop { sample, from, to, before })
    }

    /// p and the mean positions of the earlier and the later half. In the order of time, wherever the window begins in the row.
    fn halves(&self, places: &[f64], newest: usize, position: &[f64; 3]) -> (f64, [f64; 3], [f64; 3]) {
        let half = self.window / 2;
        // positions against the newest one: nothing is lost by rounding far from the origin
        let (older, newer) = (&places[3 * (newest + 1)..], &places[..3 * (newest + 1)]);
        let mut ordered = older.chunks_exact(3).chain(newer.chunks_exact(3));
        let mut sums = || {
            let (mut sum, mut square) = ([0.0; 3], 0.0);
            for r in ordered.by_ref().take(half) {
                for axis in 0..3 {
                    let x = r[axis] - position[axis];
                    sum[axis] += x;
                    square += x * x;
                }
            }
            let mean = sum.map(|sum| sum / half as f64);
            let around: f64 = mean.iter().map(|mean| mean * mean).sum();
            (mean, (square / half as f64 - around).max(0.0))
        };
        let ((a, spread_a), (b, spread_b)) = (sums(), sums());
        let between: f64 = (0..3).map(|axis| (b[axis] - a[axis]).powi(2)).sum();
        let p = ((spread_a + between) * (spread_b + between)).sqrt();
        let moved = |mean: [f64; 3]| std::array::from_fn(|axis| mean[axis] + position[axis]);
        (p, moved(a), moved(b))
    }

    /// Where in a row the number of hops so far stands.
    #[must_use]
    pub fn count_place(&self) -> usize {
        3 * self.window + COUNT
    }
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is a failed test

    use super::*;

    fn events(path: &[[f64; 3]], window: usize, cut: f64) -> Vec<Event> {
        let detector = Detector { window, cut };
        let mut row = vec![0.0; 3 * window + ROW_OF_STATE];
        let found = path.iter().enumerate().map(|(k, &r)| detector.take(k as u64, r, &mut row));
        found.filter(|event| *event != Event::None).collect()
    }

    #[test]
    fn a_step_is_one_hop_at_its_time() {
        let path: Vec<[f64; 3]> = (0..60).map(|k| if k < 23 { [1.0, 5.0, 2.0] } else { [1.0, 8.0, 2.0] }).collect();
        let found = events(&path, 8, 1.5);
        assert_eq!(found, [Event::Hop(Hop { sample: 23, from: path[0], to: path[59], before: None })]);
    }

    #[test]
    fn there_and_back_are_two_hops_or_an_excursion() {
        let path = |stay: usize| -> Vec<[f64; 3]> {
            (0..90).map(|k| if (30..30 + stay).contains(&k) { [3.0, 0.0, 0.0] } else { [0.0; 3] }).collect()
        };
        let found = events(&path(20), 8, 1.5);
        let [Event::Hop(out), Event::Hop(back)] = found[..] else { panic!("{found:?}") };
        assert_eq!((out.sample, back.sample, out.before), (30, 50, None));
        assert_eq!(back.before, Some((20, 0.0)));
        assert!(events(&path(1), 8, 1.5).is_empty());
        assert_eq!(events(&path(4), 12, 1.2), [Event::Excursion]);
    }

    #[test]
    fn rattling_is_nothing() {
        let path: Vec<[f64; 3]> = (0..200).map(|k| [0, 1, 2].map(|a| (f64::from(k * 7 + a) * 1.7).sin())).collect();
        assert!(events(&path, 10, 2.0).is_empty());
    }
}
