//! PF-1: in production a browser cannot speak for a user without the customer's signature.

use store::{Scope, sql};

use crate::App;
use crate::trust::check::{Seen, Unseen};

pub(super) async fn look(app: &App) -> Result<Seen, Unseen> {
    let mut seen = Seen::default();
    let rows = sql("SELECT name, min(identity_required) AS required FROM environments GROUP BY name ORDER BY name");
    for row in rows.fetch_all(app.main.read(Scope::System)).await? {
        let (name, required): (String, bool) = (row.get("name")?, row.get("required")?);
        match (name.as_str(), required) {
            ("production", true) => {
                seen.shows("In production a browser names a user only with a signed identity token.");
            }
            ("production", false) => seen.broken("In production a browser may name any user, without a signature."),
            (_, true) => seen.shows("An environment for trying out requires signed identity too."),
            (_, false) => seen.shows("An environment for trying out lets a browser name anybody; its data are apart."),
        }
    }
    Ok(seen)
}
