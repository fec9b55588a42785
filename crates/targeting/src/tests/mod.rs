//! The vectors of `sdk/spec`, properties, and what neither says.

mod facts;
mod oracle;
mod properties;
mod strategies;
mod unit;
mod vectors;
