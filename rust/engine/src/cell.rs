// SPDX-License-Identifier: MIT
//! The periodic cell of a frame.

use deepion_potential::{Error, Result};

/// Three vectors, A.
pub type Vectors = [[f64; 3]; 3];

/// Smallest ratio of a cell's volume to the product of its edges: below it, rounding decides what is a neighbor.
const FLATTEST: f64 = 1e-10;

/// Cell vectors with what is needed of them. Open directions without a vector have a unit vector perpendicular to the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Row by row, A.
    pub vectors: Vectors,
    /// Fractions of the vectors at a place are its coordinates times this.
    pub inverse: Vectors,
    /// Along which vectors the atoms repeat.
    pub periodic: [bool; 3],
}

impl Cell {
    /// A cell from its vectors, A; those of open directions are of no effect and may be zero.
    ///
    /// # Errors
    /// Vectors that are not finite, or no volume where atoms repeat.
    pub fn new(vectors: Vectors, periodic: [bool; 3]) -> Result<Self> {
        if vectors.iter().flatten().any(|v| !v.is_finite()) {
            return Err(Error::NonFinite(format!("the cell has a number that is not finite: {vectors:?}")));
        }
        let given = vectors;
        let mut vectors = vectors;
        for k in (0..3).filter(|&k| !periodic[k]) {
            vectors[k] = [0.0; 3]; // as far as atoms go there is no end
        }
        for k in (0..3).filter(|&k| !periodic[k]) {
            vectors[k] = perpendicular(vectors[(k + 1) % 3], vectors[(k + 2) % 3]);
        }
        let volume = dot(vectors[0], cross(vectors[1], vectors[2]));
        let edges: f64 = vectors.iter().map(|&v| norm(v)).product();
        if volume.abs().is_nan() || volume.abs() <= FLATTEST * edges {
            return Err(Error::Input(format!(
                "the cell {given:?} has no volume along its periodic directions: its vectors must not be zero or lie in a plane"
            )));
        }
        let columns = [0, 1, 2].map(|k| cross(vectors[(k + 1) % 3], vectors[(k + 2) % 3]).map(|v| v / volume));
        let inverse = [0, 1, 2].map(|row| [0, 1, 2].map(|k| columns[k][row]));
        Ok(Self { vectors, inverse, periodic })
    }

    /// Fractions of the vectors at `x`.
    #[must_use]
    pub fn fractions(&self, x: [f64; 3]) -> [f64; 3] {
        times(x, &self.inverse)
    }

    /// Distances between opposite faces, A.
    #[must_use]
    pub fn heights(&self) -> [f64; 3] {
        [0, 1, 2].map(|k| 1.0 / norm([0, 1, 2].map(|row| self.inverse[row][k])))
    }

    /// The place of `count` cell vectors, A.
    #[must_use]
    pub fn place(&self, count: [i32; 3]) -> [f64; 3] {
        times(count.map(f64::from), &self.vectors)
    }
}

/// A row vector times a matrix.
pub fn times(x: [f64; 3], matrix: &Vectors) -> [f64; 3] {
    [0, 1, 2].map(|k| x[0] * matrix[0][k] + x[1] * matrix[1][k] + x[2] * matrix[2][k])
}

/// Scalar product.
pub fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn norm(a: [f64; 3]) -> f64 {
    dot(a, a).sqrt()
}

fn cross(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [0, 1, 2].map(|k| a[(k + 1) % 3] * b[(k + 2) % 3] - a[(k + 2) % 3] * b[(k + 1) % 3])
}

/// A unit vector perpendicular to two others, of which one or both may be zero; zero where they are parallel.
fn perpendicular(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    let zero = [0.0; 3];
    let is_zero = |v: [f64; 3]| dot(v, v) <= 0.0;
    let normal = match (is_zero(a), is_zero(b)) {
        (true, true) => [1.0, 0.0, 0.0],
        (false, false) => cross(a, b),
        _ => {
            let given = if is_zero(a) { b } else { a };
            let smallest = (0..3).min_by(|&i, &j| given[i].abs().total_cmp(&given[j].abs())).unwrap_or(0);
            let mut axis = zero;
            axis[smallest] = 1.0;
            cross(given, axis)
        }
    };
    let length = norm(normal);
    if length > 0.0 { normal.map(|v| v / length) } else { zero }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_and_heights() {
        let cell = Cell::new([[4.0, 0.0, 0.0], [1.0, 5.0, 0.0], [0.5, -2.0, 6.0]], [true; 3]).unwrap();
        let x = [0, 1, 2].map(|k| 0.2 * cell.vectors[0][k] - 1.5 * cell.vectors[1][k] + 0.7 * cell.vectors[2][k]);
        for (found, expected) in cell.fractions(x).into_iter().zip([0.2, -1.5, 0.7]) {
            assert!((found - expected).abs() < 1e-14);
        }
        assert!((cell.heights()[2] - 6.0).abs() < 1e-14);
        assert!(cell.heights()[0] < 4.0);
        for (found, expected) in cell.place([1, 0, -2]).into_iter().zip([3.0, 4.0, -12.0]) {
            assert!((found - expected).abs() < 1e-14);
        }
    }

    #[test]
    fn open_directions_need_no_vector() {
        for periodic in [[true, true, false], [false, true, false], [false, false, true], [false; 3]] {
            let cell = Cell::new([[3.0, 1.0, 0.0], [0.0, 4.0, 1.0], [0.0; 3]].map(|v: [f64; 3]| v), periodic);
            if periodic[2] {
                assert!(cell.unwrap_err().to_string().contains("no volume"));
                continue;
            }
            let cell = cell.unwrap();
            for k in (0..3).filter(|&k| !periodic[k]) {
                assert!((norm(cell.vectors[k]) - 1.0).abs() < 1e-14);
                for other in (0..3).filter(|&m| m != k) {
                    assert!(dot(cell.vectors[k], cell.vectors[other]).abs() < 1e-13, "{cell:?}");
                }
            }
        }
    }

    #[test]
    fn cells_without_volume_are_refused() {
        let flat = [[3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [3.0, 3.0, 0.0]];
        for vectors in [flat, [[0.0; 3]; 3]] {
            let text = Cell::new(vectors, [true; 3]).unwrap_err().to_string();
            assert!(text.contains("has no volume"), "{text}");
        }
        let text = Cell::new([[f64::NAN; 3]; 3], [false; 3]).unwrap_err().to_string();
        assert!(text.contains("not finite"), "{text}");
    }
}
