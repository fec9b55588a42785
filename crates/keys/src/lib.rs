#[derive(Debug, thiserror::Error)]
pub enum KeyError {}
