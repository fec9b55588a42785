//! Surveys: content that asks. What they share with flows is in [`crate::content`]; here is what is asked
//! ([`model`]), and what came back.

pub(crate) mod model;

crate::content::kind_routes!(Survey, "/surveys", "surveys", "survey");
