// SPDX-License-Identifier: MIT
//! The networks of one worker, each an ONNX Runtime session of its own, in float32 or float64.

use deepion_potential::{Error, Networks, Real, ReducedLevel, Result, TypedNetworks, row_by_row, row_by_row_mut};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{PrimitiveTensorElementType, TensorRef};

use crate::library::Library;
use crate::model_file::{ModelFile, features};
use crate::proto::ElementType;

/// A floating-point type that networks run in.
pub trait OnnxReal: Real + PrimitiveTensorElementType {
    /// ONNX' number for it.
    const ELEMENT: ElementType;
}

impl OnnxReal for f32 {
    const ELEMENT: ElementType = ElementType::Float32;
}

impl OnnxReal for f64 {
    const ELEMENT: ElementType = ElementType::Float64;
}

/// The session of a fitting net.
struct Fitting<R> {
    session: Session,
    /// Where the net takes D with the axis faster: M, and room for D and its gradient in that order.
    reordered: Option<(usize, Vec<R>, Vec<R>)>,
}

/// One session per network of the model.
pub struct OnnxNetworks<R> {
    ntypes: usize,
    numb_param: usize,
    /// Position in `embeddings`, per type pair.
    embedding_of: Vec<Option<usize>>,
    embeddings: Vec<Session>,
    fittings: Vec<Fitting<R>>,
    /// The input of an embedding net.
    s: Vec<R>,
}

impl<R: OnnxReal> OnnxNetworks<R> {
    /// Starts all sessions. Each runs on the thread that calls it.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn new(library: &Library, file: &ModelFile) -> Result<Self> {
        let mut networks = Self::embeddings_only(library, file)?;
        let width = file.contract.width();
        let fitting = |name: &String| {
            let (model, m_faster) = file.fitting(name, R::ELEMENT)?;
            let reordered = (!m_faster).then(|| (width, Vec::new(), Vec::new()));
            Ok(Fitting { session: start(library, name, &model)?, reordered })
        };
        networks.fittings = file.contract.fitting.iter().map(fitting).collect::<Result<_>>()?;
        Ok(networks)
    }

    /// Starts the sessions of reduced fitting nets, and of the embedding nets.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn reduced(library: &Library, file: &ModelFile, level: &ReducedLevel) -> Result<Self> {
        let mut networks = Self::embeddings_only(library, file)?;
        let fitting = |(name, &n): (&String, &usize)| {
            let session = start(library, name, &file.reduced_fitting(name, features(n), R::ELEMENT)?)?;
            Ok(Fitting { session, reordered: None })
        };
        networks.fittings = level.fitting.iter().zip(&level.columns).map(fitting).collect::<Result<_>>()?;
        Ok(networks)
    }

    /// Starts the sessions of the embedding nets alone: enough for what is prepared once from them.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn embeddings_only(library: &Library, file: &ModelFile) -> Result<Self> {
        let contract = &file.contract;
        let mut names: Vec<&str> = Vec::new();
        let mut embedding_of = Vec::new();
        for name in contract.embedding.iter().flatten() {
            embedding_of.push(name.as_deref().map(|name| {
                names.iter().position(|n| *n == name).unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                })
            }));
        }
        let embedding = |name: &&str| start(library, name, &file.embedding(name, R::ELEMENT)?);
        Ok(Self {
            ntypes: contract.ntypes(),
            numb_param: contract.numb_param(),
            embedding_of,
            embeddings: names.iter().map(embedding).collect::<Result<_>>()?,
            fittings: Vec::new(),
            s: Vec::new(),
        })
    }
}

fn start(library: &Library, name: &str, model: &[u8]) -> Result<Session> {
    start_session(library, model)
        .map_err(|e| Error::Model(format!("ONNX Runtime cannot run network {name}: {e}; export the model again")))
}

