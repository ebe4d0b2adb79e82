// SPDX-License-Identifier: MIT
//! An independent, slow Deep Potential: every slot of every atom in plain loops, padding included, with toy networks.
#![allow(dead_code, clippy::unwrap_used, clippy::unused_self)] // each test file uses its own part; a panic is a failed test

use deepion_potential::{
    Activations, CUBIC, Configuration, Contract, DescriptorLayout, Embedding, Engine, Fitting, Gate, Model,
    NearestSwitch, NeighborsOf, Networks, Pair, PairTable, Part, Real, Result, Results, Source, Totals, TypedNetworks,
    Units, matrix, matrix_mut,
};
use ndarray::{Array2, ArrayView1, ArrayView2, ArrayViewMut2};

/// Smooth networks with known derivatives; different for every type pair.
#[derive(Clone)]
pub struct Toy {
    pub widths: Vec<usize>,
    pub len: usize,
    pub numb_param: usize,
    pub one_side: bool,
}

impl Toy {
    pub fn of(contract: &Contract) -> Self {
        let numb_param = contract.numb_fparam + contract.numb_aparam;
        let widths = contract.parts.iter().map(Part::width).collect();
        Self { widths, len: contract.descriptor_len(), numb_param, one_side: contract.parts[0].type_one_side }
    }

    /// `N_m(s)` and its derivative.
    pub fn embedding(&self, pair: Pair, m: usize, s: f64) -> (f64, f64) {
        let (part, i, j) = (pair.part, if self.one_side { 0 } else { pair.center }, pair.neighbor);
        let (w, b) = (
            0.3 + 0.17 * m as f64 + 0.05 * j as f64 + 0.07 * part as f64,
            0.2 * i as f64 - 0.1 * m as f64 + 0.3 * j as f64,
        );
        let y = (w * s + b).tanh();
        (y, w * (1.0 - y * y))
    }

    /// The factor t of a gate.
    pub fn factor(&self, pair: Pair, m: usize) -> f64 {
        (0.9 * m as f64 + 0.4 * pair.center as f64 + 1.3 * pair.neighbor as f64).sin()
    }

    /// Energy and dE/dD of one descriptor.
    pub fn fitting(&self, i: usize, d: &[f64], param: &[f64]) -> (f64, Vec<f64>) {
        let weight = |k: usize| (0.7 * k as f64 + i as f64).sin();
        let shift: f64 = param.iter().enumerate().map(|(k, p)| p * (k as f64 + 1.0)).sum();
        let z: f64 = d.iter().enumerate().map(|(k, d)| 40.0 * weight(k) * d).sum::<f64>() + shift;
        let y = z.tanh();
        (y + 0.1 * z, (0..d.len()).map(|k| 40.0 * weight(k) * (1.0 - y * y + 0.1)).collect())
    }
}

impl Networks for Toy {
    fn embed(&mut self, pair: Pair, s: &[f64], mut g: ArrayViewMut2<f64>, mut dg: ArrayViewMut2<f64>) -> Result<()> {
        assert_eq!(g.dim(), (s.len(), self.widths[pair.part]));
        for (n, s) in s.iter().enumerate() {
            for m in 0..self.widths[pair.part] {
                (g[[n, m]], dg[[n, m]]) = self.embedding(pair, m, *s);
            }
        }
        Ok(())
    }

    fn gate(&mut self, pair: Pair) -> Result<Vec<f64>> {
        Ok((0..self.widths[pair.part]).map(|m| self.factor(pair, m)).collect())
    }

    fn fit(
        &mut self,
        i: usize,
        d: ArrayView2<f64>,
        param: ArrayView2<f64>,
        energy: &mut [f64],
        mut gradient: ArrayViewMut2<f64>,
    ) -> Result<()> {
        assert_eq!((d.dim(), param.dim()), ((energy.len(), self.len), (energy.len(), self.numb_param)));
        for n in 0..energy.len() {
            let (e, g) = self.fitting(i, &d.row(n).to_vec(), &param.row(n).to_vec());
            energy[n] = e;
            gradient.row_mut(n).assign(&ArrayView1::from(&g));
        }
        Ok(())
    }
}

