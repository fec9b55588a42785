//! `pilotfish.toml`: its keys are the flags, with `_` for `-`. A flag wins over an environment variable, that over the
//! file. An unknown key is refused with the nearest valid name.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _};

use crate::args::Cli;

const DEFAULT_FILE: &str = "pilotfish.toml";

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The command line is wrong, or asks for help.
    #[error(transparent)]
    Usage(#[from] clap::Error),
    /// The file cannot be read.
    #[error("{path}: {reason}")]
    File { path: PathBuf, reason: String },
    /// The file has a key that no command knows.
    #[error("{path}: unknown key {key}; did you mean {nearest}?")]
    UnknownKey { path: PathBuf, key: String, nearest: String },
}

/// The command line, with the file's values as defaults.
pub(crate) fn read() -> Result<Cli, ConfigError> {
    let command = Cli::command();
    let first = command.clone().ignore_errors(true).try_get_matches();
    let named = first.ok().and_then(|matches| config_of(&matches));
    let command = match named {
        Some(path) => with_defaults(command, &path)?,
        None if Path::new(DEFAULT_FILE).exists() => with_defaults(command, Path::new(DEFAULT_FILE))?,
        None => command,
    };
    Ok(Cli::from_arg_matches(&command.try_get_matches()?)?)
}

fn config_of(matches: &ArgMatches) -> Option<PathBuf> {
    matches.try_get_one::<PathBuf>("config").ok().flatten().cloned()
}

fn with_defaults(mut command: Command, path: &Path) -> Result<Command, ConfigError> {
    let failed = |reason: String| ConfigError::File { path: path.to_owned(), reason };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| failed(error.message().to_owned()))?;
    let known = flags_of(&command);
    for (key, value) in table {
        if !known.contains(&key) {
            let nearest = known
                .iter()
                .max_by(|a, b| strsim::jaro_winkler(a, &key).total_cmp(&strsim::jaro_winkler(b, &key)))
                .cloned()
                .unwrap_or_default();
            return Err(ConfigError::UnknownKey { path: path.to_owned(), key, nearest });
        }
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Boolean(value) => value.to_string(),
            toml::Value::Integer(value) => value.to_string(),
            _ => return Err(failed(format!("{key} takes a text, a number, true or false"))),
        };
        command = with_default(command, &key, &value);
    }
    Ok(command)
}

/// The flags of all commands, by their key in the file.
fn flags_of(command: &Command) -> Vec<String> {
    let mut flags: Vec<String> = command
        .get_arguments()
        .filter(|arg| arg.get_long().is_some() && arg.get_id() != "config")
        .map(|arg| arg.get_id().to_string())
        .collect();
    for sub in command.get_subcommands() {
        flags.extend(flags_of(sub));
    }
    flags.sort();
    flags.dedup();
    flags
}

/// Gives a flag a default in every command that has it.
fn with_default(command: Command, key: &str, value: &str) -> Command {
    let mut command = command;
    if command.get_arguments().any(|arg| arg.get_id() == key) {
        let value = value.to_owned();
        command = command.mut_arg(key, |arg| {
            // The file may hold secrets, and help is shown to anybody.
            let hides = arg.get_action().takes_values();
            arg.default_value(value).hide_default_value(hides).required(false)
        });
    }
    let names: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in names {
        command = command.mut_subcommand(name, |sub| with_default(sub, key, value));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::Command as Parsed;

    fn with_file(text: &str, line: &[&str]) -> Result<Cli, ConfigError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pilotfish.toml");
        std::fs::write(&path, text).unwrap();
        let command = with_defaults(Cli::command(), &path)?;
        Ok(Cli::from_arg_matches(&command.try_get_matches_from(line)?)?)
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let text = "edge = \"127.0.0.1:1\"\napi = \"127.0.0.1:2\"";
        let cli = with_file(text, &["pilotfish", "serve", "--api", "127.0.0.1:3"]).unwrap();
        let Parsed::Serve(serve) = cli.command else { panic!("not serve") };
        assert_eq!((serve.edge.port(), serve.api.port(), serve.dashboard.port()), (1, 3, 8444));
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_name() {
        let error = with_file("dashbord = \"x\"", &["pilotfish", "serve"]).unwrap_err();
        assert!(error.to_string().ends_with("unknown key dashbord; did you mean dashboard?"), "{error}");
    }

    #[test]
    fn help_shows_no_value_of_the_file() {
        let text = "database = \"postgres://u:secret-word@h/d\"";
        let help = with_file(text, &["pilotfish", "serve", "--help"]).unwrap_err().to_string();
        assert!(help.contains("--database-file"), "{help}");
        assert!(!help.contains("secret-word"), "{help}");
    }

    #[test]
    fn networks_of_the_file_are_a_list() {
        let text = "identity_provider_networks = \"10.1.0.0/16,fd12::/32\"";
        let Parsed::Serve(serve) = with_file(text, &["pilotfish", "serve"]).unwrap().command else {
            panic!("not serve")
        };
        let expected: Vec<ipnet::IpNet> = vec!["10.1.0.0/16".parse().unwrap(), "fd12::/32".parse().unwrap()];
        assert_eq!(serve.providers.identity_provider_networks, expected);
        with_file("identity_provider_networks = \"10.1.0.0\"", &["pilotfish", "serve"]).unwrap_err();
    }

    #[test]
    fn a_yes_of_the_file_is_a_flag() {
        let line = ["pilotfish", "init", "--owner-email", "a@b.c", "--password-file", "p"];
        let Parsed::Init(init) = with_file("json = true", &line).unwrap().command else { panic!("not init") };
        assert!(init.json);
    }
}
