//! Flows: content that leads, over one or more pages. What they share with surveys is in [`crate::content`]; here are
//! their steps ([`model`]), and how far people came.

pub(crate) mod model;

crate::content::kind_routes!(Flow, "/flows", "flows", "flow");
