// SPDX-License-Identifier: MIT
//! Times between hops in shells that widen with time: ten to a decade, whole numbers of samples.

/// Decades that are told apart.
const DECADES: u32 = 9;

/// Shortest residence time of each shell in samples, ascending; the last one has no end.
#[must_use]
pub fn edges() -> Vec<u64> {
    let mut edges: Vec<u64> = (0..=10 * DECADES).map(|k| 10f64.powf(f64::from(k) / 10.0).round() as u64).collect();
    edges.dedup();
    edges
}

/// Shell of a time of one sample or more.
#[must_use]
pub fn shell(edges: &[u64], samples: u64) -> usize {
    edges.partition_point(|&edge| edge <= samples).saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_time_is_in_its_shell() {
        let edges = edges();
        assert_eq!(edges[..8], [1, 2, 3, 4, 5, 6, 8, 10]);
        assert_eq!(edges.last(), Some(&1_000_000_000));
        for (samples, first) in
            [(1, 1), (2, 2), (7, 6), (8, 8), (9, 8), (10, 10), (12, 10), (13, 13), (u64::MAX, 1_000_000_000)]
        {
            assert_eq!(edges[shell(&edges, samples)], first, "{samples}");
        }
    }
}