/// A session that uses the caller's thread alone and keeps nothing per input shape (shapes change at every step).
pub(crate) fn start_session(library: &Library, model: &[u8]) -> ort::Result<Session> {
    Session::builder(&library.environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_memory_pattern(false)?
        .commit_from_memory(model)
}

impl<R: OnnxReal> Networks for OnnxNetworks<R> {
    fn embed(
        &mut self,
        center: usize,
        neighbor: usize,
        s: &[f64],
        g: ArrayViewMut2<f64>,
        dg: ArrayViewMut2<f64>,
    ) -> Result<()> {
        let (g, dg) = (row_by_row_mut("g", g)?, row_by_row_mut("dg", dg)?);
        let Some(session) = self.embedding_of[center * self.ntypes + neighbor] else {
            return Err(Error::Input(format!("types {center} and {neighbor} have no embedding net")));
        };
        self.s.clear();
        self.s.extend(s.iter().map(|&v| R::from_f64(v)));
        let widen = |to: &mut [f64], from: &[R]| to.iter_mut().zip(from).for_each(|(t, v)| *t = v.to_f64());
        run(&mut self.embeddings[session], &[(&self.s, 1)], [g.len(), dg.len()], |k, values| match k {
            0 => widen(g, values),
            _ => widen(dg, values),
        })
    }

    fn fit(
        &mut self,
        center: usize,
        descriptor: ArrayView2<f64>,
        param: ArrayView2<f64>,
        energy: &mut [f64],
        mut gradient: ArrayViewMut2<f64>,
    ) -> Result<()> {
        let (d, p) = (descriptor.mapv(R::from_f64), param.mapv(R::from_f64));
        let (mut e, mut g) = (vec![R::default(); energy.len()], Array2::from_elem(gradient.dim(), R::default()));
        self.fit_typed(center, d.view(), p.view(), &mut e, g.view_mut())?;
        energy.iter_mut().zip(e).for_each(|(to, value)| *to = value.to_f64());
        gradient.zip_mut_with(&g, |to, value| *to = value.to_f64());
        Ok(())
    }
}

impl<R: OnnxReal> TypedNetworks<R> for OnnxNetworks<R> {
    fn fit_typed(
        &mut self,
        center: usize,
        descriptor: ArrayView2<R>,
        param: ArrayView2<R>,
        energy: &mut [R],
        gradient: ArrayViewMut2<R>,
    ) -> Result<()> {
        let len = descriptor.ncols();
        let (descriptor, param) = (row_by_row("descriptor", descriptor)?, row_by_row("param", param)?);
        let gradient = row_by_row_mut("gradient", gradient)?;
        let Some(Fitting { session, reordered }) = self.fittings.get_mut(center) else {
            return Err(Error::Input(format!("type {center} has no fitting net here")));
        };
        if energy.is_empty() {
            return Ok(());
        }
        let numb_param = self.numb_param;
        let mut evaluate = |descriptor: &[R], gradient: &mut [R]| {
            let inputs = [(descriptor, len), (param, numb_param)];
            let inputs = if numb_param == 0 { &inputs[..1] } else { &inputs };
            run(session, inputs, [energy.len(), gradient.len()], |k, values| match k {
                0 => energy.copy_from_slice(values),
                _ => gradient.copy_from_slice(values),
            })
        };
        let Some((width, d, g)) = reordered else { return evaluate(descriptor, gradient) };
        d.resize(descriptor.len(), R::default());
        g.resize(descriptor.len(), R::default());
        transpose(descriptor, d, len, len / *width, *width);
        evaluate(d, g)?;
        transpose(g, gradient, len, *width, len / *width);
        Ok(())
    }
}

/// Transposes matrices of `rows` x `columns`, each of `len` values.
fn transpose<R: OnnxReal>(from: &[R], to: &mut [R], len: usize, rows: usize, columns: usize) {
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
        for row in 0..rows {
            for column in 0..columns {
                to[column * rows + row] = from[row * columns + column];
            }
        }
    }
}

/// Runs a session on inputs with rows of the given widths and hands its two outputs, of the given lengths, to `take`.
fn run<R: OnnxReal>(
    session: &mut Session,
    inputs: &[(&[R], usize)],
    lengths: [usize; 2],
    mut take: impl FnMut(usize, &[R]),
) -> Result<()> {
    let failed = |e: ort::Error| Error::Engine(format!("ONNX Runtime failed: {e}"));
    let mut values: Vec<SessionInputValue> = Vec::with_capacity(inputs.len());
    for (data, width) in inputs {
        values.push(TensorRef::from_array_view(([data.len() / width, *width], *data)).map_err(failed)?.into());
    }
    let results = session.run(values.as_slice()).map_err(failed)?;
    for (k, expected) in lengths.into_iter().enumerate() {
        let (_, values) = results[k].try_extract_tensor::<R>().map_err(failed)?;
        if values.len() != expected {
            return Err(Error::Model(format!(
                "a network returned {} values, expected {expected}; export the model again",
                values.len()
            )));
        }
        take(k, values);
    }
    Ok(())
}
