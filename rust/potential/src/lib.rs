//! The Deep Potential as physics.
