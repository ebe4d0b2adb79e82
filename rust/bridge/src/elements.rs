// SPDX-License-Identifier: MIT
//! What elements weigh.

use mendeleev::Element;

/// Standard atomic weight, g/mol, by the symbol; 0: no such element, or none of known weight.
pub fn element_mass(symbol: &str) -> f64 {
    let found = Element::list().iter().find(|element| element.symbol() == symbol);
    found.map_or(0.0, |element| element.atomic_weight().into())
}

/// Symbol and number of the element with this symbol; where there is none, of the one whose atoms have this mass, g/mol, to 0.2. X and 0:
/// none.
pub fn element_of(symbol: &str, mass: f64) -> (String, u8) {
    let named = Element::list().iter().find(|element| element.symbol() == symbol);
    let apart = |element: &&Element| (f64::from(element.atomic_weight()) - mass).abs();
    let nearest =
        Element::list().iter().min_by(|a, b| apart(a).total_cmp(&apart(b))).filter(|element| apart(element) < 0.2);
    let found = named.or(nearest);
    found.map_or(("X".into(), 0), |element| (element.symbol().into(), *element as u8 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_by_name_or_mass() {
        let of = |symbol, mass| element_of(symbol, mass);
        assert_eq!(of("Ti", 1.0), ("Ti".into(), 22));
        assert_eq!(of("type2", 6.941), ("Li".into(), 3));
        assert_eq!(of("NULL", 32.0), ("S".into(), 16));
        assert_eq!(of("", 10.0), ("X".into(), 0));
    }

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
