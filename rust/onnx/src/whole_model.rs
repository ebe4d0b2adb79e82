// SPDX-License-Identifier: MIT
//! The model file's own graph in float64: the reference of the self-check.

use deepion_potential::{Error, Result, WholeModel};
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
        let slots = contract.sel.iter().sum();
        Ok(Self { session, slots, numb_fparam: contract.numb_fparam, numb_aparam: contract.numb_aparam })
    }
}

impl WholeModel for OnnxWholeModel {
    fn evaluate(
        &mut self,
        coord: &[f64],
        types: &[i64],
        nlist: &[i64],
        fparam: &[f64],
        aparam: &[f64],
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        let failed = |e: ort::Error| Error::Engine(format!("ONNX Runtime failed on the model file's graph: {e}"));
        let (nall, nloc) = (types.len(), nlist.len() / self.slots);
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
        Ok((take("atom_energy")?, take("force")?))
    }
}
