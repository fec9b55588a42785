//! The command line. Every flag has an environment variable `PILOTFISH_…` and a key in `pilotfish.toml`.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use base::id::{EdgeGrantId, EnvironmentId};
use clap::builder::BoolishValueParser;
use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use keys::KeyKind;
use product::doors::TlsProfile;
use product::key_rotation::Policy;
use product::{AttemptLimits, Duties};

use crate::control::Days;

/// Self-hosted in-app guidance and surveys that keep every security promise they make.
#[derive(Debug, Parser)]
#[command(name = "pilotfish", version, propagate_version = true)]
pub(crate) struct Cli {
    /// Configuration file; without it, `pilotfish.toml` in the working folder if it is there
    #[arg(long, global = true, env = "PILOTFISH_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make keys, stores, an organisation and its owner, and print the credentials once
    Init(InitArgs),
    /// Serve; an empty data folder is made ready first
    Serve(Box<ServeArgs>),
    /// Bring both PostgreSQL databases to this release's schema, as their owner, before roles that run apart are started
    Migrate(MigrateArgs),
    /// Serve the demo: an app with Pilotfish in its pages, its people and their past
    Demo(Box<DemoArgs>),
    /// Damage a demo's data behind its back, to see the trust page turn red, and mend it
    DemoSabotage {
        #[command(subcommand)]
        command: SabotageCommand,
    },
    /// Keys: keep them safe, replace them
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// The event log and its parts
    Events {
        #[command(subcommand)]
        command: EventsCommand,
    },
    /// Members of the team
    Members {
        #[command(subcommand)]
        command: MembersCommand,
    },
    /// The local certificate authority
    Trust {
        #[command(subcommand)]
        command: TrustCommand,
    },
}

/// Where everything lies.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Data folder
    #[arg(long, env = "PILOTFISH_DATA", default_value = "./pilotfish-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Root key: a file outside the data folder, or a key of AWS KMS that seals it; of an edge also its bundle, bundle:PATH
    /// [default: pilotfish/root.key in the user's state folder]
    #[arg(long, env = "PILOTFISH_ROOT_KEY", value_name = "file:PATH|aws-kms:KEY")]
    pub(crate) root_key: Option<String>,
    #[command(flatten)]
    pub(crate) kms: KmsArgs,
    /// Second folder for the erasable keys, on another disk and outside the data folder [default: none]
    #[arg(long, env = "PILOTFISH_ERASABLE_COPY", value_name = "DIR")]
    pub(crate) erasable_copy: Option<PathBuf>,
}

/// What AWS KMS takes beside the key. Credentials come from AWS's own variables.
#[derive(Debug, Args)]
#[allow(clippy::struct_field_names, reason = "the fields are the flags")]
pub(crate) struct KmsArgs {
    /// Folder for the sealed root key and the erasable keys, outside the data folder; for --root-key aws-kms:KEY
    #[arg(long, env = "PILOTFISH_KMS_FOLDER", value_name = "DIR")]
    pub(crate) kms_folder: Option<PathBuf>,
    /// Region of the KMS key [default: the ARN's, or `AWS_REGION`]
    #[arg(long, env = "PILOTFISH_KMS_REGION", value_name = "REGION")]
    pub(crate) kms_region: Option<String>,
    /// Another endpoint than the region's [default: `AWS_ENDPOINT_URL_KMS`, if set]
    #[arg(long, env = "PILOTFISH_KMS_ENDPOINT", value_name = "URL")]
    pub(crate) kms_endpoint: Option<String>,
}

/// Which databases.
#[derive(Debug, Args)]
pub(crate) struct DatabaseArgs {
    /// Main store in PostgreSQL; without it, encrypted files in the data folder
    #[arg(long, env = "PILOTFISH_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(crate) database: Option<String>,
    /// Keyring in PostgreSQL [default: the main store's database name followed by _keyring]
    #[arg(long, env = "PILOTFISH_KEYRING_DATABASE", value_name = "URL", hide_env_values = true)]
    pub(crate) keyring_database: Option<String>,
    /// File that holds the URL of --database
    #[arg(long, env = "PILOTFISH_DATABASE_FILE", value_name = "FILE")]
    pub(crate) database_file: Option<PathBuf>,
    /// File that holds the URL of --keyring-database
    #[arg(long, env = "PILOTFISH_KEYRING_DATABASE_FILE", value_name = "FILE")]
    pub(crate) keyring_database_file: Option<PathBuf>,
    /// Connect to databases on other machines without having them prove who they are: whoever is in between reads and
    /// changes everything
    #[arg(long, env = "PILOTFISH_ALLOW_UNVERIFIED_DATABASE", value_parser = BoolishValueParser::new())]
    pub(crate) allow_unverified_database: bool,
}