impl<R: Real> TypedNetworks<R> for Toy {
    fn fit_typed(
        &mut self,
        i: usize,
        d: ArrayView2<R>,
        param: ArrayView2<R>,
        energy: &mut [R],
        mut gradient: ArrayViewMut2<R>,
    ) -> Result<()> {
        let (d, param) = (d.mapv(Real::to_f64), param.mapv(Real::to_f64));
        let (mut e, mut g) = (vec![0.0; energy.len()], Array2::zeros(gradient.dim()));
        self.fit(i, d.view(), param.view(), &mut e, g.view_mut())?;
        energy.iter_mut().zip(e).for_each(|(t, v)| *t = R::from_f64(v));
        gradient.zip_mut_with(&g, |t, v| *t = R::from_f64(*v));
        Ok(())
    }
}

/// The `se_e2_a` of three types, nothing special.
pub fn part() -> Part {
    let name = |i: usize, j: usize| Some(format!("embedding_{i}_{j}"));
    Part {
        descriptor: "se_e2_a".into(),
        rcut: 4.0,
        rcut_smth: 1.0,
        env_protection: 0.0,
        sel: vec![20, 14, 16],
        mixed_types: false,
        davg: vec![0.11, 0.07, 0.2],
        dstd: vec![[0.3, 0.15], [0.25, 0.2], [0.4, 0.1]],
        neuron: vec![8, 24],
        axis_neuron: 2,
        type_one_side: false,
        embedding: Embedding::PerPair((0..3).map(|i| (0..3).map(|j| name(i, j)).collect()).collect()),
        activation: "tanh".into(),
        gate: None,
        exclude_types: vec![],
    }
}

/// The contract of one descriptor.
pub fn contract_of(part: Part) -> Contract {
    Contract {
        producer: "test".into(),
        type_map: ["Li", "P", "S"].map(String::from).to_vec(),
        parts: vec![part],
        activation_function: Activations { fitting: "tanh".into() },
        fitting_neuron: vec![4],
        pair_exclude_types: vec![],
        atom_exclude_types: vec![],
        fitting: Fitting::PerType((0..3).map(|i| format!("fitting_{i}")).collect()),
        descriptor_layout: Some(DescriptorLayout::AxisFastest),
        energy_scale: vec![1.0, 1.3, 0.8],
        energy_shift: vec![-1.5, -4.0, -3.25],
        numb_fparam: 0,
        numb_aparam: 0,
        default_fparam: None,
        precision: "float64".into(),
        min_nbor_dist: None,
        units: Units { energy: "eV".into(), length: "Angstrom".into() },
        pair_table: None,
        reduced: None,
        source: Source { file: "test.dp".into(), sha256: String::new(), software: "test".into() },
    }
}

/// Three types, nothing special.
pub fn contract() -> Contract {
    contract_of(part())
}

/// Atoms in open space with all pairs as neighbors.
#[derive(Clone)]
pub struct Cluster {
    pub x: Vec<f64>,
    pub types: Vec<i32>,
    pub tags: Vec<i64>,
    centers: Vec<i32>,
    pub fparam: Vec<f64>,
    pub aparam: Vec<f64>,
}

impl Cluster {
    /// `n` atoms of cycling types in a cube of `side` A, no pair closer than 0.9 A; `seed` chooses the places.
    pub fn new(n: usize, side: f64, seed: u64) -> Self {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        let mut x: Vec<f64> = Vec::new();
        while x.len() < 3 * n {
            let p = [random() * side, random() * side, random() * side];
            if x.chunks(3).all(|q| q.iter().zip(p).map(|(a, b)| (a - b).powi(2)).sum::<f64>() > 0.81) {
                x.extend(p);
            }
        }
        Self::of(x, (0..n as i32).map(|i| i % 3).collect())
    }

