//! The border between C++ and Rust: one file for each subject, with its `#[cxx::bridge]` and the handles that C++ holds. Every
//! function body runs inside [`guard`]: an error or a panic reaches C++ as `rust::Error`, never as an abort, and a handle that
//! panicked refuses further work.

mod analysis;
mod elements;
mod guard;
mod potential;

use analysis::{
    Analysis, check_writable, coordination_histogram, count_neighbors, full_path, instantaneous_coordination,
    locate_ions, open_coordination, open_displacement, open_transport, open_vibrations,
};

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion")]
mod ffi {
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
        /// Whether a file can be written, without touching it.
        fn check_writable(path: &str) -> Result<()>;
        /// Bytes of the accumulators, rows not counted.
        fn analysis_bytes(self: &Analysis) -> usize;
    }
}
