//! Everything that a database holds, as text: bytes in hex. For tests that look for what must not be there.

use store::{Db, Engine, Scope, sql};

/// Every row of every table, lower case.
pub(crate) async fn dump(db: &Db) -> String {
    let tables = match db.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_master WHERE type = 'table'",
        Engine::Postgres => {
            "SELECT table_name::text AS name FROM information_schema.tables WHERE table_schema = 'public'"
        }
    };
    let mut text = String::new();
    for row in sql(tables).fetch_all(db.read(Scope::System)).await.unwrap() {
        let table: String = row.get("name").unwrap();
        text.push_str(&format!("{table}\n"));
        for line in rows(db, &table).await {
            text.push_str(&line);
            text.push('\n');
        }
    }
    text.to_lowercase()
}

async fn rows(db: &Db, table: &str) -> Vec<String> {
    let statement = match db.engine() {
        Engine::Postgres => format!("SELECT t::text AS line FROM {table} t"),
        Engine::Sqlite => {
            let columns = sql(format!("SELECT name FROM pragma_table_info('{table}')"));
            let columns = columns.fetch_all(db.read(Scope::System)).await.unwrap();
            let quoted: Vec<String> =
                columns.iter().map(|row| format!("quote({})", row.get::<String>("name").unwrap())).collect();
            format!("SELECT {} AS line FROM {table}", quoted.join(" || ' ' || "))
        }
    };
    let rows = sql(statement).fetch_all(db.read(Scope::System)).await.unwrap();
    rows.iter().map(|row| row.get("line").unwrap()).collect()
}