    pub fn of(x: Vec<f64>, types: Vec<i32>) -> Self {
        let n = types.len() as i32;
        let (centers, tags) = ((0..n).collect(), (0..i64::from(n)).map(|i| 100 + i).collect());
        Self { x, types, tags, centers, fparam: vec![], aparam: vec![] }
    }

    /// All pairs of visible atoms, grouped by the types of the neighbors in an order that is not that of the model.
    pub fn list(&self) -> List {
        let (groups, n) = ([2, 0, 1], self.types.len() as i32);
        let mut list = List { groups: groups.to_vec(), offsets: vec![0], neighbors: vec![] };
        for i in 0..n {
            for group in groups {
                list.neighbors.extend((0..n).filter(|&j| j != i && self.types[j as usize] == group));
                list.offsets.push(list.neighbors.len());
            }
        }
        list
    }

    pub fn configuration<'a>(&'a self, list: &'a List) -> Configuration<'a> {
        let n = self.types.len();
        Configuration {
            x: matrix("x", &self.x, [n, 3]).unwrap(),
            types: &self.types,
            tags: &self.tags,
            centers: &self.centers,
            groups: &list.groups,
            offsets: &list.offsets,
            neighbors: &list.neighbors,
            rebuilt: true,
            fparam: &self.fparam,
            aparam: matrix("aparam", &self.aparam, [n, self.aparam.len() / n]).unwrap(),
        }
    }
}

/// A neighbor list.
pub struct List {
    pub groups: Vec<i32>,
    pub offsets: Vec<usize>,
    pub neighbors: Vec<i32>,
}

/// Everything the engine gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub totals: Totals,
    pub f: Vec<f64>,
    pub eatom: Vec<f64>,
    pub vatom: Vec<f64>,
    pub cvatom: Vec<f64>,
}

pub fn model(contract: &Contract) -> Model {
    let mut model = Model::new(contract.clone(), &mut Toy::of(contract)).unwrap();
    if let Some(table) = &contract.pair_table {
        model.set_pair_table(&coefficients(table)).unwrap();
    }
    model
}

/// A table that goes to zero, with its slope, where it ends: k (r - end)^3 with k of the pair of types, for each interval.
fn coefficients(table: &PairTable) -> Array2<f64> {
    let end = table.start + table.intervals as f64 * table.step;
    Array2::from_shape_fn((9 * table.intervals, 4), |(row, power)| {
        let (pair, from) = (row / table.intervals, table.start + (row % table.intervals) as f64 * table.step - end);
        let h = table.step;
        -strength(pair) * [h.powi(3), 3.0 * h * h * from, 3.0 * h * from * from, from.powi(3)][power]
    })
}

fn strength(pair: usize) -> f64 {
    0.3 + 0.1 * pair as f64
}

/// The energy of an atom with a table of pair energies from that of the Deep Potential.
fn naive_pair_energy(c: &Contract, cluster: &Cluster, i: usize, model: f64) -> f64 {
    let Some(table) = &c.pair_table else { return model };
    let ti = cluster.types[i] as usize;
    let near = |rcut: f64, sel: usize| {
        let visible = |j: &usize| *j != i && cluster.types[*j] >= 0;
        let counts = |j: &usize| !excluded(&c.pair_exclude_types, ti, cluster.types[*j] as usize);
        let distance =
            |j: usize| (0..3).map(|k| (cluster.x[3 * j + k] - cluster.x[3 * i + k]).powi(2)).sum::<f64>().sqrt();
        let all = (0..cluster.types.len()).filter(visible).filter(counts).map(|j| (distance(j), j));
        let mut found: Vec<(f64, usize)> = all.filter(|(r, _)| *r < rcut).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(sel);
        found
    };
    let end = table.start + table.intervals as f64 * table.step;
    let energy = |(r, j): &(f64, usize)| -strength(3 * ti + cluster.types[*j] as usize) * (r - end).min(0.0).powi(3);
    let pairs = 0.5 * near(table.rcut, table.sel).iter().map(energy).sum::<f64>();
    let Some(switch) = &table.switch else { return model + pairs };
    let of = match switch.of {
        NeighborsOf::Table => near(table.rcut, table.sel),
        NeighborsOf::Descriptor => near(c.parts[0].rcut, 1000),
    };
    let sum = of.iter().map(|(r, _)| (-r / switch.alpha).exp()).sum::<f64>();
    let sigma = of.iter().map(|(r, _)| r * (-r / switch.alpha).exp()).sum::<f64>() / sum;
    let u = ((sigma - switch.rmin) / (switch.rmax - switch.rmin)).clamp(0.0, 1.0);
    let w = if of.is_empty() { 0.0 } else { u.powi(3) * (-6.0 * u * u + 15.0 * u - 10.0) + 1.0 };
    (1.0 - w) * model + w * pairs + table.shift[ti]
}

