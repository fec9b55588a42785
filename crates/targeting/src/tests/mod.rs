//! The vectors of `sdk/spec`, properties, and what neither says.

mod facts;
mod vectors;
