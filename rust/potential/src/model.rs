// SPDX-License-Identifier: MIT
//! A contract with what follows from it once: how each type pair counts, and the constant that empty slots contribute.

use ndarray::Array2;

use crate::contract::{Contract, Part};
use crate::contraction::Contraction;
use crate::environment::{Radial, radial};
use crate::error::{Error, Result};
use crate::gate::{Fade, Gate};
use crate::listing::{Listing, PairKind};
use crate::networks::{Networks, Pair};
use crate::pair_energy::PairEnergy;
use crate::shapes::matrix_mut;

/// A model's constants.
#[derive(Debug, Clone)]
pub struct Model {
    /// The contract.
    pub contract: Contract,
    /// Its descriptors.
    pub parts: Vec<Descriptor>,
    /// Its table of pair energies; none as well before [`Model::set_pair_table`].
    pub pair_energy: Option<PairEnergy>,
    /// Which of the types occur: nothing is prepared for the others.
    pub in_use: Vec<bool>,
}

/// The constants of one descriptor. Type pairs are indexed `center * ntypes + neighbor`.
#[derive(Debug, Clone)]
pub struct Descriptor {
    /// Its part of the contract.
    pub part: Part,
    /// Its kind.
    pub contraction: Contraction,
    /// Its neighbors.
    pub listing: Listing,
    /// Where its values begin in the fitting net's input.
    pub first: usize,
    /// 1 / (sum of `sel`).
    pub inv_slots: f64,
    /// Row times G of an empty slot, per type pair: M values, or none for zeros.
    padding: Vec<Vec<f64>>,
    /// What a masked neighbor takes off, per type pair: M values, or none for zeros and where none is masked.
    masked: Vec<Vec<f64>>,
    /// Sum over all slots of the padding, per center type: M values.
    constant: Vec<Vec<f64>>,
    /// Per type pair.
    gates: Vec<Option<Gate>>,
}

impl Model {
    /// Prepares a model for all its types.
    ///
    /// # Errors
    /// As [`Model::for_types`].
    pub fn new(contract: Contract, networks: &mut dyn Networks) -> Result<Self> {
        let all = vec![true; contract.ntypes()];
        Self::for_types(contract, all, networks)
    }

    /// Prepares a model for the types in use; `networks` evaluates the embedding nets at the value of an empty slot. In float64: most
    /// slots of most atoms are empty, so a rounding error here would shift every energy the same way (1.5e-7 eV/atom for lipsti).
    ///
    /// # Errors
    /// Whatever the networks report.
    pub fn for_types(contract: Contract, in_use: Vec<bool>, networks: &mut dyn Networks) -> Result<Self> {
        let mut parts: Vec<Descriptor> = Vec::with_capacity(contract.parts.len());
        let mut first = 0;
        for number in 0..contract.parts.len() {
            let part = Descriptor::new(&contract, number, first, &in_use, networks)?;
            first += part.part.len();
            parts.push(part);
        }
        Ok(Self { contract, parts, pair_energy: None, in_use })
    }

    /// Takes in the coefficients of the table of pair energies, [pairs x intervals, 4].
    ///
    /// # Errors
    /// The model has no such table, or one of another shape.
    pub fn set_pair_table(&mut self, coefficients: &Array2<f64>) -> Result<()> {
        let Some(table) = &self.contract.pair_table else {
            return Err(Error::Model("the model has no table of pair energies".into()));
        };
        self.pair_energy = Some(PairEnergy::new(&self.contract, table, &self.in_use, coefficients)?);
        Ok(())
    }

    /// The neighbors of all descriptors and of the table of pair energies.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.parts.iter().map(|p| &p.listing).chain(self.pair_energy.iter().map(|p| &p.listing))
    }
}

impl Descriptor {
    fn new(
        contract: &Contract,
        number: usize,
        first: usize,
        in_use: &[bool],
        networks: &mut dyn Networks,
    ) -> Result<Self> {
        let (part, n) = (contract.parts[number].clone(), contract.ntypes());
        let mut this = Self {
            contraction: Contraction::of(&part),
            listing: Listing::of_part(contract, number, in_use),
            first,
            inv_slots: 1.0 / part.slots() as f64,
            padding: vec![Vec::new(); n * n],
            masked: vec![Vec::new(); n * n],
            constant: vec![vec![0.0; part.width()]; n],
            gates: vec![None; n * n],
            part,
        };
        for (i, j) in (0..n).flat_map(|i| (0..n).map(move |j| (i, j))).filter(|&(i, _)| in_use[i]) {
            if this.part.embedding_of(i, j).is_none() {
                continue;
            }
            // Slots of types that do not occur are empty. With mixed types all are alike: one neighbor type stands for them.
            let counts = if this.part.mixed_types { usize::from(i == j) } else { 1 };
            if in_use[j] || counts > 0 {
                this.prepare(Pair { part: number, center: i, neighbor: j }, counts, networks)?;
            }
        }
        Ok(this)
    }

