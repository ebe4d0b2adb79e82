// SPDX-License-Identifier: MIT
//! Transport against brute force and against walks whose answer is known.

#![allow(clippy::unwrap_used, clippy::float_cmp)] // a panic is a failed test; equal bits are meant

mod walks;

use deepion_analysis::measurement::KeepsSums as _;
use deepion_analysis::results::Provenance;
use deepion_analysis::shapes::vectors;
use deepion_analysis::transport::{
    DiffusionUnits, Evaluation, Fit, Lags, Reference, Transport, TransportLayout, Value, diffusion, haven_ratio,
    nernst_einstein,
};
use deepion_analysis::{Accumulator, Measure, Report, Save, transport};
use walks::{Frame, Walk};

const AUTOMATIC: Evaluation = Evaluation { fit: Fit::Stationary, units: DiffusionUnits::Cgs };
const CM2: f64 = 1e-4;

fn layout(ions: usize, reference: usize, drift: Reference, lags: (u64, u64)) -> TransportLayout {
    TransportLayout {
        lags_per_level: lags.0,
        levels: lags.1,
        origins: Lags::usual_origins(lags.0),
        every: 10,
        timestep_ps: 0.01,
        ions: ions as u64,
        drift,
        reference_atoms: reference as u64,
        charge: 1.0,
        species: Vec::new(),
    }
}

/// A run on several ranks, ions change ranks every few samples, as if they migrated.
struct Ranks {
    transports: Vec<Transport>,
    rows: Vec<Vec<f64>>,
    width: usize,
    samples: usize,
}

impl Ranks {
    fn new(layout: &TransportLayout, evaluation: Evaluation, ranks: usize) -> Self {
        let width = 3 * layout.lags().places();
        let rows = vec![vec![0.0; width]; layout.ions as usize];
        let transport = Transport::new(layout.clone(), evaluation).unwrap();
        Self { transports: vec![transport; ranks], rows, width, samples: 0 }
    }

    /// Rank of an ion now.
    fn rank_of(&self, ion: usize) -> usize {
        (ion * 7 + self.samples / 3) % self.transports.len()
    }

    fn reduce(&mut self) {
        let parts: Vec<_> = self.transports.iter_mut().map(Measure::take_increments).collect();
        let sum = add(&parts);
        self.transports.iter_mut().for_each(|rank| rank.add_increments(&sum).unwrap());
    }

    fn sample(&mut self, frame: &Frame) {
        if self.transports[0].full() {
            self.reduce();
        }
        let count = self.transports.len();
        let mine: Vec<Vec<usize>> = (0..count)
            .map(|rank| (0..self.rows.len()).rev().filter(|&ion| self.rank_of(ion) == rank).collect())
            .collect();
        let positions: Vec<Vec<f64>> =
            mine.iter().map(|ions| ions.iter().flat_map(|&ion| frame.ions[ion]).collect()).collect();
        let ids: Vec<Vec<i64>> = mine.iter().map(|ions| ions.iter().map(|&ion| ion as i64 + 1).collect()).collect();
        let reference: Vec<f64> = frame.framework.iter().flatten().copied().collect();
        let located: Vec<_> = (0..count)
            .map(|rank| {
                let reference = if rank == count - 1 { &reference[..] } else { &[] };
                locate_all(&positions[rank], &ids[rank], reference, &[]).unwrap()
            })
            .collect();
        let located = add(&located);
        for rank in 0..count {
            let mut rows: Vec<f64> = mine[rank].iter().flat_map(|&ion| self.rows[ion].clone()).collect();
            let slots: Vec<i32> = (0..mine[rank].len() as i32).collect();
            let frame = seen(&located, &positions[rank], &ids[rank], &slots);
            self.transports[rank].sample(&frame, &mut rows).unwrap();
            for (&ion, row) in mine[rank].iter().zip(rows.chunks(self.width)) {
                self.rows[ion] = row.to_vec();
            }
        }
        self.samples += 1;
    }

    fn finish(&mut self) -> &Transport {
        self.reduce();
        let first = self.transports[0].state(&Provenance::default()).unwrap();
        assert!(self.transports.iter().all(|rank| rank.state(&Provenance::default()).unwrap() == first));
        &self.transports[0]
    }
}

fn seen<'a>(located: &'a [i64], positions: &'a [f64], ids: &'a [i64], slots: &'a [i32]) -> transport::Frame<'a> {
    transport::Frame {
        located,
        positions: vectors("positions", positions).unwrap(),
        ids,
        slots,
        tile: 1,
        volume: 1000.0,
        temperature: Some(500.0),
        kinetic_temperature: None,
    }
}

/// Plain numbers as the arrays of the interface.
fn locate_all(ions: &[f64], ids: &[i64], reference: &[f64], weights: &[f64]) -> deepion_analysis::Result<Vec<i64>> {
    transport::locate(&vectors("ions", ions)?, ids, &vectors("reference", reference)?, weights)
}