pub fn engine(contract: &Contract, threads: usize) -> Engine {
    let networks = (0..threads).map(|_| Box::new(Toy::of(contract)) as Box<dyn Networks>).collect();
    Engine::new(model(contract), networks, false).unwrap()
}

pub fn evaluate(engine: &mut Engine, cluster: &Cluster) -> Answer {
    let n = cluster.types.len();
    let (mut f, mut eatom, mut vatom, mut cvatom) =
        (vec![0.0; 3 * n], vec![0.0; n], vec![0.0; 6 * n], vec![0.0; 9 * n]);
    let mut results = Results {
        factor: 1.0,
        f: Some(matrix_mut("f", &mut f, [n, 3]).unwrap()),
        eatom: Some(&mut eatom),
        vatom: Some(matrix_mut("vatom", &mut vatom, [n, 6]).unwrap()),
        cvatom: Some(matrix_mut("cvatom", &mut cvatom, [n, 9]).unwrap()),
    };
    let (totals, _) = engine.compute(&cluster.configuration(&cluster.list()), &mut results).unwrap();
    Answer { totals, f, eatom, vatom, cvatom }
}

/// Results with forces alone.
pub fn forces_only(f: &mut [f64]) -> Results<'_> {
    let n = f.len() / 3;
    Results { factor: 1.0, f: Some(matrix_mut("f", f, [n, 3]).unwrap()), eatom: None, vatom: None, cvatom: None }
}

/// Energy of each atom: sorted, truncated, padded slots; normalized rows; T; D; fitting net.
pub fn naive_energies(c: &Contract, cluster: &Cluster) -> Vec<f64> {
    let toy = Toy::of(c);
    let n = cluster.types.len();
    let mut energies = vec![0.0; n];
    for i in 0..n {
        let Ok(ti) = usize::try_from(cluster.types[i]) else { continue };
        let mut d = vec![];
        for number in 0..c.parts.len() {
            d.extend(naive_descriptor(c, number, cluster, i, &toy));
        }
        let mut param = cluster.fparam.clone();
        param.extend(&cluster.aparam[i * c.numb_aparam..(i + 1) * c.numb_aparam]);
        let model = c.energy_scale[ti] * toy.fitting(ti, &d, &param).0 + c.energy_shift[ti];
        energies[i] = naive_pair_energy(c, cluster, i, model);
    }
    energies
}

pub fn excluded(list: &[[usize; 2]], i: usize, j: usize) -> bool {
    list.contains(&[i, j]) || list.contains(&[j, i])
}

/// What the factor of a gate is multiplied with; w: of the switch, a = w / (r + protection).
pub fn fade(gate: &Gate, p: &Part, w: f64, a: f64) -> f64 {
    match (gate.smooth, &gate.switch) {
        (false, _) => 1.0,
        (true, None) => w,
        (true, Some(_)) => 1.0 - (1.0 - p.rcut_smth * a).max(0.0).powi(3),
    }
}

