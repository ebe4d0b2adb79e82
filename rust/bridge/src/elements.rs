//! What the elements of `pair_coeff` weigh.

use mendeleev::Element;

/// Standard atomic weight, g/mol, by the symbol; 0 where there is no such element, or none of known weight.
pub fn element_mass(symbol: &str) -> f64 {
    let found = Element::list().iter().find(|element| element.symbol() == symbol);
    found.map_or(0.0, |element| element.atomic_weight().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights() {
        for (symbol, weight) in [("H", 1.008), ("Li", 6.94), ("P", 30.974), ("S", 32.06), ("Ti", 47.867), ("U", 238.03)]
        {
            assert!((element_mass(symbol) / weight - 1.0).abs() < 1e-3, "{symbol} {}", element_mass(symbol));
        }
        assert!(element_mass("X").abs() + element_mass("li").abs() + element_mass("").abs() == 0.0);
    }
}
