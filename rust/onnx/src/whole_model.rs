// SPDX-License-Identifier: MIT
//! The model file's own graph in float64: the reference of the self-check.

use deepion_potential::{Error, Part, Result, WholeModel, row_by_row};
use ndarray::{Array2, ArrayView2};
use ort::session::{Session, SessionInputValue};
use ort::value::TensorRef;
use std::borrow::Cow;

use crate::library::Library;
use crate::model_file::ModelFile;
use crate::networks::start_session;

/// A session on the whole file.
pub struct OnnxWholeModel {
    session: Session,
    slots: usize,
    numb_fparam: usize,
    numb_aparam: usize,
}

impl OnnxWholeModel {
    /// Starts the session.
    ///
    /// # Errors
    /// The graph is malformed.
    pub fn new(library: &Library, file: &ModelFile) -> Result<Self> {
        let session = start_session(library, file.bytes()).map_err(|e| {
            Error::Model(format!("ONNX Runtime cannot run the model file's graph: {e}; export the model again"))
        })?;
        let contract = &file.contract;
        let slots =
            contract.parts.iter().map(Part::slots).sum::<usize>() + contract.pair_table.as_ref().map_or(0, |t| t.sel);
        Ok(Self { session, slots, numb_fparam: contract.numb_fparam, numb_aparam: contract.numb_aparam })
    }
}

impl WholeModel for OnnxWholeModel {
    fn evaluate(
        &mut self,
        coord: ArrayView2<f64>,
        types: &[i64],
        nlist: ArrayView2<i64>,
        fparam: &[f64],
        aparam: ArrayView2<f64>,
    ) -> Result<(Vec<f64>, Array2<f64>)> {
        let failed = |e: ort::Error| Error::Engine(format!("ONNX Runtime failed on the model file's graph: {e}"));
        let (nall, nloc) = (types.len(), nlist.nrows());
        let coord = row_by_row("coord", coord)?;
        let nlist = row_by_row("nlist", nlist)?;
        let aparam = row_by_row("aparam", aparam)?;
        let mut inputs: Vec<(Cow<str>, SessionInputValue)> = vec![
            ("coord".into(), TensorRef::from_array_view(([nall, 3], coord)).map_err(failed)?.into()),
            ("atype".into(), TensorRef::from_array_view(([nall], types)).map_err(failed)?.into()),
            ("nlist".into(), TensorRef::from_array_view(([nloc, self.slots], nlist)).map_err(failed)?.into()),
        ];
        if self.numb_fparam > 0 {
            inputs.push((
                "fparam".into(),
                TensorRef::from_array_view(([self.numb_fparam], fparam)).map_err(failed)?.into(),
            ));
        }
        if self.numb_aparam > 0 {
            inputs.push((
                "aparam".into(),
                TensorRef::from_array_view(([nloc, self.numb_aparam], aparam)).map_err(failed)?.into(),
            ));
        }
        let outputs = self.session.run(inputs).map_err(failed)?;
        let take = |name: &str| -> Result<Vec<f64>> {
            let value = outputs
                .get(name)
                .ok_or_else(|| Error::Model(format!("the model file's graph has no output {name}")))?;
            Ok(value.try_extract_tensor::<f64>().map_err(failed)?.1.to_vec())
        };
        let forces = take("force")?;
        let rows = forces.len() / 3;
        let forces = Array2::from_shape_vec((rows, 3), forces)
            .map_err(|e| Error::Model(format!("forces of the model file's graph: {e}")))?;
        Ok((take("atom_energy")?, forces))
    }
}
