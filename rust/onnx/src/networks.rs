// SPDX-License-Identifier: MIT
//! The networks of one worker, each an ONNX Runtime session of its own, in float32 or float64.

use deepion_potential::{
    Error, Fitting, FittingSteps, Networks, Pair, Part, Real, ReducedLevel, Result, TypedNetworks, row_by_row,
    row_by_row_mut,
};
use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{Session, SessionInputValue};
use ort::value::{PrimitiveTensorElementType, TensorRef};

use crate::library::Library;
use crate::model_file::ModelFile;
use crate::proto::ElementType;
use crate::weights::RowBlock;

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

/// A network of the file.
struct Network {
    name: String,
    session: LateSession,
}

/// Its session, or the model that one is started from when it is needed: with tables only close pairs need it.
enum LateSession {
    Started(Session),
    Waiting(Vec<u8>),
}

impl Network {
    fn waiting(name: &str, model: Vec<u8>) -> Self {
        Self { name: name.into(), session: LateSession::Waiting(model) }
    }

    fn session(&mut self, library: &Library) -> Result<&mut Session> {
        if let LateSession::Waiting(model) = &self.session {
            self.session = LateSession::Started(start(library, &self.name, model)?);
        }
        match &mut self.session {
            LateSession::Started(session) => Ok(session),
            LateSession::Waiting(_) => Err(Error::Internal("a session was not started".into())),
        }
    }
}

/// An embedding net.
struct EmbeddingNet {
    network: Network,
    /// Whether it takes the pair of types.
    with_pair: bool,
}

/// A fitting net.
struct FittingNet<R> {
    network: Network,
    /// Whether it takes the type of the centers.
    with_type: bool,
    /// Where the net takes D with the axis faster: the descriptors with directions, and room for D and its gradient in that order.
    reordered: Option<(Vec<RowBlock>, Vec<R>, Vec<R>)>,
}

/// An input of a session.
enum Values<'a, R> {
    /// Rows of so many values.
    Rows(&'a [R], usize),
    /// One whole number.
    Index([i64; 1]),
}

/// One session per network of the model.
pub struct OnnxNetworks<R> {
    ntypes: usize,
    numb_param: usize,
    /// Width of the embedding, per descriptor.
    widths: Vec<usize>,
    /// Per descriptor: position in `embeddings`, per type pair.
    embedding_of: Vec<Vec<Option<usize>>>,
    embeddings: Vec<EmbeddingNet>,
    library: Library,
    /// Per descriptor.
    gates: Vec<Option<Session>>,
    /// One for all types, or one per type; none where others run it.
    fittings: Vec<Option<FittingNet<R>>>,
    /// The input of an embedding net.
    s: Vec<R>,
}

