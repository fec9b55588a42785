//! What rules look like in an OpenAPI document. Their JSON is read and written by hand ([`crate::parse`]), so their shape
//! cannot be derived from the tree; it is said here, once, and the vectors of `sdk/spec` hold what is read to it.
#![expect(dead_code, reason = "these are shapes: nothing of them is ever made")]

use std::borrow::Cow;

use serde_json::Value;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::{Count, Did, Filter, Op, Rule};

/// A condition on a person, what they did and the page they are on.
#[derive(ToSchema)]
#[serde(untagged)]
enum RuleShape {
    /// Every part holds; true if there is none.
    All {
        #[schema(no_recursion)]
        all: Vec<Rule>,
    },
    /// At least one part holds; false if there is none.
    Any {
        #[schema(no_recursion)]
        any: Vec<Rule>,
    },
    /// The part does not hold.
    Not {
        #[schema(no_recursion)]
        not: Box<Rule>,
    },
    Filter(Filter),
    Did(Did),
}

/// A condition on one field.
#[derive(ToSchema)]
struct FilterShape {
    /// `person.plan`, `company.size`, `event.amount`, `page.path`, `device.kind`, `locale`.
    field: String,
    op: Op,
    /// What the field is compared with; absent for `is_set` and `is_not_set`.
    #[schema(required = false)]
    value: Value,
}

/// A condition on what somebody did.
#[derive(ToSchema)]
struct DidShape {
    /// The event's name.
    event: String,
    /// What must hold of an event for it to count.
    #[schema(required = false)]
    filters: Vec<Filter>,
    /// How often; at least once unless given.
    #[schema(required = false)]
    count: Count,
    /// How far back events count, such as `30d`; all of them unless given.
    #[schema(required = false)]
    within: String,
}

/// What makes content appear, by name.
#[derive(ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TriggerKind {
    Page,
    Event,
    Manual,
}

macro_rules! shaped {
    ($($name:ident = $shape:ty;)+) => {$(
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                <$shape>::schema()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                <$shape>::schemas(schemas);
            }
        }
    )+};
}

shaped! {
    Rule = RuleShape;
    Filter = FilterShape;
    Did = DidShape;
}
