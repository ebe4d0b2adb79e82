// SPDX-License-Identifier: MIT
//! Physical constants, CODATA 2018 (exact since the SI of 2019 but for the atomic mass), and the unit conversions that
//! follow from them.

/// Boltzmann constant, J/K.
pub const BOLTZMANN: f64 = 1.380_649e-23;
/// Avogadro constant, 1/mol.
pub const AVOGADRO: f64 = 6.022_140_76e23;
/// Elementary charge, C.
pub const CHARGE: f64 = 1.602_176_634e-19;
/// Planck constant, J s.
pub const PLANCK: f64 = 6.626_070_15e-34;
/// Atomic mass unit, kg.
pub const ATOMIC_MASS: f64 = 1.660_539_066_60e-27;
/// Speed of light, cm/s: from THz to 1/cm.
pub const LIGHT_CM: f64 = 2.997_924_58e10;

/// Boltzmann constant, eV/K.
pub const BOLTZMANN_EV: f64 = BOLTZMANN / CHARGE;
/// Boltzmann constant, amu (A/ps)^2 / K.
pub const BOLTZMANN_AMU: f64 = BOLTZMANN / ATOMIC_MASS * 1e-4;
/// h x 1 THz / k, K.
pub const TERAHERTZ_KELVIN: f64 = PLANCK * 1e12 / BOLTZMANN;
/// 1/cm in one THz.
pub const WAVENUMBERS: f64 = 1e12 / LIGHT_CM;
/// cm^2/s in one A^2/ps.
pub const CM2_PER_S: f64 = 1e-4;
/// m^2/s in one A^2/ps.
pub const M2_PER_S: f64 = 1e-8;
