//! The border for elements: what those of `pair_coeff` weigh.

use deepion_potential::Result;
use mendeleev::Element;

use crate::guard::guard_only;

#[allow(missing_docs, unsafe_code)]
#[cxx::bridge(namespace = "deepion::ffi")]
mod ffi {
    extern "Rust" {
        /// Standard atomic weight, g/mol, by the symbol; 0: no such element, or none of known weight.
        fn element_mass(symbol: &str) -> Result<f64>;
    }
}

fn element_mass(symbol: &str) -> Result<f64> {
    guard_only(|| {
        let found = Element::list().iter().find(|element| element.symbol() == symbol);
        Ok(found.map_or(0.0, |element| element.atomic_weight().into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        let mass = |symbol: &str| element_mass(symbol).unwrap();
        for (symbol, weight) in [("H", 1.008), ("Li", 6.94), ("P", 30.974), ("S", 32.06), ("Ti", 47.867), ("U", 238.03)]
        {
            assert!((mass(symbol) / weight - 1.0).abs() < 1e-3, "{symbol} {}", mass(symbol));
        }
        assert!(mass("X").abs() + mass("li").abs() + mass("").abs() == 0.0);
    }
}