fn add(parts: &[Vec<i64>]) -> Vec<i64> {
    (0..parts[0].len()).map(|k| parts.iter().map(|part| part[k]).sum()).collect()
}

fn run(frames: &[Frame], layout: &TransportLayout, evaluation: Evaluation, ranks: usize) -> Ranks {
    let mut run = Ranks::new(layout, evaluation, ranks);
    for frame in frames {
        run.sample(frame);
    }
    run.finish();
    run
}

fn measured(frames: &[Frame], drift: Reference) -> Transport {
    let reference = if drift == Reference::None { 0 } else { frames[0].framework.len() };
    let frames: Vec<_> = frames
        .iter()
        .map(|frame| Frame {
            ions: frame.ions.clone(),
            framework: if reference == 0 { Vec::new() } else { frame.framework.clone() },
        })
        .collect();
    let layout = layout(frames[0].ions.len(), reference, drift, (10, 4));
    run(&frames, &layout, AUTOMATIC, 1).transports.swap_remove(0)
}

fn column(transport: &Transport, name: &str) -> Vec<f64> {
    let table = transport.table().unwrap();
    let index = table.columns.iter().position(|column| column.name == name).unwrap();
    table.rows.iter().map(|row| row[index]).collect()
}

fn close(a: f64, b: f64, relative: f64, what: &str) {
    assert!((a - b).abs() <= relative * b.abs(), "{what}: {a} is not {b}");
}

/// Plain loops over all origins that are multiples of the level's stride.
#[test]
fn equals_brute_force_at_the_same_origins() {
    let frames = Walk { ions: 13, framework: 5, step: 0.3, drift: [0.01, 0.02, -0.03], seed: 3 }.frames(457);
    let layout = layout(13, 5, Reference::Framework, (6, 3));
    let mut run = run(&frames, &layout, AUTOMATIC, 3);
    let transport = run.finish();

    let centerd: Vec<Vec<[f64; 3]>> = frames
        .iter()
        .map(|frame| {
            let mean = |axis: usize| frame.framework.iter().map(|r| r[axis]).sum::<f64>() / 5.0;
            frame.ions.iter().map(|r| [r[0] - mean(0), r[1] - mean(1), r[2] - mean(2)]).collect()
        })
        .collect();
    let mut lag_index = 0;
    assert!(layout.origins == 3 && layout.lags().all()[..12] == [1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 24, 30]);
    for (lag, stride) in layout.lags().all().into_iter().zip(layout.lags().strides()) {
        let (lag, stride) = (lag as usize, stride as usize);
        let (mut axes, mut fourth, mut collective, mut origins) = ([0.0; 3], 0.0, 0.0, 0);
        for origin in (0..frames.len()).step_by(stride).filter(|origin| origin + lag < frames.len()) {
            let mut sum = [0.0; 3];
            for ion in 0..13 {
                let mut r2 = 0.0;
                for axis in 0..3 {
                    let d = centerd[origin + lag][ion][axis] - centerd[origin][ion][axis];
                    axes[axis] += d * d;
                    sum[axis] += d;
                    r2 += d * d;
                }
                fourth += r2 * r2;
            }
            collective += sum.iter().map(|d| d * d).sum::<f64>();
            origins += 1;
        }
        if origins > 0 {
            let pairs = f64::from(origins) * 13.0;
            let msd = axes.iter().sum::<f64>() / pairs;
            let at = |name: &str| column(transport, name)[lag_index];
            close(at("lag_ps"), lag as f64 * 0.1, 1e-12, "lag");
            close(at("origins"), f64::from(origins), 0.0, "origins");
            close(at("msd_x_A^2"), axes[0] / pairs, 1e-12, "x");
            close(at("msd_z_A^2"), axes[2] / pairs, 1e-12, "z");
            close(at("msd_A^2"), msd, 1e-12, "msd");
            close(at("msd_collective_A^2"), collective / pairs, 1e-11, "collective");
            close(1.0 + at("non_gaussian"), 3.0 * fourth / pairs / (5.0 * msd * msd), 1e-11, "non-Gaussian");
            lag_index += 1;
        }
    }
    assert_eq!(lag_index, column(transport, "lag_ps").len());
    assert!(lag_index > 15);
}

#[test]
fn ranks_and_order_change_no_bit() {
    let frames = Walk { ions: 11, framework: 4, step: 0.2, drift: [0.0; 3], seed: 8 }.frames(300);
    let layout = layout(11, 4, Reference::Framework, (5, 3));
    let one = run(&frames, &layout, AUTOMATIC, 1).finish().state(&Provenance::default()).unwrap();
    for ranks in [2, 3, 4] {
        assert_eq!(run(&frames, &layout, AUTOMATIC, ranks).finish().state(&Provenance::default()).unwrap(), one);
    }
}

