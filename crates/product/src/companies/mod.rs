//! Companies: customers of the customer. Known by the customer's own id, which stands in the keyring; a person acts for the
//! company that they were last grouped with. Like a person a company has a key pair of its own, to which its personal
//! values are sealed.

pub(crate) mod api;
pub(crate) mod store;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use ::store::keyring::SubjectKind;
use base::ProblemResult;
use base::id::{CompanyId, EnvironmentId};

use crate::App;
use crate::authority::TenantReader;
use crate::people;
use crate::problem::store_failed;

/// Our id and the customer's, of companies by number.
pub(crate) async fn shown(
    app: &App,
    environment: EnvironmentId,
    numbers: &[u64],
) -> ProblemResult<HashMap<u64, (CompanyId, Option<String>)>> {
    let mut ids = people::outside_ids(app, environment, SubjectKind::Company, numbers).await?;
    let reader = TenantReader::new(app, environment);
    let rows = store::rows_of(reader, numbers).await.map_err(store_failed)?;
    let id = |bytes| CompanyId(uuid::Uuid::from_bytes(bytes));
    Ok(rows.into_iter().map(|row| (row.number, (id(row.id), ids.remove(&row.number)))).collect())
}