/// Where the doors are reached from outside.
#[derive(Debug, Default, Args)]
#[allow(clippy::struct_field_names, reason = "the fields are the flags")]
pub(crate) struct UrlArgs {
    /// Public URL of the edge [default: its port on localhost]
    #[arg(long, env = "PILOTFISH_EDGE_URL", value_name = "URL")]
    pub(crate) edge_url: Option<String>,
    /// Public URL of the api [default: its port on localhost]
    #[arg(long, env = "PILOTFISH_API_URL", value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// Public URL of the dashboard [default: its port on dashboard.localhost]
    #[arg(long, env = "PILOTFISH_DASHBOARD_URL", value_name = "URL")]
    pub(crate) dashboard_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) urls: UrlArgs,
    /// E-mail address of the owner
    #[arg(long, env = "PILOTFISH_OWNER_EMAIL", value_name = "E")]
    pub(crate) owner_email: String,
    /// File that holds the owner's password; a trailing line break is not part of it
    #[arg(long, env = "PILOTFISH_PASSWORD_FILE", value_name = "F")]
    pub(crate) password_file: PathBuf,
    /// Print one JSON object
    #[arg(long, env = "PILOTFISH_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

/// Certificates by ACME.
#[derive(Debug, Args)]
#[allow(clippy::struct_field_names, reason = "the fields are the flags")]
pub(crate) struct AcmeArgs {
    /// Directory of an authority that signs for the public URLs' host names by ACME; agrees to its terms
    #[arg(long, env = "PILOTFISH_ACME", value_name = "URL|letsencrypt", conflicts_with = "tls_certificate")]
    pub(crate) acme: Option<String>,
    /// Where that authority may write to
    #[arg(long, env = "PILOTFISH_ACME_EMAIL", value_name = "E")]
    pub(crate) acme_email: Option<String>,
    /// Root of the directory's own certificate, PEM [default: what the system trusts]
    #[arg(long, env = "PILOTFISH_ACME_CA", value_name = "FILE")]
    pub(crate) acme_ca: Option<PathBuf>,
}

/// How often one may guess at a password.
#[derive(Debug, Args)]
#[allow(clippy::struct_field_names, reason = "the fields are the flags")]
pub(crate) struct GuessArgs {
    /// How many guesses at one account are looked at in 15 minutes; raise it for measurements only
    #[arg(long, env = "PILOTFISH_GUESSES_PER_ACCOUNT", default_value = "10", value_name = "N")]
    pub(crate) guesses_per_account: NonZeroUsize,
    /// The same from the networks of one address (/24 of IPv4, /48 of IPv6), whatever the accounts
    #[arg(long, env = "PILOTFISH_GUESSES_PER_ADDRESS", default_value = "100", value_name = "N")]
    pub(crate) guesses_per_address: NonZeroUsize,
}

impl GuessArgs {
    pub(crate) fn limits(&self) -> AttemptLimits {
        let (per_account, per_address) = (self.guesses_per_account.get(), self.guesses_per_address.get());
        AttemptLimits { per_account, per_address }
    }
}

/// Through which server letters to members go. The dashboard and the worker need it.
#[derive(Debug, Default, Args)]
pub(crate) struct MailArgs {
    /// Mail server, `smtps://user:password@host:465` or `smtp://user:password@host:587?tls=required` [default: none; links are
    /// shown to whoever invites]
    #[arg(long, env = "PILOTFISH_SMTP", value_name = "URL", hide_env_values = true)]
    pub(crate) smtp: Option<String>,
    /// File that holds the URL of --smtp
    #[arg(long, env = "PILOTFISH_SMTP_FILE", value_name = "FILE")]
    pub(crate) smtp_file: Option<PathBuf>,
    /// Root of the mail server's certificate, PEM [default: what the system trusts]
    #[arg(long, env = "PILOTFISH_SMTP_CA", value_name = "FILE")]
    pub(crate) smtp_ca: Option<PathBuf>,
    /// Who writes, such as Pilotfish <pilotfish@example.org>
    #[arg(long, env = "PILOTFISH_MAIL_FROM", value_name = "E")]
    pub(crate) mail_from: Option<String>,
}

/// Where identity providers may be. The dashboard needs it.
#[derive(Debug, Default, Args)]
pub(crate) struct ProviderArgs {
    /// Private networks in which identity providers may be asked, such as 10.1.0.0/16 [default: none; those on the internet only]
    #[arg(long, env = "PILOTFISH_IDENTITY_PROVIDER_NETWORKS", value_name = "CIDR,…", value_delimiter = ',')]
    pub(crate) identity_provider_networks: Vec<IpNet>,
}