#[test]
fn a_saved_state_continues_to_the_bit() {
    let frames = Walk { ions: 6, framework: 3, step: 0.2, drift: [0.0; 3], seed: 5 }.frames(401);
    let layout = layout(6, 3, Reference::Com, (5, 3));
    let whole = run(&frames, &layout, AUTOMATIC, 2).finish().state(&Provenance::default()).unwrap();
    for cut in [1, 37, 200, 333] {
        let mut first = run(&frames[..cut], &layout, AUTOMATIC, 2);
        let state = first.finish().state(&Provenance::default()).unwrap();
        let mut second = Ranks::new(&layout, AUTOMATIC, 3);
        second.rows.clone_from(&first.rows);
        second.transports.iter_mut().for_each(|rank| rank.restore(&state).unwrap());
        frames[cut..].iter().for_each(|frame| second.sample(frame));
        assert_eq!(second.finish().state(&Provenance::default()).unwrap(), whole, "cut at {cut}");
    }
}

#[test]
fn a_state_of_other_settings_is_refused_with_both_named() {
    let frames = Walk { ions: 6, framework: 3, step: 0.2, drift: [0.0; 3], seed: 5 }.frames(20);
    let state = run(&frames, &layout(6, 3, Reference::Com, (5, 3)), AUTOMATIC, 1)
        .finish()
        .state(&Provenance::default())
        .unwrap();
    let refused = |text: &str, layout: TransportLayout| {
        let error = Transport::new(layout, AUTOMATIC).unwrap().restore(&state).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    };
    refused("origins was 5, is 1", TransportLayout { origins: 1, ..layout(6, 3, Reference::Com, (5, 3)) });
    refused("lags_per_level was 5, is 10", layout(6, 3, Reference::Com, (10, 3)));
    refused("drift was \"com\", is \"framework\"", layout(6, 3, Reference::Framework, (5, 3)));
    refused("ions was 6, is 7", layout(7, 3, Reference::Com, (5, 3)));
    let mut transport = Transport::new(layout(6, 3, Reference::Com, (5, 3)), AUTOMATIC).unwrap();
    let other = state.replace("\"version\":1", "\"version\":99");
    assert!(
        transport.restore(&other).unwrap_err().to_string().contains("has version 99, this deepion reads version 1")
    );
    assert!(transport.restore("{}").unwrap_err().to_string().contains("cannot be read"));
    assert!(transport.restore(&state).is_ok());
}

