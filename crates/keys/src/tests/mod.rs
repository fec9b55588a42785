//! Tests of whole paths.
