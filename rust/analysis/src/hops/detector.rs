// SPDX-License-Identifier: MIT
//! The hops of ions, each from a row of numbers that it carries along: everything that is known of its past.

use crate::Result;
use crate::motion::Ions;

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

/// Ions whose windows are gone through at once.
const LANES: usize = 64;

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

/// Half a window of some ions: mean positions against where they are now, A, and mean square distances from there, `A^2`.
struct Half {
    mean: [[f64; LANES]; 3],
    spread: [f64; LANES],
}

/// What a sample brought.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// Out of the cage and back.
    Excursion,
    /// Into another cage.
    Hop(Hop),
}

impl Detector {
    /// Takes the positions of ions at `sample` (from 0 on, one after the other); their rows hold 3 `window` + [`ROW_OF_STATE`] numbers,
    /// zeros at first. Calls `over` for each event that is over.
    ///
    /// # Errors
    /// Those of `over`.
    pub(crate) fn take(
        &self,
        sample: u64,
        ions: &mut Ions<'_>,
        mut over: impl FnMut(Event) -> Result<()>,
    ) -> Result<()> {
        let newest = (sample % self.window as u64) as usize;
        ions.keep(newest);
        if sample + 1 < self.window as u64 {
            return Ok(());
        }
        for first in (0..ions.len()).step_by(LANES) {
            let lanes = LANES.min(ions.len() - first);
            let [a, b] = self.halves(ions, first, lanes, newest);
            for lane in 0..lanes {
                let between: f64 = (0..3).map(|axis| (b.mean[axis][lane] - a.mean[axis][lane]).powi(2)).sum();
                let p = ((a.spread[lane] + between) * (b.spread[lane] + between)).sqrt();
                let ion = first + lane;
                let peak = ions.number(ion, self.state(PEAK));
                if p <= self.cut * self.cut {
                    if peak != 0.0 {
                        *ions.number_mut(ion, self.state(PEAK)) = 0.0;
                        over(self.finished(ions, ion))?;
                    }
                    continue;
                }
                // when it begins the earlier half is all in the old cage, when it ends the later one is all in the new
                let now = ions.now(ion);
                for axis in 0..3 {
                    if peak == 0.0 {
                        *ions.number_mut(ion, self.state(FROM + axis)) = a.mean[axis][lane] + now[axis];
                    }
                    *ions.number_mut(ion, self.state(TO + axis)) = b.mean[axis][lane] + now[axis];
                }
                if p > peak {
                    *ions.number_mut(ion, self.state(PEAK)) = p;
                    // the later half begins here
                    *ions.number_mut(ion, self.state(PEAK_TIME)) = (sample + 1 - self.window as u64 / 2) as f64;
                }
            }
        }
        Ok(())
    }

    /// Where in a row a number of the state stands.
    fn state(&self, number: usize) -> usize {
        3 * self.window + number
    }

    fn finished(&self, ions: &mut Ions<'_>, ion: usize) -> Event {
        let triple = |at: usize| std::array::from_fn(|axis| ions.number(ion, self.state(at + axis)));
        let (from, to): ([f64; 3], [f64; 3]) = (triple(FROM), triple(TO));
        let sample = ions.number(ion, self.state(PEAK_TIME)) as u64;
        if distance(&from, &to) <= self.cut {
            return Event::Excursion;
        }
        let last = ions.number(ion, self.state(LAST_TIME)) as u64;
        let before = (last > 0).then(|| ((sample + 1).saturating_sub(last), distance(&to, &triple(LAST_FROM))));
        *ions.number_mut(ion, self.state(LAST_TIME)) = (sample + 1) as f64;
        for axis in 0..3 {
            *ions.number_mut(ion, self.state(LAST_FROM + axis)) = from[axis];
        }
        *ions.number_mut(ion, self.state(COUNT)) += 1.0;
        Event::Hop(Hop { sample, from, to, before })
    }

    /// The earlier and the later half of the window of some ions. In the order of time, wherever the window begins in the row.
    fn halves(&self, ions: &Ions<'_>, first: usize, lanes: usize, newest: usize) -> [Half; 2] {
        let half = self.window / 2;
        let mut halves = [(); 2].map(|()| Half { mean: [[0.0; LANES]; 3], spread: [0.0; LANES] });
        for (k, place) in (newest + 1..self.window).chain(0..=newest).enumerate() {
            let Half { mean, spread } = &mut halves[k / half];
            for lane in 0..lanes {
                // against the newest position: nothing is lost by rounding far from the origin
                let (now, past) = (ions.now(first + lane), ions.past(first + lane, place));
                for axis in 0..3 {
                    let x = past[axis] - now[axis];
                    mean[axis][lane] += x;
                    spread[lane] += x * x;
                }
            }
        }
        for Half { mean, spread } in &mut halves {
            for lane in 0..lanes {
                let mut around = 0.0;
                for axis in 0..3 {
                    mean[axis][lane] /= half as f64;
                    around += mean[axis][lane] * mean[axis][lane];
                }
                spread[lane] = (spread[lane] / half as f64 - around).max(0.0);
            }
        }
        halves
    }

    /// Where in a row the number of hops so far stands.
    #[must_use]
    pub fn count_place(&self) -> usize {
        self.state(COUNT)
    }
}

fn distance(a: &[f64; 3], b: &[f64; 3]) -> f64 {
    (0..3).map(|axis| (a[axis] - b[axis]).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a panic is a failed test

    use super::*;
    use crate::motion::Frame;
    use crate::shapes::vectors;

    /// Of the second of two ions; the first one stays where it is.
    fn events(path: &[[f64; 3]], window: usize, cut: f64) -> Vec<Event> {
        let detector = Detector { window, cut };
        let width = 3 * window + ROW_OF_STATE;
        let mut rows = vec![0.0; 2 * width];
        let mut found = Vec::new();
        for (k, &r) in path.iter().enumerate() {
            let positions = [[4.0, 4.0, 4.0], r].concat();
            let frame = Frame {
                located: &[],
                positions: vectors("positions", &positions).unwrap(),
                ids: &[1, 2],
                slots: &[0, 1],
                tile: 2,
                volume: 1.0,
                temperature: None,
                kinetic_temperature: None,
            };
            let mut ions = Ions::new(&frame, [0.5, 0.0, 0.0], &mut rows, width).unwrap();
            detector
                .take(k as u64, &mut ions, |event| {
                    found.push(event);
                    Ok(())
                })
                .unwrap();
        }
        found
    }

    #[test]
    fn a_step_is_one_hop_at_its_time() {
        let path: Vec<[f64; 3]> = (0..60).map(|k| if k < 23 { [1.0, 5.0, 2.0] } else { [1.0, 8.0, 2.0] }).collect();
        let found = events(&path, 8, 1.5);
        let against = |r: [f64; 3]| [r[0] - 0.5, r[1], r[2]]; // the center
        let (from, to) = (against(path[0]), against(path[59]));
        assert_eq!(found, [Event::Hop(Hop { sample: 23, from, to, before: None })]);
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