#[test]
fn lost_and_added_ions_are_refused() {
    let walk = Walk { ions: 6, framework: 3, step: 0.2, drift: [0.0; 3], seed: 5 };
    let frames = walk.frames(3);
    let mut ranks = Ranks::new(&layout(6, 3, Reference::Framework, (5, 3)), AUTOMATIC, 1);
    ranks.sample(&frames[0]);
    for (ions, framework, text) in [(5, 3, "5 ions now, 6 when"), (6, 4, "4 atoms in the drift reference now, 3 when")]
    {
        let located = locate_all(&vec![0.0; 3 * ions], &vec![1; ions], &vec![0.0; 3 * framework], &[]).unwrap();
        let error = ranks.transports[0].sample(&seen(&located, &[], &[], &[]), &mut []).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    assert!(locate_all(&[f64::NAN, 0.0, 0.0], &[1], &[], &[]).is_err());
}

/// One-sigma intervals of 200 random walks must contain the true D in 60 to 76 %, and be as wide as the scatter of D.
#[test]
fn two_thirds_of_the_intervals_contain_the_true_diffusion_coefficient() {
    let (mut hits, mut own, mut errors, mut beta_off) = (0, Vec::new(), Vec::new(), 0);
    let (mut collective_hits, mut walks) = (0, 0);
    let exact = 0.3f64.powi(2) / 2.0 / 0.1 * CM2;
    for seed in 0..200 {
        let frames = Walk { ions: 20, framework: 0, step: 0.3, drift: [0.0; 3], seed }.frames(4000);
        let mut transport = Transport::new(
            layout(20, 0, Reference::None, (10, 3)),
            Evaluation { fit: Fit::Window(1.0, 10.0), ..AUTOMATIC },
        )
        .unwrap();
        feed(&mut transport, &frames);
        let vector = transport.thermo().unwrap().vector;
        hits += i32::from((vector[0] - exact).abs() < vector[1]);
        collective_hits += i32::from((vector[7] - exact).abs() < vector[8]);
        beta_off += i32::from((vector[15] - 1.0).abs() > 0.05);
        own.push(vector[0]);
        errors.push(vector[1]);
        walks += 1;
    }
    let mean = own.iter().sum::<f64>() / 200.0;
    let scatter = (own.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 199.0).sqrt();
    let stated = errors.iter().sum::<f64>() / 200.0;
    println!(
        "hits {hits}/{walks}, collective {collective_hits}, mean D / D {}, scatter {}, stated {}, beta off {beta_off}",
        mean / exact,
        scatter / exact,
        stated / exact
    );
    assert!((120..=152).contains(&hits), "{hits} of 200");
    // pooled with the covariance of one walk, which is right here: more than from blocks alone
    assert!((120..=162).contains(&collective_hits), "{collective_hits} of 200");
    close(mean, exact, 3.0 * scatter / exact / 200f64.sqrt(), "mean D");
    assert!((0.85..1.15).contains(&(stated / scatter)));
}

/// All ions on one rank, without the checks of [`Ranks`].
fn feed(transport: &mut Transport, frames: &[Frame]) {
    let mut rows = vec![0.0; transport.row_width() * frames[0].ions.len()];
    feed_on(transport, &mut rows, frames);
}

fn feed_on(transport: &mut Transport, rows: &mut [f64], frames: &[Frame]) {
    let slots: Vec<i32> = (0..frames[0].ions.len() as i32).collect();
    let ids: Vec<i64> = (1..=frames[0].ions.len() as i64).collect();
    for frame in frames {
        let ions: Vec<f64> = frame.ions.iter().flatten().copied().collect();
        let framework: Vec<f64> = frame.framework.iter().flatten().copied().collect();
        if transport.full() {
            let increments = transport.take_increments();
            transport.add_increments(&increments).unwrap();
        }
        let located = locate_all(&ions, &ids, &framework, &[]).unwrap();
        transport.sample(&seen(&located, &ions, &ids, &slots), rows).unwrap();
    }
    let increments = transport.take_increments();
    transport.add_increments(&increments).unwrap();
}

/// Windows that reach too far into the run for blocks of time: groups of ions give the error of D.
#[test]
fn a_short_run_takes_its_error_from_groups_of_ions() {
    let (mut hits, mut first) = (0, None);
    let exact = 0.3f64.powi(2) / 2.0 / 0.1 * CM2;
    for seed in 0..200 {
        let frames = Walk { ions: 64, framework: 0, step: 0.3, drift: [0.0; 3], seed: 1000 + seed }.frames(150);
        let evaluation = Evaluation { fit: Fit::Window(1.0, 6.0), ..AUTOMATIC };
        let mut transport = Transport::new(layout(64, 0, Reference::None, (10, 3)), evaluation).unwrap();
        feed(&mut transport, &frames);
        let vector = transport.thermo().unwrap().vector;
        hits += i32::from((vector[0] - exact).abs() < vector[1]);
        assert_eq!(vector[18], 8.0);
        // one random walk of all ions: the window's three lengths of its longest lag do not say much
        assert!(vector[8] > 0.1 * exact);
        first.get_or_insert(transport);
    }
    assert!((120..=152).contains(&hits), "{hits} of 200");
    let summary = first.unwrap().table().unwrap().results.lines().join("\n");
    let either = ["errors from 8 groups of ions", "errors from the covariance of a random walk"];
    assert!(either.iter().any(|source| summary.contains(source)), "{summary}");
    assert!(summary.contains("take ions for independent"), "{summary}");
}

#[test]
fn a_random_walk_is_diffusive() {
    let frames = Walk { ions: 200, framework: 1, step: 0.3, drift: [0.0; 3], seed: 77 }.frames(10_000);
    let transport = measured(&frames, Reference::None);
    let vector = transport.thermo().unwrap().vector;
    let exact = 0.3f64.powi(2) / 2.0 / 0.1 * CM2;
    close(vector[0], exact, 0.02, "D");
    assert!((vector[0] - exact).abs() < 3.0 * vector[1]);
    assert!(vector[16] < 1.0 && vector[17] >= 100.0, "window {} {}", vector[16], vector[17]);
    assert!(vector[23] > 0.01 && vector[24] < 0.05 && vector[25] < 0.01, "p, power, shift {:?}", &vector[23..26]);
    assert!((vector[15] - 1.0).abs() < 0.02);
    assert!((vector[13] - 1.0).abs() < 3.0 * vector[14], "Haven ratio {} +- {}", vector[13], vector[14]);
    assert!(column(&transport, "non_gaussian")[..20].iter().all(|ngp| ngp.abs() < 0.02));
}

#[test]
fn flight_and_cage_do_not_diffuse() {
    let flight: Vec<Frame> = (0..2000)
        .map(|step| Frame::moving(10, |ion| [f64::from(step) * 0.01 * (ion as f64 - 4.5), 0.0, 1.0]))
        .collect();
    let free = measured(&flight, Reference::None);
    assert!(column(&free, "beta").iter().all(|beta| (beta - 2.0).abs() < 1e-9));
    assert_eq!(free.thermo().unwrap().scalar, 0.0);
    let why = |transport: &Transport| transport.table().unwrap().results.lines().join("\n");
    assert!(why(&free).contains("not yet diffusive: the slope still changes"), "{}", why(&free));

    let caged = measured(&walks::caged(50, 5000), Reference::None);
    let beta = column(&caged, "beta");
    let lag = column(&caged, "lag_ps");
    let late = lag.iter().zip(&beta).filter(|(lag, _)| (10.0..40.0).contains(*lag));
    assert_eq!(late.clone().count(), 7);
    assert!(late.clone().all(|(_, beta)| beta.abs() < 0.05), "{beta:?}");
    assert_eq!(caged.thermo().unwrap().scalar, 0.0);
    assert!(
        why(&caged).contains("\nno diffusion coefficient yet: not yet diffusive: the slope at long lags"),
        "{}",
        why(&caged)
    );
}

#[test]
fn drift_of_all_changes_nothing_and_drift_of_the_ions_survives() {
    let still = Walk { ions: 20, framework: 9, step: 0.2, drift: [0.0; 3], seed: 4 };
    let frames = still.frames(500);
    let moving = Walk { drift: [0.05, -0.2, 0.11], ..still }.frames(500);
    for reference in [Reference::Framework, Reference::Com] {
        let (a, b) = (measured(&frames, reference), measured(&moving, reference));
        let (a, b) = (column(&a, "msd_A^2"), column(&b, "msd_A^2"));
        a.iter().zip(&b).for_each(|(&a, &b)| close(a, b, 1e-9, "msd"));
    }
    let (a, b) = (measured(&frames, Reference::None), measured(&moving, Reference::None));
    assert!(column(&b, "msd_A^2")[15] > 2.0 * column(&a, "msd_A^2")[15]);

    let ions_only: Vec<Frame> = moving
        .iter()
        .zip(&frames)
        .map(|(moving, still)| Frame { ions: moving.ions.clone(), framework: still.framework.clone() })
        .collect();
    let c = measured(&ions_only, Reference::Framework);
    let drift2 = 0.05f64.powi(2) + 0.2f64.powi(2) + 0.11f64.powi(2);
    let lag = 20.0; // samples
    let at = column(&c, "lag_ps").iter().position(|&lag| (lag - 2.0).abs() < 1e-9).unwrap();
    let extra = column(&c, "msd_A^2")[at] - column(&measured(&frames, Reference::Framework), "msd_A^2")[at];
    close(extra, drift2 * lag * lag, 0.05, "drift of the ions");
}

#[test]
fn without_temperature_there_is_no_conductivity() {
    let frames = Walk { ions: 30, framework: 0, step: 0.3, drift: [0.0; 3], seed: 1 }.frames(2000);
    let with = measured(&frames, Reference::None);
    let vector = with.thermo().unwrap().vector;
    // n e^2 D / (k T): 30 ions in 1000 A^3 at 500 K
    let sigma = 30.0 / 1e-27 * 1.602_176_634e-19f64.powi(2) / (1.380_649e-23 * 500.0) * vector[0] * 1e-4 / 100.0;
    close(vector[9], sigma, 1e-12, "sigma");
    let si = Transport::open(
        &with.state(&Provenance::default()).unwrap(),
        Evaluation { units: DiffusionUnits::Si, ..AUTOMATIC },
    )
    .unwrap();
    close(si.thermo().unwrap().vector[9], sigma * 100.0, 1e-12, "sigma in S/m");
    close(si.thermo().unwrap().scalar, vector[0] * 1e-4, 1e-12, "D in m^2/s");
}

#[test]
fn conductivity_and_haven_ratio_by_hand() {
    let own = Value { value: 2.0, error: Some(0.2) };
    let sigma = nernst_einstein(own, 0.02, 2.0, 300.0);
    close(
        sigma.value,
        0.02e30 * 4.0 * 1.602_176_634e-19f64.powi(2) / (1.380_649e-23 * 300.0) * 2e-8 / 100.0,
        1e-12,
        "sigma",
    );
    close(sigma.error.unwrap(), 0.1 * sigma.value, 1e-12, "error");
    let haven = haven_ratio(own, Value { value: 4.0, error: Some(0.4) });
    close(haven.value, 0.5, 1e-12, "Haven");
    close(haven.error.unwrap(), 0.5 * 0.02f64.sqrt(), 1e-12, "its error");
}

/// A line through the first few lags alone is another fit: `fix halt` must not see its error.
#[test]
fn given_window_waits_for_its_longest_lag() {
    let frames = Walk { ions: 64, framework: 0, step: 0.3, drift: [0.0; 3], seed: 12 }.frames(90);
    let mut transport =
        Transport::new(layout(64, 0, Reference::None, (10, 3)), Evaluation { fit: Fit::Window(1.0, 6.0), ..AUTOMATIC })
            .unwrap();
    // the longest lag of the window, 6 ps, is 60 samples long
    feed(&mut transport, &frames[..60]);
    let thermo = transport.thermo().unwrap();
    assert_eq!((thermo.scalar, thermo.vector[1], thermo.vector[2]), (0.0, 0.0, 1e99));
    let results = transport.results().unwrap();
    assert_eq!(results.find("D").unwrap().value, None);
    let mut transport =
        Transport::new(layout(64, 0, Reference::None, (10, 3)), Evaluation { fit: Fit::Window(1.0, 6.0), ..AUTOMATIC })
            .unwrap();
    feed(&mut transport, &frames[..71]);
    assert!(transport.thermo().unwrap().scalar > 0.0);
}

fn at_temperatures(given: Option<f64>, kinetic: impl Fn(usize) -> f64) -> Transport {
    let frames = Walk { ions: 20, framework: 0, step: 0.3, drift: [0.0; 3], seed: 2 }.frames(600);
    let mut transport = Transport::new(layout(20, 0, Reference::None, (10, 2)), AUTOMATIC).unwrap();
    let mut rows = vec![0.0; 20 * transport.row_width()];
    let (ids, slots): (Vec<i64>, Vec<i32>) = ((1..=20).collect(), (0..20).collect());
    for (sample, frame) in frames.iter().enumerate() {
        let ions: Vec<f64> = frame.ions.iter().flatten().copied().collect();
        if transport.full() {
            let increments = transport.take_increments();
            transport.add_increments(&increments).unwrap();
        }
        let located = locate_all(&ions, &ids, &[], &[]).unwrap();
        let seen = transport::Frame {
            temperature: given,
            kinetic_temperature: Some(kinetic(sample)),
            ..seen(&located, &ions, &ids, &slots)
        };
        transport.sample(&seen, &mut rows).unwrap();
    }
    let increments = transport.take_increments();
    transport.add_increments(&increments).unwrap();
    transport
}

#[test]
fn given_and_kinetic_temperature_are_told_apart() {
    let codes = |transport: &Transport| -> Vec<&str> {
        let warnings = transport.results().unwrap().warnings;
        warnings.iter().map(|warning| warning.code).filter(|code| code.starts_with("temperature")).collect()
    };
    let other = at_temperatures(Some(300.0), |_| 900.0);
    let results = other.results().unwrap();
    assert_eq!((results.value("temperature"), results.value("temperature_kinetic")), (300.0, 900.0));
    assert_eq!(codes(&other), ["temperature_differs"]);
    assert_eq!(other.thermo().unwrap().vector[22], 900.0);
    assert!(codes(&at_temperatures(Some(300.0), |_| 306.0)).is_empty());
    let ramp = at_temperatures(Some(300.0), |sample| 300.0 + 0.2 * sample as f64 - 60.0);
    assert_eq!(codes(&ramp), ["temperature_ramp"]);
    assert!(codes(&at_temperatures(None, |_| 900.0)).is_empty());
    // the state knows
    let again = Transport::open(&ramp.state(&Provenance::default()).unwrap(), AUTOMATIC).unwrap();
    assert_eq!(again.results().unwrap(), ramp.results().unwrap());
}

/// Two runs whose ions fall into the eight groups differently: errors of the joined run must not come from the sizes of the groups.
#[test]
fn groups_of_ions_are_counted_in_each_run() {
    let evaluation = Evaluation { fit: Fit::Window(1.0, 6.0), ..AUTOMATIC };
    let run = |seed: u64, ids: &[i64]| {
        let frames = Walk { ions: ids.len(), framework: 0, step: 0.3, drift: [0.0; 3], seed }.frames(150);
        let mut transport = Transport::new(layout(ids.len(), 0, Reference::None, (10, 3)), evaluation).unwrap();
        let mut rows = vec![0.0; ids.len() * transport.row_width()];
        let slots: Vec<i32> = (0..ids.len() as i32).collect();
        for frame in &frames {
            let ions: Vec<f64> = frame.ions.iter().flatten().copied().collect();
            if transport.full() {
                let increments = transport.take_increments();
                transport.add_increments(&increments).unwrap();
            }
            let located = locate_all(&ions, ids, &[], &[]).unwrap();
            transport.sample(&seen(&located, &ions, ids, &slots), &mut rows).unwrap();
        }
        let increments = transport.take_increments();
        transport.add_increments(&increments).unwrap();
        transport
    };
    // 48 ions each: groups of 8, 4, 8, 4, ... in one run, 4, 8, 4, 8, ... in the other
    let uneven = |first: i64| -> Vec<i64> {
        let mut ids = Vec::new();
        for group in 0..8 {
            let size = if (group + first) % 2 == 0 { 8 } else { 4 };
            ids.extend((0..size).map(|k| 8 * (k + 1) + group));
        }
        ids
    };
    let (mut all, mut scatter) = (Vec::new(), Vec::new());
    for seed in 0..60 {
        let mut joined = run(3000 + 2 * seed, &uneven(0));
        joined.join(&run(3001 + 2 * seed, &uneven(1)).state(&Provenance::default()).unwrap()).unwrap();
        let own = joined.findings().unwrap().own;
        all.push(own.value);
        scatter.push(own.error.unwrap());
    }
    let mean = all.iter().sum::<f64>() / 60.0;
    let true_error = (all.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 59.0).sqrt();
    let stated = scatter.iter().sum::<f64>() / 60.0;
    // sizes taken from the first run alone make groups of 1.5 and 0.75 times D: an error of a third of D / sqrt(8)
    assert!((0.7..1.4).contains(&(stated / true_error)), "{stated} {true_error} {mean}");
}

/// Positions of ions that walk at random and rattle: MSD = 3 step^2 (t + 10) samples once the rattling is forgotten, after 2.
fn rattling(ions: usize, count: usize, seed: u64) -> Vec<Frame> {
    let walk = Walk { ions, framework: ions, step: 0.3, drift: [0.0; 3], seed }.frames(count);
    let mut rattle = vec![[0.0f64; 3]; ions];
    let memory = (-0.5f64).exp();
    let kick = (1.0 - memory * memory).sqrt() * 5f64.sqrt() * 0.3;
    // framework atoms rattle by a tenth of normal numbers of width 0.3 about their sites: the noise is theirs
    let sites: Vec<[f64; 3]> = (0..ions)
        .map(|ion| {
            [0, 1, 2].map(|axis| walk.iter().map(|frame| frame.framework[ion][axis]).sum::<f64>() / count as f64)
        })
        .collect();
    walk.iter()
        .map(|frame| {
            let place = |ion: usize, rattle: &mut [[f64; 3]]| {
                [0, 1, 2].map(|axis| {
                    let noise = (frame.framework[ion][axis] - sites[ion][axis]) / 0.03;
                    rattle[ion][axis] = memory * rattle[ion][axis] + kick * noise;
                    frame.ions[ion][axis] + rattle[ion][axis]
                })
            };
            Frame { ions: (0..ions).map(|ion| place(ion, &mut rattle)).collect(), framework: Vec::new() }
        })
        .collect()
}

fn evaluated(frames: &[Frame], origins: u64, fit: Fit) -> Transport {
    let layout = TransportLayout { origins, ..layout(frames[0].ions.len(), 0, Reference::None, (10, 3)) };
    let mut transport = Transport::new(layout, Evaluation { fit, ..AUTOMATIC }).unwrap();
    feed(&mut transport, frames);
    transport
}

/// Ions that rattle: where the rule of beta finds no window in a single run, the average over starts has a D within a tenth in nearly
/// all, intervals as wide as its scatter, and at a given window it scatters less than the line with weights 1/t^3 on fewer origins.
#[test]
fn rattling_walks_are_measured_in_short_runs() {
    let exact = 0.3f64.powi(2) / 2.0 / 0.1; // A^2/ps
    let (mut found, mut given, mut hits, mut twice, mut near, mut beta) = (Vec::new(), Vec::new(), 0, 0, 0, 0);
    for seed in 0..80 {
        let frames = rattling(36, 600, 7000 + seed);
        let transport = evaluated(&frames, 5, Fit::Stationary);
        let own = |fit: Fit| diffusion(transport.sums(), fit).unwrap().map(|found| found.own);
        let stationary = own(Fit::Stationary).unwrap();
        beta += i32::from(own(Fit::Beta).is_ok());
        hits += i32::from((stationary.value - exact).abs() < stationary.error.unwrap());
        twice += i32::from((stationary.value - exact).abs() < 2.0 * stationary.error.unwrap());
        near += i32::from((stationary.value / exact - 1.0).abs() < 0.1);
        found.push(stationary.value / exact);
        given.push(own(Fit::Window(1.0, 10.0)).unwrap().value / exact);
    }
    let statistics = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt())
    };
    let (mean, scatter) = statistics(&found);
    let (given_mean, given_scatter) = statistics(&given);
    println!(
        "found {mean} {scatter}, given {given_mean} {given_scatter}, within {hits} {twice}, near {near}, beta {beta}"
    );
    assert!(beta == 0 && near >= 76, "{beta} {near}");
    assert!((mean - 1.0).abs() < 0.035 && scatter < 0.05, "{mean} {scatter}");
    assert!((40..=66).contains(&hits) && twice >= 71, "{hits} {twice}");
    // 3.9 % with the weights 1/t^3 and one origin in each unit of a level
    assert!((given_mean - 1.0).abs() < 0.015 && given_scatter < 0.037, "{given_mean} {given_scatter}");
}