impl<R: OnnxReal> OnnxNetworks<R> {
    /// Starts all sessions. Each runs on the thread that calls it.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn new(library: &Library, file: &ModelFile) -> Result<Self> {
        let mut networks = Self::beside_tables(library, file, &[])?;
        networks.start_embeddings()?;
        Ok(networks)
    }

    /// Starts the sessions of fitting nets, but those of types that are known by their `steps` and run without. These and those of
    /// embedding nets wait until they are needed.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn beside_tables(library: &Library, file: &ModelFile, steps: &[Option<FittingSteps>]) -> Result<Self> {
        let mut networks = Self::embeddings(library, file)?;
        let with_type = matches!(file.contract.fitting, Fitting::Shared(_));
        for (center, name) in file.contract.fitting.functions().iter().enumerate() {
            let (model, m_faster) = file.fitting(name, R::ELEMENT)?;
            let reordered = (!m_faster).then(|| (file.transposed_blocks(), Vec::new(), Vec::new()));
            let mut network = Network::waiting(name, model);
            let known = if with_type {
                steps.iter().any(Option::is_some)
            } else {
                steps.get(center).is_some_and(Option::is_some)
            };
            if !known {
                network.session(library)?;
            }
            networks.fittings.push(Some(FittingNet { network, with_type, reordered }));
        }
        Ok(networks)
    }

    /// Starts the sessions of reduced fitting nets, but those that are known by their `steps` and run without. Those of embedding nets
    /// wait until they are needed.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn reduced(
        library: &Library,
        file: &ModelFile,
        level: &ReducedLevel,
        steps: &[Option<FittingSteps>],
    ) -> Result<Self> {
        let mut networks = Self::embeddings(library, file)?;
        for (center, name) in level.fitting.iter().enumerate() {
            let known = steps.get(center).is_some_and(Option::is_some);
            networks.fittings.push(if known {
                None
            } else {
                let mut network =
                    Network::waiting(name, file.reduced_fitting(name, level.features(center), R::ELEMENT)?);
                network.session(library)?;
                Some(FittingNet { network, with_type: false, reordered: None })
            });
        }
        Ok(networks)
    }

    /// Starts the sessions of the embedding nets and gates alone: enough for what is prepared once from them.
    ///
    /// # Errors
    /// A network of the file is malformed.
    pub fn embeddings_only(library: &Library, file: &ModelFile) -> Result<Self> {
        let mut networks = Self::embeddings(library, file)?;
        networks.start_embeddings()?;
        for part in &file.contract.parts {
            let gate = |name: &String| start(library, name, &file.gate(part, name)?);
            networks.gates.push(part.gate.as_ref().map(|g| gate(&g.function)).transpose()?);
        }
        Ok(networks)
    }

    fn embeddings(library: &Library, file: &ModelFile) -> Result<Self> {
        let contract = &file.contract;
        let ntypes = contract.ntypes();
        let (mut embeddings, mut embedding_of) = (Vec::new(), Vec::new());
        for part in &contract.parts {
            let mut started: Vec<(&str, usize)> = Vec::new();
            let mut of_pair = Vec::with_capacity(ntypes * ntypes);
            for name in (0..ntypes * ntypes).map(|pair| part.embedding_of(pair / ntypes, pair % ntypes)) {
                let Some(name) = name else {
                    of_pair.push(None);
                    continue;
                };
                let known = started.iter().find(|(known, _)| *known == name).map(|(_, at)| *at);
                let at = known.unwrap_or(embeddings.len());
                if known.is_none() {
                    let (model, with_pair) = file.embedding(part, name, R::ELEMENT)?;
                    embeddings.push(EmbeddingNet { network: Network::waiting(name, model), with_pair });
                    started.push((name, at));
                }
                of_pair.push(Some(at));
            }
            embedding_of.push(of_pair);
        }
        let numb_param = contract.numb_param();
        let widths = contract.parts.iter().map(Part::width).collect();
        Ok(Self {
            ntypes,
            numb_param,
            widths,
            embedding_of,
            embeddings,
            library: library.clone(),
            gates: Vec::new(),
            fittings: Vec::new(),
            s: Vec::new(),
        })
    }

    fn start_embeddings(&mut self) -> Result<()> {
        self.embeddings.iter_mut().try_for_each(|net| net.network.session(&self.library).map(|_| ()))
    }

    /// The number by which functions know a pair of types.
    fn index(&self, pair: Pair) -> usize {
        pair.center * self.ntypes + pair.neighbor
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
    fn embed(&mut self, pair: Pair, s: &[f64], g: ArrayViewMut2<f64>, dg: ArrayViewMut2<f64>) -> Result<()> {
        let (g, dg) = (row_by_row_mut("g", g)?, row_by_row_mut("dg", dg)?);
        let index = self.index(pair);
        let Some(at) = self.embedding_of[pair.part][index] else {
            return Err(Error::Input(format!("types {} and {} have no embedding net", pair.center, pair.neighbor)));
        };
        self.s.clear();
        self.s.extend(s.iter().map(|&v| R::from_f64(v)));
        let widen = |to: &mut [f64], from: &[R]| to.iter_mut().zip(from).for_each(|(t, v)| *t = v.to_f64());
        let net = &mut self.embeddings[at];
        let inputs = [Values::Rows(&self.s, 1), Values::Index([index as i64])];
        let inputs = if net.with_pair { &inputs } else { &inputs[..1] };
        run(net.network.session(&self.library)?, inputs, &[g.len(), dg.len()], |k, values| match k {
            0 => widen(g, values),
            _ => widen(dg, values),
        })
    }

    fn gate(&mut self, pair: Pair) -> Result<Vec<f64>> {
        let index = self.index(pair) as i64;
        let (Some(Some(session)), Some(width)) = (self.gates.get_mut(pair.part), self.widths.get(pair.part)) else {
            return Err(Error::Input(format!("descriptor {} has no gate", pair.part)));
        };
        let mut factor = Vec::new();
        run::<f64>(session, &[Values::Index([index])], &[*width], |_, values| factor = values.to_vec())?;
        Ok(factor)
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
        let shared = self.fittings.first().is_some_and(|f| f.as_ref().is_some_and(|f| f.with_type));
        let Some(Some(net)) = self.fittings.get_mut(if shared { 0 } else { center }) else {
            return Err(Error::Input(format!("type {center} has no fitting net here")));
        };
        let FittingNet { network, with_type, reordered } = net;
        if energy.is_empty() {
            return Ok(());
        }
        let (numb_param, session) = (self.numb_param, network.session(&self.library)?);
        let mut evaluate = |descriptor: &[R], gradient: &mut [R]| {
            let mut inputs = vec![Values::Rows(descriptor, len)];
            if *with_type {
                inputs.push(Values::Index([center as i64]));
            }
            if numb_param > 0 {
                inputs.push(Values::Rows(param, numb_param));
            }
            run(session, &inputs, &[energy.len(), gradient.len()], |k, values| match k {
                0 => energy.copy_from_slice(values),
                _ => gradient.copy_from_slice(values),
            })
        };
        let Some((blocks, d, g)) = reordered else { return evaluate(descriptor, gradient) };
        d.clear();
        d.extend_from_slice(descriptor);
        g.resize(descriptor.len(), R::default());
        for &RowBlock { first, fast, slow } in &*blocks {
            transpose(descriptor, d, (len, first), slow, fast);
        }
        evaluate(d, g)?;
        gradient.copy_from_slice(g);
        for &RowBlock { first, fast, slow } in &*blocks {
            transpose(g, gradient, (len, first), fast, slow);
        }
        Ok(())
    }
}

