//! The built-in roles and the permissions that they have.

/// What a member or key is trusted with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything, and the organisation itself.
    Owner,
    /// Everything but the organisation's ownership.
    Admin,
    /// Puts content live.
    Publisher,
    /// Drafts content.
    Editor,
    /// Asks questions of the data.
    Analyst,
    /// Looks.
    Viewer,
    /// Answers to the people whose data it is.
    PrivacyOfficer,
}

impl Role {
    const ALL: [Self; 7] =
        [Self::Owner, Self::Admin, Self::Publisher, Self::Editor, Self::Analyst, Self::Viewer, Self::PrivacyOfficer];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Publisher => "publisher",
            Self::Editor => "editor",
            Self::Analyst => "analyst",
            Self::Viewer => "viewer",
            Self::PrivacyOfficer => "privacy_officer",
        }
    }

    /// Whether it may read what is personal of end users.
    pub const fn reads_personal(self) -> bool {
        matches!(self, Self::Owner | Self::Admin | Self::PrivacyOfficer)
    }

    /// The role of a stored name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// Whether a permission is about the organisation or about one of its environments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// The organisation: no environment is named.
    Organisation,
    /// One environment: named by the key, or by the header `Pilotfish-Environment`.
    Environment,
}

/// What a session must have proven, beside its member's role. Keys prove themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proven {
    /// Whatever it was.
    Something,
    /// The second factor, of who has one.
    OwnFactor,
    /// The passkey or security key, or a recovery code in its place, of who has one; else as [`OwnFactor`](Self::OwnFactor).
    OwnKey,
    /// All that its member has and its organisation requires.
    Everything,
}

/// How old a session's last proof may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// As old as the session.
    Any,
    /// Ten minutes: what is delicate asks again.
    Recently,
    /// The same, and something of the member's own was proven, of who has any: what only owners may do is not done by an identity
    /// provider's word.
    OwnRecently,
}

/// Something that a caller may or may not do. Implemented by marker types only.
pub trait Permission: Send + Sync + 'static {
    /// What it is about.
    const REACH: Reach;
    /// What must have been proven.
    const PROVEN: Proven;
    /// How lately.
    const AGE: Age;
    /// Who has it.
    const ROLES: &'static [Role];
    /// Its stable name.
    const NAME: &'static str;
}

/// Declares the permissions.
macro_rules! permissions {
    ($($(#[$doc:meta])* $marker:ident $name:literal $reach:ident $proven:ident $age:ident [$($role:ident)+];)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $marker;

        impl Permission for $marker {
            const REACH: Reach = Reach::$reach;
            const PROVEN: Proven = Proven::$proven;
            const AGE: Age = Age::$age;
            const ROLES: &'static [Role] = &[$(Role::$role),+];
            const NAME: &'static str = $name;
        }
    )+};
}

permissions! {
    /// See the organisation, its apps and environments, and oneself.
    ReadOrganisation "organisation:read" Organisation Everything Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// See and end one's own session.
    OwnSession "session:own" Organisation Something Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// See and change one's own account: name, sessions, membership.
    OwnAccount "account:own" Organisation OwnFactor Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// Change what one signs in with.
    SecureAccount "account:secure" Organisation OwnKey Recently [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// See what the organisation asks of its members.
    ReadSecurity "security:read" Organisation Everything Any [Owner Admin PrivacyOfficer];
    /// Change what the organisation asks of its members.
    ManageSecurity "security:manage" Organisation Everything Recently [Owner Admin];
    /// See who works here, and who is invited.
    ReadMembers "members:read" Organisation Everything Any [Owner Admin PrivacyOfficer];
    /// Invite members, change what they may do, suspend and remove them.
    ManageMembers "members:manage" Organisation Everything Recently [Owner Admin];
    /// Hand the organisation over.
    OwnOrganisation "organisation:own" Organisation Everything OwnRecently [Owner];
    /// Read the installation's own figures.
    ReadMetrics "metrics:read" Organisation Everything Any [Owner Admin];
    /// See surveys and flows.
    ReadContent "content:read" Environment Everything Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// Draft surveys and flows.
    EditContent "content:edit" Environment Everything Any [Owner Admin Publisher Editor];
    /// Put surveys and flows live, and stop them.
    PublishContent "content:publish" Environment Everything Any [Owner Admin Publisher];
    /// See what came back, without what somebody wrote.
    ReadInsights "insights:read" Environment Everything Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// Save questions for the team, change and delete them.
    EditReports "reports:edit" Environment Everything Any [Owner Admin Publisher Editor Analyst];
    /// See how far background jobs are.
    ReadJobs "jobs:read" Environment Everything Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// See people, companies and their events, personal values masked.
    ReadPeople "people:read" Environment Everything Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
    /// See personal values of end users, on the record.
    ReadPersonal "people:read_personal" Environment Everything Any [Owner Admin PrivacyOfficer];
    /// See personal values of many at once, on the record.
    ReadPersonalInBulk "people:read_personal_in_bulk" Environment Everything Recently [Owner Admin PrivacyOfficer];
    /// See and change what an environment is trusted by: its secrets.
    ManageEnvironment "environment:manage" Environment Everything Recently [Owner Admin];
    /// See an environment's settings: keys that are public, tags, what has been heard.
    ReadEnvironment "environment:read" Environment Everything Any [Owner Admin Publisher Editor Analyst Viewer PrivacyOfficer];
}
