// SPDX-License-Identifier: MIT
//! Clusters: centers that share ligands.

use serde::{Deserialize, Serialize};

use super::bonds::Bond;

/// Clusters of more centers are of one kind.
const MOST_CENTERS: u32 = 4;

/// What kind of cluster it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kind {
    /// Centers; 5: more than 4.
    pub centers: u32,
    /// Ligands, each counted once; 0 where there are more than 4 centers.
    pub ligands: u32,
    /// Ligands that are bonded to two centers or more.
    pub shared: u32,
}

impl Kind {
    /// `PS4`, `P2S7_1` (two centers that share one of seven ligands), `larger`: an identifier.
    #[must_use]
    pub fn name(&self, names: &[String; 2]) -> String {
        if self.centers > MOST_CENTERS {
            return "larger".into();
        }
        let many = |name: &str, number: u32| match number {
            0 => String::new(),
            1 => name.to_owned(),
            _ => format!("{name}{number}"),
        };
        let formula = many(&names[0], self.centers) + &many(&names[1], self.ligands);
        if self.centers > 1 { format!("{formula}_{}", self.shared) } else { formula }
    }
}

/// A cluster of one frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cluster {
    /// The same for the same atoms, whatever their order.
    pub identity: u64,
    /// Its kind.
    pub kind: Kind,
    /// Number of centers, where the kind does not say it.
    pub size: u32,
}

/// Spreads bits of an ID (the finalizer of `SplitMix64`).
fn spread(id: i64) -> u64 {
    let mut x = (id as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The first center of a cluster, which is its own parent.
fn first(parent: &mut [usize], mut center: usize) -> usize {
    while parent[center] != center {
        parent[center] = parent[parent[center]];
        center = parent[center];
    }
    center
}

/// All clusters, by identity. `centers`: IDs, ascending; `bonds` in the order of their pairs.
#[must_use]
pub fn clusters(centers: &[i64], bonds: &[Bond]) -> Vec<Cluster> {
    // of each center one that it is connected with, to the first of the cluster, which is its own
    let mut parent: Vec<usize> = (0..centers.len()).collect();
    // ligands with the centers that each is bonded to
    let mut around: Vec<(i64, usize)> = Vec::with_capacity(bonds.len());
    let mut center = 0;
    for bond in bonds {
        while centers.get(center).is_some_and(|&id| id < bond.center) {
            center += 1;
        }
        if centers.get(center) == Some(&bond.center) {
            around.push((bond.ligand, center));
        }
    }
    around.sort_unstable();
    for two in around.windows(2).filter(|two| two[0].0 == two[1].0) {
        let (one, other) = (first(&mut parent, two[0].1), first(&mut parent, two[1].1));
        parent[one.max(other)] = one.min(other);
    }
    let empty = Cluster { identity: 0, kind: Kind { centers: 0, ligands: 0, shared: 0 }, size: 0 };
    let mut all = vec![empty; centers.len()];
    for (center, &id) in centers.iter().enumerate() {
        let cluster = &mut all[first(&mut parent, center)];
        cluster.kind.centers += 1;
        cluster.identity = cluster.identity.wrapping_add(spread(id));
    }
    for some in around.chunk_by(|a, b| a.0 == b.0) {
        let cluster = &mut all[first(&mut parent, some[0].1)];
        cluster.kind.ligands += 1;
        cluster.kind.shared += u32::from(some.len() > 1);
        cluster.identity = cluster.identity.wrapping_add(spread(some[0].0));
    }
    all.retain(|cluster| cluster.kind.centers > 0);
    for cluster in &mut all {
        cluster.size = cluster.kind.centers;
        if cluster.size > MOST_CENTERS {
            cluster.kind = Kind { centers: MOST_CENTERS + 1, ligands: 0, shared: 0 };
        }
    }
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(centers: i64, pairs: &[(i64, i64)]) -> Vec<String> {
        let mut bonds: Vec<Bond> = pairs.iter().map(|&(center, ligand)| (center, ligand, 0, 0, 1).into()).collect();
        bonds.sort_unstable_by_key(Bond::pair);
        let ids: Vec<i64> = (1..=centers).collect();
        let mut names: Vec<_> =
            clusters(&ids, &bonds).iter().map(|cluster| cluster.kind.name(&["P".into(), "S".into()])).collect();
        names.sort();
        names
    }

    #[test]
    fn by_hand() {
        let ps4 = [(1, 11), (1, 12), (1, 13), (1, 14)];
        assert_eq!(found(2, &ps4), ["P", "PS4"]);
        // two tetrahedra that share a corner, an edge, a face
        let second = |ligands: &[i64]| ligands.iter().map(|&ligand| (2, ligand)).collect::<Vec<_>>();
        assert_eq!(found(2, &[&ps4[..], &second(&[14, 15, 16, 17])].concat()), ["P2S7_1"]);
        assert_eq!(found(2, &[&ps4[..], &second(&[13, 14, 15, 16])].concat()), ["P2S6_2"]);
        assert_eq!(found(2, &[&ps4[..], &second(&[12, 13, 14, 15])].concat()), ["P2S5_3"]);
        // a chain of three, and one of six
        let chain = |n: i64| (1..=n).flat_map(|k| [(k, 10 * k), (k, 10 * k + 10), (k, 1000 + k)]).collect::<Vec<_>>();
        assert_eq!(found(3, &chain(3)), ["P3S7_2"]);
        assert_eq!(found(7, &chain(6)), ["P", "larger"]);
    }

    #[test]
    fn the_same_atoms_are_the_same_cluster() {
        let identity = |pairs: &[(i64, i64)]| {
            let bonds: Vec<Bond> = pairs.iter().map(|&(center, ligand)| (center, ligand, 0, 0, 1).into()).collect();
            clusters(&[1, 2], &bonds).iter().map(|cluster| cluster.identity).collect::<Vec<_>>()
        };
        assert_eq!(identity(&[(1, 5), (1, 6), (2, 6)]), identity(&[(1, 5), (1, 6), (2, 5)]));
        assert_ne!(identity(&[(1, 5), (1, 6), (2, 6)]), identity(&[(1, 5), (1, 7), (2, 7)]));
    }
}