/// The weights in the file are those of D, of a line, and known to the reader.
#[test]
fn weights_of_the_line_are_in_the_results() {
    let transport = evaluated(&rattling(30, 500, 1), 5, Fit::Stationary);
    let results = transport.results().unwrap();
    let weights: Vec<(f64, f64)> = serde_json::from_value(results.series["fit_weights"].clone()).unwrap();
    let (lag, msd) = (column(&transport, "lag_ps"), column(&transport, "msd_A^2"));
    let at = |wanted: f64| lag.iter().position(|lag| (lag - wanted).abs() < 1e-9).unwrap();
    let slope: f64 = weights.iter().map(|(lag, weight)| weight * msd[at(*lag)]).sum();
    close(slope / 6.0 * CM2, results.value("D"), 1e-10, "D");
    close(weights.iter().map(|(lag, weight)| lag * weight).sum(), 1.0, 1e-6, "slope of t");
    let axes: f64 = ["D_x", "D_y", "D_z"].iter().map(|axis| results.value(axis)).sum();
    close(axes / 3.0, results.value("D"), 1e-10, "mean over axes");
}

/// Ions that move in fours: blocks of time see that there are fewer of them, groups and the motion's own statistics do not.
#[test]
fn ions_that_move_together_have_larger_errors() {
    let (mut own, mut errors) = (Vec::new(), Vec::new());
    for seed in 0..40 {
        let walk = Walk { ions: 8, framework: 0, step: 0.3, drift: [0.0; 3], seed: 500 + seed }.frames(3000);
        let frames: Vec<Frame> = walk.iter().map(|frame| Frame::moving(32, |ion| frame.ions[ion % 8])).collect();
        let value = evaluated(&frames, 5, Fit::Window(1.0, 6.0)).findings().unwrap().own;
        own.push(value.value);
        errors.push(value.error.unwrap());
    }
    let mean = own.iter().sum::<f64>() / 40.0;
    let scatter = (own.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / 39.0).sqrt();
    let stated = errors.iter().sum::<f64>() / 40.0;
    assert!((0.7..1.4).contains(&(stated / scatter)), "{stated} {scatter}");
}

