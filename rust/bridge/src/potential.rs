//! The handle that C++ holds.
use crate::ffi;
/// A model, ready to compute.
pub struct Potential;
type R<T> = Result<T, String>;
pub fn open_potential(_name: &str, _bytes: &[u8], _settings: &ffi::Settings) -> R<Box<Potential>> { Err("not built yet".into()) }
impl Potential {
    pub fn info(&self) -> ffi::ModelInfo { todo!() }
    pub fn compute(&mut self, _atoms: ffi::Atoms, _output: ffi::Output) -> R<ffi::Totals> { todo!() }
    pub fn self_check(&mut self, _atoms: ffi::Atoms) -> R<ffi::CheckResult> { todo!() }
    pub fn take_alerts(&mut self) -> ffi::Alerts { todo!() }
    pub fn memory_bytes(&self) -> usize { 0 }
}
pub fn model_deviation(_forces: &[f64], _models: usize, _relative: f64) -> R<Vec<f64>> { todo!() }