/// The values of one descriptor of atom i.
fn naive_descriptor(c: &Contract, number: usize, cluster: &Cluster, i: usize, toy: &Toy) -> Vec<f64> {
    let p = &c.parts[number];
    let (m, ti, slots) = (p.width(), cluster.types[i] as usize, p.sel.iter().sum::<usize>());
    let mut t = vec![[0.0; 4]; m];
    let distance = |j: usize| (0..3).map(|k| (cluster.x[3 * j + k] - cluster.x[3 * i + k]).powi(2)).sum::<f64>().sqrt();
    // With mixed types one group of slots for all, else one per type.
    let groups: Vec<Vec<usize>> = if p.mixed_types { vec![vec![0, 1, 2]] } else { (0..3).map(|t| vec![t]).collect() };
    for (group, &sel) in groups.iter().zip(&p.sel) {
        let in_group = |j: &usize| usize::try_from(cluster.types[*j]).is_ok_and(|tj| group.contains(&tj));
        let counts = |j: &usize| !excluded(&c.pair_exclude_types, ti, cluster.types[*j] as usize);
        let near = (0..cluster.types.len()).filter(|&j| j != i).filter(in_group).filter(counts);
        let mut found: Vec<(f64, usize)> = near.map(|j| (distance(j), j)).filter(|(r, _)| *r < p.rcut).collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        found.truncate(sel);
        for slot in 0..sel {
            // An empty slot is of its own type, or of any where all types share the slots.
            let (mut row, mut w, mut a, mut tj) = ([0.0; 4], 0.0, 0.0, group[0]);
            let mut masked = false;
            if let Some(&(r, j)) = found.get(slot) {
                tj = cluster.types[j] as usize;
                let u = ((r - p.rcut_smth) / (p.rcut - p.rcut_smth)).max(0.0);
                w = u.powi(3) * (-6.0 * u * u + 15.0 * u - 10.0) + 1.0;
                a = w / (r + p.env_protection);
                row[0] = a;
                for k in 0..3 {
                    row[k + 1] = w * (cluster.x[3 * j + k] - cluster.x[3 * i + k]) / (r + p.env_protection).powi(2);
                }
                masked = excluded(&p.exclude_types, ti, tj);
            }
            if p.embedding_of(ti, tj).is_none() {
                continue;
            }
            row[0] -= p.davg[ti];
            row[0] /= p.dstd[ti][0];
            row[1..].iter_mut().for_each(|y| *y /= p.dstd[ti][1]);
            let mut s = row[0];
            if masked {
                (row, s) = ([0.0; 4], 0.0);
            }
            if p.is_radial() {
                row = [1.0, 0.0, 0.0, 0.0];
            }
            let pair = Pair { part: number, center: ti, neighbor: tj };
            for (k, t) in t.iter_mut().enumerate() {
                let mut g = toy.embedding(pair, k, s).0;
                if let Some(gate) = &p.gate {
                    g *= 1.0 + toy.factor(pair, k) * fade(gate, p, w, a);
                }
                t.iter_mut().zip(row).for_each(|(t, y)| *t += g * y / slots as f64);
            }
        }
    }
    if p.is_radial() {
        return t.iter().map(|t| 0.2 * t[0]).collect();
    }
    let mut d = vec![];
    for a in 0..p.axis_neuron {
        for k in 0..m {
            d.push(t[k].iter().zip(t[a]).map(|(x, y)| x * y).sum());
        }
    }
    d
}