/// States of versions that knew one origin for each unit of a level can still be evaluated and joined.
#[test]
fn states_without_origins_have_one() {
    let frames = Walk { ions: 20, framework: 0, step: 0.3, drift: [0.0; 3], seed: 3 }.frames(400);
    let transport = evaluated(&frames, 1, Fit::Stationary);
    let state = transport.state(&Provenance::default()).unwrap();
    let older = state.replace("\"origins\":1,\"every\"", "\"every\"");
    assert_ne!(state, older);
    let read = Transport::open(&older, AUTOMATIC).unwrap();
    assert_eq!(read.results().unwrap(), transport.results().unwrap());
}

/// A run ends when D is known: not at the first small error, and with little bias.
#[test]
fn enough_is_known_only_when_all_guards_hold() {
    let (mut relative, mut lengths, mut hits) = (Vec::new(), Vec::new(), 0);
    let exact = 0.3f64.powi(2) / 2.0 / 0.1 * CM2;
    for seed in 0..12 {
        let frames = rattling(36, 1500, 9000 + seed);
        let layout = layout(36, 0, Reference::None, (10, 3));
        let mut transport = Transport::new(layout, AUTOMATIC).unwrap();
        let mut rows = vec![0.0; 36 * transport.row_width()];
        let mut end = None;
        for (sample, chunk) in frames.chunks(50).enumerate() {
            feed_on(&mut transport, &mut rows, chunk);
            if let Some(words) = transport.enough(0.1).unwrap() {
                assert!(words.starts_with("D is known to ") && words.ends_with("the run ends"), "{words}");
                end = Some(50 * (sample + 1));
                break;
            }
        }
        let found = transport.findings().unwrap();
        let own = found.own;
        assert!(own.relative().unwrap() < 0.1 && found.found.unwrap().missing(0.1, found.time + 0.1).is_none());
        // a fourth of it is enough for an error of 10 % by itself
        lengths.push(end.unwrap());
        relative.push(own.value / exact - 1.0);
        hits += i32::from((own.value - exact).abs() < 2.0 * own.error.unwrap());
    }
    let bias = relative.iter().sum::<f64>() / 12.0;
    println!("lengths {lengths:?} bias {bias} within two errors {hits}");
    assert!(
        lengths.iter().all(|&length| length >= 200) && bias.abs() < 0.05 && hits >= 10,
        "{lengths:?} {bias} {hits}"
    );
}
