//! What is given on the command line: `--name value` pairs, and flags without a value.

use std::fmt::Display;
use std::path::PathBuf;
use std::str::FromStr;

use crate::load::Load;
use crate::sustained::Sustained;

const USAGE: &str = "\
cargo xtask bench ingest                        the edge beside a bare endpoint
cargo xtask bench ingest --sustained [--rate EVENTS_A_SECOND] [--batch N] [--connections N] [--seconds N] [--people N]
                                                the whole product for minutes, while questions are asked
cargo xtask bench ingest --target URL --key-file FILE [--protocol segment] [--ca FILE] [--rate EVENTS_A_SECOND]
                         [--batch N] [--connections N] [--seconds N] [--events N] [--people N]
                                                any server under the same load; prints one line of JSON. The file holds
                                                the write key; https needs --ca, whose certificates are trusted";

/// What to do.
pub(crate) enum Task {
    Beside,
    Sustained(Sustained),
    Load(Box<Load>),
}

/// The pairs that are left.
struct Words(Vec<String>);

impl Task {
    /// Reads the command line; says what is wrong with it.
    pub(crate) fn parse(words: Vec<String>) -> Result<Self, String> {
        let mut words = Words(words);
        let task = if words.0.is_empty() {
            Self::Beside
        } else if words.flag("sustained") {
            Self::Sustained(words.sustained()?)
        } else {
            Self::Load(Box::new(words.load()?))
        };
        match words.0.first() {
            Some(word) => Err(format!("{word} is not understood here\n\n{USAGE}")),
            None => Ok(task),
        }
    }
}

impl Words {
    fn flag(&mut self, name: &str) -> bool {
        let place = self.0.iter().position(|word| word.strip_prefix("--") == Some(name));
        place.map(|place| self.0.remove(place)).is_some()
    }

    fn value<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, String> {
        let place = self.0.iter().position(|word| word.strip_prefix("--") == Some(name));
        let Some(place) = place else { return Ok(None) };
        self.0.remove(place);
        if place == self.0.len() {
            return Err(format!("--{name} wants a value\n\n{USAGE}"));
        }
        let value = self.0.remove(place);
        value.parse().map(Some).map_err(|error| format!("--{name} {value}: {error}"))
    }

    fn load(&mut self) -> Result<Load, String> {
        let wanted = |name: &str| format!("give --{name}\n\n{USAGE}");
        if let Some(protocol) = self.value::<String>("protocol")?
            && protocol != "segment"
        {
            return Err(format!("--protocol {protocol}: segment is the one that is spoken here"));
        }
        let target: String = self.value("target")?.ok_or_else(|| wanted("target"))?;
        let authority = self.value::<PathBuf>("ca")?;
        if authority.is_none() && target.starts_with("https://") {
            return Err(wanted("ca"));
        }
        let key_file: PathBuf = self.value("key-file")?.ok_or_else(|| wanted("key-file"))?;
        Ok(Load {
            target,
            key_file,
            authority,
            batch: self.at_least_one("batch", 100)?,
            connections: self.at_least_one("connections", 32)?,
            seconds: self.value("seconds")?.unwrap_or(10),
            events: self.value("events")?.unwrap_or(u64::MAX),
            people: self.some("people")?,
            rate: self.some("rate")?,
            every: self.some("every")?,
        })
    }

    fn sustained(&mut self) -> Result<Sustained, String> {
        Ok(Sustained {
            rate: self.some("rate")?.unwrap_or(100_000),
            batch: self.at_least_one("batch", 200)?,
            connections: self.at_least_one("connections", 32)?,
            seconds: self.value("seconds")?.unwrap_or(300),
            people: self.some("people")?.unwrap_or(20_000),
        })
    }

    fn some(&mut self, name: &str) -> Result<Option<u64>, String> {
        match self.value(name)? {
            Some(0) => Err(format!("--{name} 0 sends nothing")),
            other => Ok(other),
        }
    }

    fn at_least_one(&mut self, name: &str, usual: usize) -> Result<usize, String> {
        match self.value(name)?.unwrap_or(usual) {
            0 => Err(format!("--{name} 0 sends nothing")),
            number => Ok(number),
        }
    }
}
