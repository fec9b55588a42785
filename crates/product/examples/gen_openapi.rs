//! Prints `docs/generated/openapi.json`, for `cargo xtask gen`.
#![allow(clippy::print_stdout, reason = "this prints a file")]

fn main() -> Result<(), serde_json::Error> {
    println!("{}", serde_json::to_string_pretty(&product::dashboard_document())?);
    Ok(())
}
