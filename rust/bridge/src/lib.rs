//! The whole border between C++ and Rust. Every function body runs inside [`guard`]: an error or a panic reaches C++ as
//! `rust::Error`, never as an abort, and a potential that panicked refuses further work.
//!
//! Units at this border: Angstrom, eV, eV/Angstrom. Tensors of 9 are in LAMMPS' centroid order
//! xx, yy, zz, xy, xz, yz, yx, zx, zy with element ab = sum of `r_a` `f_b` (positive for pressure pushing out).

mod analysis;
mod elements;
mod guard;
mod potential;

use analysis::{
    Analysis, check_writable, coordination_histogram, count_neighbors, full_path, instantaneous_coordination,
    locate_ions, open_coordination, open_displacement, open_transport, open_vibrations,
};
use elements::element_mass;
use potential::{Potential, model_deviation, open_potential};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion")]
mod ffi {
    /// How to open a model.
    struct Settings {
        /// `mixed` or `double`.
        precision: String,
        /// Whether embedding nets are tabulated; they are run where tables cannot reach `table_error`.
        tabulate: bool,
        /// Largest relative error of a table; reduced networks are always tabulated.
        table_error: f64,
        /// Largest force error of a reduced network, eV/A RMS; 0: the full network; negative: the default.
        reduce: f64,
        /// Worker threads of this potential, >= 1.
        threads: usize,
        /// Whether more neighbours of a type than `sel` are an error.
        sel_error: bool,
        /// ONNX Runtime library chosen by the user; empty: search.
        onnxruntime: String,
        /// Files or folders to search for ONNX Runtime after `ORT_DYLIB_PATH`, in order.
        search: Vec<String>,
    }

    /// What a model says of itself.
    struct ModelInfo {
        /// Element names, index = model type.
        type_map: Vec<String>,
        /// A.
        cutoff: f64,
        numb_fparam: usize,
        numb_aparam: usize,
        /// Frame parameters to use where the user gives none; empty: none.
        default_fparam: Vec<f64>,
        /// Force error of the reduced networks in use as measured at export, eV/A RMS; 0: the full networks.
        reduced_error: f64,
        /// SHA-256 of the model file, lowercase hex.
        sha256: String,
        /// Lines for the set-up summary, without line ends: model, hash, types, cutoff, precision, ONNX Runtime, threads.
        summary: Vec<String>,
    }