/// What this process does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RoleArg {
    /// Everything
    All,
    /// Events and delivery
    Edge,
    /// The REST interface
    Api,
    /// The team's pages
    Dashboard,
    /// Background jobs
    Worker,
}

/// One of Mozilla's TLS profiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlsProfileArg {
    /// TLS 1.2 and 1.3
    Intermediate,
    /// TLS 1.3 only
    Modern,
}

impl ServeArgs {
    /// What this process does with what it shares with others.
    pub(crate) fn duties(&self) -> Duties {
        let has = |role| self.role == RoleArg::All || self.role == role;
        let edge = has(RoleArg::Edge).then(|| self.edge_name.clone());
        Duties { edge, worker: has(RoleArg::Worker) }
    }
}

impl From<TlsProfileArg> for TlsProfile {
    fn from(given: TlsProfileArg) -> Self {
        match given {
            TlsProfileArg::Intermediate => Self::Intermediate,
            TlsProfileArg::Modern => Self::Modern,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) urls: UrlArgs,
    #[command(flatten)]
    pub(crate) rotation: RotationArgs,
    /// What this process does
    #[arg(long, env = "PILOTFISH_ROLE", value_enum, default_value = "all")]
    pub(crate) role: RoleArg,
    /// Under which name an edge appends to the event log; every edge of a data folder has its own
    #[arg(long, env = "PILOTFISH_EDGE_NAME", default_value = product::EDGE, value_name = "NAME")]
    pub(crate) edge_name: String,
    /// Where the edge listens
    #[arg(long, env = "PILOTFISH_EDGE", default_value = "127.0.0.1:8443", value_name = "ADDR:PORT")]
    pub(crate) edge: SocketAddr,
    /// Where the api listens
    #[arg(long, env = "PILOTFISH_API", default_value = "127.0.0.1:8445", value_name = "ADDR:PORT")]
    pub(crate) api: SocketAddr,
    /// Where the dashboard listens
    #[arg(long, env = "PILOTFISH_DASHBOARD", default_value = "127.0.0.1:8444", value_name = "ADDR:PORT")]
    pub(crate) dashboard: SocketAddr,
    /// Where the operator's monitoring asks
    #[arg(long, env = "PILOTFISH_METRICS", default_value = "127.0.0.1:9464", value_name = "ADDR:PORT")]
    pub(crate) metrics: SocketAddr,
    /// Own certificate chain, PEM; read again when it changes [default: the local authority's]
    #[arg(long, env = "PILOTFISH_TLS_CERTIFICATE", value_name = "FILE")]
    pub(crate) tls_certificate: Option<PathBuf>,
    /// Private key of the own certificate, PEM
    #[arg(long, env = "PILOTFISH_TLS_KEY", value_name = "FILE")]
    pub(crate) tls_key: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) acme: AcmeArgs,
    /// Listen without TLS to send browsers to https and to answer the proofs of --acme [default: off]
    #[arg(long, env = "PILOTFISH_HTTP", value_name = "ADDR:PORT")]
    pub(crate) http: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) mail: MailArgs,
    #[command(flatten)]
    pub(crate) guesses: GuessArgs,
    #[command(flatten)]
    pub(crate) providers: ProviderArgs,
    /// Which clients the doors speak TLS with: one of Mozilla's profiles
    #[arg(long, env = "PILOTFISH_TLS_PROFILE", value_enum, default_value = "intermediate")]
    pub(crate) tls_profile: TlsProfileArg,
    /// Which log lines: error, warn, info, debug, or a filter by target
    #[arg(long, env = "PILOTFISH_LOG", default_value = "info", value_name = "FILTER")]
    pub(crate) log: String,
}