/// Every kind of model that changes the physics, with a name for messages.
pub fn variants() -> Vec<(&'static str, Contract)> {
    let base = contract;
    let with = |part: Part| contract_of(part);
    let gate = |smooth: bool| Some(Gate { function: "gate".into(), smooth, switch: None });
    let cubic = || Some(Gate { function: "gate".into(), smooth: true, switch: Some(CUBIC.into()) });
    let shared = || Embedding::Shared("embedding".into());
    // DPA-1 without attention: one list of neighbors of all types, the embedding from one function.
    let mixed = || Part { sel: vec![50], mixed_types: true, embedding: shared(), ..part() };
    let zero = || vec![0.0; 3];
    let table = |switch: Option<NearestSwitch>, sel: usize| PairTable {
        function: "pair_table".into(),
        rcut: 3.0,
        sel,
        start: 0.5,
        step: 0.25,
        intervals: 9,
        switch,
        shift: vec![0.2, -0.1, 0.3],
    };
    // Sharp enough that neighbors at the cutoff do not count: sums over neighbors within a cutoff jump by what they add.
    let switch = |of: NeighborsOf| Some(NearestSwitch { rmin: 0.9, rmax: 2.4, alpha: 0.05, of });
    let pairs = |switch: Option<NearestSwitch>, sel: usize| Contract {
        pair_table: Some(table(switch, sel)),
        pair_exclude_types: vec![[0, 2]],
        ..base()
    };
    let radial = || Part { descriptor: "se_e2_r".into(), axis_neuron: 0, ..part() };
    vec![
        ("plain", base()),
        ("env_protection", with(Part { env_protection: 0.25, ..part() })),
        ("type_one_side", with(Part { type_one_side: true, ..part() })),
        ("exclude_types", with(Part { exclude_types: vec![[0, 1], [2, 2]], ..part() })),
        ("pair_exclude_types", Contract { pair_exclude_types: vec![[1, 0]], ..base() }),
        ("no net for a pair", {
            let mut part = part();
            if let Embedding::PerPair(names) = &mut part.embedding {
                names[0][2] = None;
            }
            with(part)
        }),
        ("davg zero", with(Part { davg: zero(), ..part() })),
        ("sel overflows", with(Part { sel: vec![3, 2, 4], ..part() })),
        ("a type without slots", with(Part { sel: vec![20, 0, 16], ..part() })),
        ("axis = width", with(Part { axis_neuron: 24, ..part() })),
        ("parameters", Contract { numb_fparam: 2, numb_aparam: 1, ..base() }),
        ("mixed types", with(Part { davg: zero(), ..mixed() })),
        ("mixed types, sel overflows", with(Part { davg: zero(), sel: vec![9], ..mixed() })),
        ("mixed types, smooth gate", with(Part { davg: zero(), gate: gate(true), ..mixed() })),
        ("mixed types, cubic gate", with(Part { davg: zero(), gate: cubic(), ..mixed() })),
        ("mixed types, gate", with(Part { davg: zero(), gate: gate(false), ..mixed() })),
        ("mixed types, exclude_types", with(Part { davg: zero(), exclude_types: vec![[0, 1], [2, 2]], ..mixed() })),
        ("gate", with(Part { gate: gate(false), embedding: shared(), ..part() })),
        ("smooth gate", with(Part { gate: gate(true), embedding: shared(), ..part() })),
        ("se_e2_r", with(radial())),
        ("se_e2_r, exclude_types", with(Part { exclude_types: vec![[0, 1], [2, 2]], ..radial() })),
        ("pair table", pairs(None, 5)),
        ("pair table with switch", pairs(switch(NeighborsOf::Table), 30)),
        ("pair table with a switch by the descriptor", pairs(switch(NeighborsOf::Descriptor), 30)),
        ("hybrid", {
            let far = Part { rcut: 5.0, neuron: vec![5, 10], axis_neuron: 3, sel: vec![30, 20, 20], ..part() };
            let mixed = Part { rcut: 3.5, davg: zero(), gate: gate(true), neuron: vec![12], ..mixed() };
            Contract { parts: vec![part(), far, Part { rcut: 3.0, ..radial() }, mixed], ..base() }
        }),
    ]
}

pub fn cluster_for(c: &Contract, seed: u64) -> Cluster {
    let mut cluster = Cluster::new(40, 6.0, seed);
    cluster.types[7] = -1;
    cluster.fparam = (0..c.numb_fparam).map(|k| 0.3 + 0.2 * k as f64).collect();
    cluster.aparam = (0..40 * c.numb_aparam).map(|k| (k as f64).cos()).collect();
    cluster
}

/// Largest magnitude.
pub fn strongest(f: &[f64]) -> f64 {
    f.iter().fold(0.0, |m, f| f.abs().max(m))
}