    /// One configuration as this rank sees it; nall = local + ghost atoms.
    struct Atoms<'a> {
        /// A, nall x 3.
        x: &'a [f64],
        /// Model type of each atom, nall; -1: invisible to the model.
        types: &'a [i32],
        /// Atom IDs for messages, nall, or empty where atoms have none.
        tags: &'a [i64],
        /// Local atoms whose energy is wanted (`ilist`), n.
        centers: &'a [i32],
        /// Neighbours of `centers[k]` are `neighbors[offsets[k]..offsets[k + 1]]`, n + 1.
        offsets: &'a [usize],
        /// Full neighbour list, indices into `x` (special bits masked off).
        neighbors: &'a [i32],
        /// Whether `types`, `tags`, `centers`, `offsets`, `neighbors` differ from the previous call's.
        rebuilt: bool,
        /// `numb_fparam` values, or empty for the model's default.
        fparam: &'a [f64],
        /// `numb_aparam` values for each local atom, by local index.
        aparam: &'a [f64],
    }

    /// Where results are added. An empty slice: not wanted.
    struct Output<'a> {
        /// Everything is multiplied by this before it is added or returned (unit conversion x scale).
        factor: f64,
        /// nall x 3.
        f: &'a mut [f64],
        /// nall.
        eatom: &'a mut [f64],
        /// nall x 6: xx, yy, zz, xy, xz, yz, symmetrised.
        vatom: &'a mut [f64],
        /// nall x 9.
        cvatom: &'a mut [f64],
    }

    /// This rank's sums, multiplied by `factor`.
    struct Totals {
        energy: f64,
        virial: [f64; 9],
    }

    /// What the guards saw since the last call; a count of 0: nothing.
    struct Alerts {
        /// Centres that had more neighbours of a type than `sel`.
        overflow_count: usize,
        /// Worst of them: atom ID, neighbour element, neighbours found, neighbours kept.
        overflow_tag: i64,
        overflow_element: String,
        overflow_found: usize,
        overflow_kept: usize,
        /// Pairs closer than the training data's smallest distance, or than any atoms are where that is not known.
        close_count: usize,
        /// Closest of them: atom IDs, distance and that limit, A, and whether it comes from the training data.
        close_tag_i: i64,
        close_tag_j: i64,
        close_distance: f64,
        close_limit: f64,
        close_trained: bool,
    }

    /// Seconds of worker threads in the parts of all steps since the last call.
    struct Times {
        neighbors: f64,
        environment: f64,
        descriptor: f64,
        fitting: f64,
        scatter: f64,
    }

    /// Differences that the self-check found on this rank between the path in use and the model file's own graph in float64.
    struct CheckResult {
        /// Largest, eV/A.
        force_difference: f64,
        /// Sum of squares, eV^2/A^2: the force error is about sqrt(squares / (3 sampled)) RMS.
        squares: f64,
        /// Largest, eV per sampled atom.
        energy_difference: f64,
        /// Number of atoms sampled on this rank.
        sampled: usize,
    }

    /// Settings of `fix ion/transport`.
    struct TransportSettings {
        lags_per_level: u64,
        levels: u64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        ions: u64,
        /// `framework`, `com` or `none`.
        drift: String,
        reference_atoms: u64,
        /// Elementary charges.
        charge: f64,
        /// Window of the fit, ps; both 0: automatic.
        fit: [f64; 2],
        /// m^2/s and S/m instead of cm^2/s and S/cm.
        si: bool,
    }

    /// Settings of `fix ion/coordination`.
    struct CoordinationSettings {
        /// A, ascending.
        cutoffs: Vec<f64>,
        /// Coordination numbers 0..=most have bins of their own.
        most: u32,
        /// Time steps between samples.
        every: u64,
        ions: u64,
        /// Atoms of the neighbour group.
        neighbors: u64,
    }

    /// A kind of atoms whose velocities are correlated.
    struct Species {
        name: String,
        /// amu.
        mass: f64,
        atoms: u64,
    }

    /// Settings of `fix ion/vdos`.
    struct VibrationsSettings {
        /// Lags, 0 included, in samples.
        window: u64,
        /// Samples between time origins.
        spacing: u64,
        /// Time steps between samples.
        every: u64,
        /// Time step, ps.
        timestep: f64,
        species: Vec<Species>,
        /// All atoms of the box, measured or not.
        box_atoms: u64,
        /// Of the entropies, K; 0: that of the velocities.
        temperature: f64,
        /// `none`, `cut` or `2pt`.
        split: String,
        /// Lowest frequency of split `cut`, THz.
        cut: f64,
    }

    /// The ions of this rank in one frame.
    struct IonFrame<'a> {
        /// Sum over ranks of `locate_ions`.
        located: &'a [i64],
        /// Unwrapped positions, A, n x 3.
        positions: &'a [f64],
        /// Atom IDs, n.
        ids: &'a [i64],
        /// Row of each ion, n: it begins at `rows[slots[k] * row_width()]`.
        slots: &'a [i32],
        /// What the ions carry along.
        rows: &'a mut [f64],
        /// A^3.
        volume: f64,
        /// K; 0: not known.
        temperature: f64,
    }

    /// Numbers for thermo output.
    struct Results {
        scalar: f64,
        vector: Vec<f64>,
        /// Rows x columns.
        array: Vec<f64>,
        columns: usize,
    }

    extern "Rust" {
        type Analysis;

        /// Displacements from many origins.
        fn open_transport(settings: &TransportSettings) -> Result<Box<Analysis>>;
        /// Displacements since the first frame.
        fn open_displacement(ions: u64, drift: &str, reference_atoms: u64) -> Result<Box<Analysis>>;
        /// Distribution of coordination numbers.
        fn open_coordination(settings: &CoordinationSettings) -> Result<Box<Analysis>>;
        /// Velocity autocorrelation, density of states, entropy.
        fn open_vibrations(settings: &VibrationsSettings) -> Result<Box<Analysis>>;
        /// Doubles that each ion carries along; its row moves with it from rank to rank.
        fn row_width(self: &Analysis) -> usize;
        /// Sums of this rank's unwrapped positions (n x 3, A), to be added over ranks; `ids` of the ions; `weights` of the reference atoms, or
        /// empty for 1 each.
        fn locate_ions(ions: &[f64], ids: &[i64], reference: &[f64], weights: &[f64]) -> Result<Vec<i64>>;
        /// Takes a frame of positions.
        fn sample_positions(self: &mut Analysis, frame: IonFrame) -> Result<()>;

        /// Replaces `counts` (n x cut-offs) by the numbers of neighbours of the n `centers` within each of `cutoffs` (A, ascending).
        /// `x`: of all atoms, A; neighbours of `centers[k]`: `neighbors[offsets[k]..offsets[k + 1]]`.
        fn count_neighbors(
            x: &[f64],
            centers: &[i32],
            offsets: &[usize],
            neighbors: &[i32],
            cutoffs: &[f64],
            counts: &mut Vec<u32>,
        ) -> Result<()>;
        /// Takes a frame: `counts` of this rank's ions.
        fn sample_counts(self: &mut Analysis, counts: &[u32]) -> Result<()>;
        /// One frame alone: this rank's `counts` as integers to be added over ranks.
        fn coordination_histogram(counts: &[u32], cutoffs: usize, most: u32) -> Result<Vec<i64>>;
        /// What their sum says, a row for each cut-off: A, mean n, entropy and entropy over n = 1..=6 (kB per ion), P(0), ...
        /// P(most), P(> most).
        fn instantaneous_coordination(sum: &[i64], cutoffs: &[f64], most: u32) -> Result<Vec<f64>>;
        /// Takes a frame. `velocities`: n x 3, A/ps; `species`: index into the settings', -1: not measured; rows as in
        /// `sample_positions`; `volume`: A^3.
        fn sample_velocities(
            self: &mut Analysis,
            velocities: &[f64],
            species: &[i32],
            rows: &mut [f64],
            slots: &[i32],
            volume: f64,
        ) -> Result<()>;

        /// What this rank gathered since the last call, to be added over ranks and given back to `add_increments` on all.
        fn take_increments(self: &mut Analysis) -> Result<Vec<i64>>;
        fn add_increments(self: &mut Analysis, sum: &[i64]) -> Result<()>;
        /// Whether increments must be taken before the next frame.
        fn full(self: &Analysis) -> bool;
        /// The total for a restart file.
        fn state(self: &mut Analysis) -> Result<String>;
        fn restore(self: &mut Analysis, state: &str) -> Result<()>;
        fn results(self: &mut Analysis) -> Result<Results>;
        /// The main result in lines for the log, with warnings.
        fn headline(self: &mut Analysis) -> Result<Vec<String>>;
        /// Replaces a file by the table of all that was measured.
        fn write_table(self: &mut Analysis, path: &str, provenance: &[String]) -> Result<()>;
        /// Replaces a file by the table of velocity autocorrelations.
        fn write_vacf(self: &mut Analysis, path: &str, provenance: &[String]) -> Result<()>;
        /// Adds a row to a file with a row per output; `anew`: begins it. `until_now`: step of a row that gives way, or -1.
        fn write_history(
            self: &mut Analysis,
            path: &str,
            provenance: &[String],
            step: i64,
            anew: bool,
            until_now: i64,
        ) -> Result<()>;
        /// Replaces a file by the state.
        fn write_state(self: &mut Analysis, path: &str, provenance: &[String]) -> Result<()>;
        /// The time step, ps, where it was changed before the first frame.
        fn set_timestep(self: &mut Analysis, timestep: f64) -> Result<()>;
        /// The same text for the same file, however it is named.
        fn full_path(path: &str) -> Result<String>;
        /// Standard atomic weight, g/mol; 0: no such element.
        fn element_mass(symbol: &str) -> f64;
        /// Whether a file can be written, without touching it.
        fn check_writable(path: &str) -> Result<()>;
        /// Bytes of the accumulators, rows not counted.
        fn analysis_bytes(self: &Analysis) -> usize;
    }

    extern "Rust" {
        type Potential;

        /// Opens a model from the bytes of its file. `name` is only used in messages.
        fn open_potential(name: &str, bytes: &[u8], settings: &Settings) -> Result<Box<Potential>>;
        fn info(self: &Potential) -> ModelInfo;
        /// Adds energy, forces and virials of one configuration to `output`. On error nothing was added.
        fn compute(self: &mut Potential, atoms: Atoms, output: Output) -> Result<Totals>;
        /// Evaluates a sample of the configuration's own atoms with the path in use and with the model file's own graph in float64.
        fn self_check(self: &mut Potential, atoms: Atoms) -> Result<CheckResult>;
        /// Returns and clears where the time went.
        fn take_times(self: &mut Potential) -> Times;
        /// Returns and clears what the guards saw.
        fn take_alerts(self: &mut Potential) -> Alerts;
        /// Bytes held by this potential's own buffers.
        fn memory_bytes(self: &Potential) -> usize;
        /// Per-atom standard deviation over models of the force vector (DeePMD-kit's definition), n values.
        /// `forces`: models x n x 3; `relative` < 0: absolute, else divided by (norm of the mean force + `relative`).
        fn model_deviation(forces: &[f64], models: usize, relative: f64) -> Result<Vec<f64>>;
    }
}