    /// Gate and padding of a pair of types; its slots count `counts` times in the constant.
    fn prepare(&mut self, pair: Pair, counts: usize, networks: &mut dyn Networks) -> Result<()> {
        let at = pair.center * self.ntypes() + pair.neighbor;
        if let Some(gate) = &self.part.gate {
            let factor = networks.gate(pair)?;
            if factor.len() != self.part.width() {
                let (found, expected) = (factor.len(), self.part.width());
                return Err(Error::Model(format!("gate {} gives {found} values, expected {expected}", gate.function)));
            }
            self.gates[at] = Some(Gate { factor, fade: Fade::of(&self.part, gate) });
        }
        let empty = self.normalized(pair.center, 0.0);
        let row = self.contraction.empty_row(empty);
        if row == 0.0 {
            return Ok(());
        }
        let padding = self.empty_slot(pair, empty, row, networks)?;
        for (c, p) in self.constant[pair.center].iter_mut().zip(&padding) {
            *c += (counts * self.part.sel_of(pair.neighbor)) as f64 * p;
        }
        if self.kind(pair.center, pair.neighbor) == PairKind::Masked {
            let (row, s) = self.contraction.masked_row();
            self.masked[at] = if row == 0.0 {
                padding.clone()
            } else {
                let masked = self.empty_slot(pair, s, row, networks)?;
                padding.iter().zip(masked).map(|(p, m)| p - m).collect()
            };
        }
        self.padding[at] = padding;
        Ok(())
    }

    fn empty_slot(&self, pair: Pair, s: f64, row: f64, networks: &mut dyn Networks) -> Result<Vec<f64>> {
        let m = self.part.width();
        let (mut g, mut dg) = (vec![0.0; m], vec![0.0; m]);
        networks.embed(pair, &[s], matrix_mut("g", &mut g, [1, m])?, matrix_mut("dg", &mut dg, [1, m])?)?;
        if let Some(gate) = self.gate(pair.center, pair.neighbor) {
            gate.apply_to_empty_slot(&mut g);
        }
        for g in &mut g {
            *g *= row;
        }
        Ok(g)
    }

    /// How `neighbor` counts for `center`.
    #[must_use]
    pub fn kind(&self, center: usize, neighbor: usize) -> PairKind {
        self.listing.kind(center, neighbor)
    }

    /// Row times G of an empty slot of this type pair: M values, or none for zeros.
    #[must_use]
    pub fn padding(&self, center: usize, neighbor: usize) -> &[f64] {
        &self.padding[center * self.ntypes() + neighbor]
    }

    /// What a masked neighbor of this type pair takes off what empty slots give: M values, or none for zeros.
    #[must_use]
    pub fn masked(&self, center: usize, neighbor: usize) -> &[f64] {
        &self.masked[center * self.ntypes() + neighbor]
    }

    /// What the descriptor of an atom without neighbors is made of, M values.
    #[must_use]
    pub fn constant(&self, center: usize) -> &[f64] {
        &self.constant[center]
    }

    /// What makes the embedding of the net's result, where it is not that itself.
    #[must_use]
    pub fn gate(&self, center: usize, neighbor: usize) -> Option<&Gate> {
        self.gates[center * self.ntypes() + neighbor].as_ref()
    }

    /// A pair of types here.
    #[must_use]
    pub fn pair(&self, center: usize, neighbor: usize) -> Pair {
        Pair { part: self.listing.number, center, neighbor }
    }

    /// Number of types.
    #[must_use]
    pub fn ntypes(&self) -> usize {
        self.listing.ntypes
    }

    /// The radial functions at distance r (A).
    #[must_use]
    pub fn radial(&self, r: f64) -> Radial {
        radial(r, self.part.rcut_smth, self.part.rcut, self.part.env_protection)
    }

    /// What the embedding net takes for a(r), 1/A.
    #[must_use]
    pub fn normalized(&self, center: usize, a: f64) -> f64 {
        (a - self.part.davg[center]) / self.part.dstd[center][0]
    }
}
