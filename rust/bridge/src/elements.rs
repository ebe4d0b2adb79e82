// SPDX-License-Identifier: MIT
//! What elements weigh.

use mendeleev::Element;

/// Standard atomic weight, g/mol, by the symbol; 0: no such element, or none of known weight.
pub fn element_mass(symbol: &str) -> f64 {
    let found = Element::list().iter().find(|element| element.symbol() == symbol);
    found.map_or(0.0, |element| element.atomic_weight().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        let mass = element_mass;
        for (symbol, weight) in [("H", 1.008), ("Li", 6.94), ("P", 30.974), ("S", 32.06), ("Ti", 47.867), ("U", 238.03)]
        {
            assert!((mass(symbol) / weight - 1.0).abs() < 1e-3, "{symbol} {}", mass(symbol));
        }
        assert!(mass("X").abs() + mass("li").abs() + mass("").abs() == 0.0);
    }
}