/// Transposes matrices of `rows` x `columns`, which begin at `first` of every `len` values.
fn transpose<R: OnnxReal>(from: &[R], to: &mut [R], (len, first): (usize, usize), rows: usize, columns: usize) {
    for (from, to) in from.chunks_exact(len).zip(to.chunks_exact_mut(len)) {
        for row in 0..rows {
            for column in 0..columns {
                to[first + column * rows + row] = from[first + row * columns + column];
            }
        }
    }
}

/// Runs a session on its inputs and hands its outputs, of the given lengths, to `take`.
fn run<R: OnnxReal>(
    session: &mut Session,
    inputs: &[Values<R>],
    lengths: &[usize],
    mut take: impl FnMut(usize, &[R]),
) -> Result<()> {
    let failed = |e: ort::Error| Error::Engine(format!("ONNX Runtime failed: {e}"));
    let mut values: Vec<SessionInputValue> = Vec::with_capacity(inputs.len());
    for input in inputs {
        values.push(match input {
            Values::Rows(data, width) => {
                TensorRef::from_array_view(([data.len() / width, *width], *data)).map_err(failed)?.into()
            }
            Values::Index(index) => TensorRef::from_array_view(([1], &index[..])).map_err(failed)?.into(),
        });
    }
    let results = session.run(values.as_slice()).map_err(failed)?;
    for (k, &expected) in lengths.iter().enumerate() {
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
