// SPDX-License-Identifier: MIT
//! deepion model files and their networks on ONNX Runtime. The only crate that names `ort`.

mod fitting_steps;
#[cfg(test)]
mod hostile_files;
mod library;
mod model_file;
mod networks;
#[allow(missing_docs)]
mod proto;
mod runtime_version;
mod weights;
mod whole_model;

pub use library::{Library, load};
pub use model_file::{ModelFile, intact};
pub use networks::{OnnxNetworks, OnnxReal};
pub use whole_model::OnnxWholeModel;