/// What a demo takes beside what serving takes.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    pub(crate) serve: ServeArgs,
    /// Where Harbour, the demo's app, listens
    #[arg(long, env = "PILOTFISH_SITE", default_value = "127.0.0.1:8446", value_name = "ADDR:PORT")]
    pub(crate) site: SocketAddr,
    /// Public URL of Harbour [default: <https://localhost>:PORT]
    #[arg(long, env = "PILOTFISH_SITE_URL", value_name = "URL")]
    pub(crate) site_url: Option<String>,
    /// How many people Harbour has, decided at the first start [default: 3200]
    #[arg(long, env = "PILOTFISH_PEOPLE", value_name = "N")]
    pub(crate) people: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MembersCommand {
    /// Print a link with which a member who has forgotten their password chooses a new one, once, within half an hour
    ResetLink(ResetLinkArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ResetLinkArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) urls: UrlArgs,
    /// The member's e-mail address
    #[arg(long, env = "PILOTFISH_EMAIL", value_name = "E")]
    pub(crate) email: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Read every file of the event log and of the parts, and name what is not as it was written
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Write the root and erasable keys, encrypted with age, for safe keeping
    Escrow(EscrowArgs),
    /// Put back what an escrow holds and is missing; nothing is overwritten
    Restore(RestoreArgs),
    /// Make another key for the api, or for servers that send events, and print it once
    Issue(IssueArgs),
    /// Show what keys there are: kind, owner, version, state, age and next rotation
    List(ListArgs),
    /// Replace keys that are due
    Rotate(RotateArgs),
    /// Let edges run without the root key
    Grant {
        #[command(subcommand)]
        command: GrantCommand,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum GrantCommand {
    /// Write a bundle for one edge: what it needs and no more, not the root key
    Edge(GrantEdgeArgs),
    /// Show which grants there are, with their age
    List(GrantListArgs),
    /// End a grant: its edge stops, and its bundle opens nothing any more
    Revoke(GrantRevokeArgs),
}

#[derive(Debug, Args)]
pub(crate) struct GrantEdgeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Where to write it, outside the data folder; must not exist
    #[arg(long, env = "PILOTFISH_OUT", value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Public URL of the edge, for whose host the local authority signs [default: its own machine only]
    #[arg(long, env = "PILOTFISH_EDGE_URL", value_name = "URL")]
    pub(crate) edge_url: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct GrantListArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// Print one JSON object
    #[arg(long, env = "PILOTFISH_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct GrantRevokeArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// The grant, as keys grant list names it
    #[arg(value_name = "egr_…")]
    pub(crate) grant: EdgeGrantId,
}

/// How old keys may become.
#[derive(Debug, Default, Args)]
pub(crate) struct RotationArgs {
    /// After how many days keys rotate, by kind; 0 for never, as for root and erasable keys unless they are named here: a
    /// turn of these makes escrows written before useless [default: docs/rotation.md]
    #[arg(long, env = "PILOTFISH_ROTATE_DAYS", value_name = "KIND=DAYS,…")]
    pub(crate) rotate_days: Option<Policy>,
}

impl RotationArgs {
    pub(crate) fn policy(&self) -> Policy {
        self.rotate_days.clone().unwrap_or_default()
    }

    /// The days of every kind, if any were given.
    pub(crate) fn days(&self) -> Option<Days> {
        let policy = self.rotate_days.as_ref()?;
        Some(KeyKind::ALL.iter().map(|kind| (*kind, policy.days(*kind))).collect())
    }
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) rotation: RotationArgs,
    /// Print one JSON object
    #[arg(long, env = "PILOTFISH_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RotateArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    #[command(flatten)]
    pub(crate) rotation: RotationArgs,
    /// Only keys of this kind, as pilotfish keys list names it
    #[arg(id = "key_kind", long = "kind", env = "PILOTFISH_KEY_KIND", value_name = "KIND")]
    pub(crate) kind: Option<KeyKind>,
    /// Whether or not they are due
    #[arg(long, env = "PILOTFISH_NOW", value_parser = BoolishValueParser::new())]
    pub(crate) now: bool,
    /// Print one JSON object
    #[arg(long, env = "PILOTFISH_JSON", value_parser = BoolishValueParser::new())]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The decrypted escrow, as age -d writes it; - for standard input
    #[arg(long, env = "PILOTFISH_ESCROW", value_name = "FILE")]
    pub(crate) escrow: PathBuf,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IssueKind {
    /// The REST interface: everything in the organisation, for 90 days
    Api,
    /// Sending events to one environment
    Server,
}

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) database: DatabaseArgs,
    /// What the key is for
    #[arg(long, env = "PILOTFISH_KIND", value_enum)]
    pub(crate) kind: IssueKind,
    /// The environment of a server key
    #[arg(long, env = "PILOTFISH_ENVIRONMENT", value_name = "env_…")]
    pub(crate) environment: Option<EnvironmentId>,
}

#[derive(Debug, Args)]
pub(crate) struct EscrowArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Who can decrypt it
    #[arg(long, env = "PILOTFISH_RECIPIENT", value_name = "age1…")]
    pub(crate) recipient: String,
    /// Where to write it; must not exist
    #[arg(long, env = "PILOTFISH_OUT", value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SabotageCommand {
    /// Flip one bit of the demo's event log
    Break(FolderArgs),
    /// Flip it back
    Mend(FolderArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum TrustCommand {
    /// Put the local certificate authority into the system's and the browsers' trust stores
    Install(FolderArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FolderArgs {
    /// Data folder
    #[arg(long, env = "PILOTFISH_DATA", default_value = "./pilotfish-data", value_name = "DIR")]
    pub(crate) data: PathBuf,
}
