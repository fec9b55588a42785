//! What a session has proven, and what it still needs to prove before everything is open to it that its member's role allows.

use std::time::Duration;

use base::id::IdentityProviderId;
use base::{Code, Problem, ProblemResult, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::authority::{Age, Proven, Role};

/// How old the last proof may be for what asks again.
const RECENT: Duration = Duration::from_mins(10);

/// What somebody proved when they signed in. Each is more than the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Level {
    /// A password, or the word of an identity provider.
    Password,
    /// A second factor too: a one-time code, or one that the organisation trusts its identity provider with.
    Mfa,
    /// A password and a recovery code: it stands in for whatever was lost, until that is set up anew.
    RecoveryCode,
    /// Something that cannot be given to a forged page: a passkey, or a password and a security key.
    PhishingResistant,
}

/// What an organisation asks of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RequireMfa {
    /// A password does.
    Off,
    /// Any second factor.
    Any,
    /// A passkey or a security key.
    PhishingResistant,
}

/// What a session has to do first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Needs {
    /// Sign in over the organisation's identity provider.
    IdentityProvider,
    /// Prove a second factor.
    Mfa,
    /// Set one up.
    Enrolment,
}

/// How a proof is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProofKind {
    /// The password.
    Password,
    /// A passkey or a security key.
    Passkey,
    /// A one-time code of an authenticator app.
    Totp,
    /// One of the recovery codes.
    RecoveryCode,
    /// Signing in at the identity provider, once more: begun at `/sessions/current/proofs/oidc`.
    IdentityProvider,
}

/// Which second factors a member has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Factors {
    pub(crate) passkeys: bool,
    pub(crate) totp: bool,
    pub(crate) recovery_codes: bool,
}

/// What the organisation asks of a member about its identity providers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderRule {
    /// They sign in as they like.
    Free,
    /// They sign in over one.
    Required,
    /// The others do; an owner gets in without, in case it fails, with a second factor that they had before.
    RequiredOfOthers,
}

/// How a session began, as far as what it may do depends on that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Began {
    /// The identity provider, of the session's organisation, over which its member signed in.
    pub(crate) provider: Option<IdentityProviderId>,
    /// What its word counts for, of this member.
    pub(crate) provider_level: Level,
    /// Whether the member has proven something here too, and not only there.
    pub(crate) proven_here: bool,
    pub(crate) rule: ProviderRule,
    /// Whether the member works in other organisations too.
    pub(crate) works_elsewhere: bool,
}

/// What a session has proven, and by what its member could prove more.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Standing {
    pub(crate) level: Level,
    pub(crate) began: Began,
    pub(crate) has_password: bool,
    pub(crate) factors: Factors,
    pub(crate) required: RequireMfa,
    /// Until when a member may go without what is required.
    pub(crate) grace_until: Timestamp,
    /// Until when a member may go without any second factor, where a certain kind is required.
    pub(crate) any_grace_until: Timestamp,
    /// When something was proven last.
    pub(crate) proven_at: Timestamp,
}

impl RequireMfa {
    const ALL: [Self; 3] = [Self::Off, Self::Any, Self::PhishingResistant];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Any => "any",
            Self::PhishingResistant => "phishing_resistant",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    pub(crate) const fn level(self) -> Level {
        match self {
            Self::Off => Level::Password,
            Self::Any => Level::Mfa,
            Self::PhishingResistant => Level::PhishingResistant,
        }
    }
}

impl Level {
    pub(crate) const ALL: [Self; 4] = [Self::Password, Self::Mfa, Self::RecoveryCode, Self::PhishingResistant];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Mfa => "mfa",
            Self::RecoveryCode => "recovery_code",
            Self::PhishingResistant => "phishing_resistant",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.name() == name)
    }

    /// What a provider's word that is trusted for this counts for, of a member with a role and second factors. It stands in for no
    /// owner's own one: whoever runs the provider would be the owner.
    pub(crate) fn vouched(self, role: Role, factors: Factors) -> Self {
        if role == Role::Owner && factors.level() > Self::Password { Self::Password } else { self }
    }
}

impl Factors {
    /// The most that a member can prove.
    pub(crate) fn level(self) -> Level {
        match self {
            Self { passkeys: true, .. } => Level::PhishingResistant,
            Self { totp: true, .. } => Level::Mfa,
            _ => Level::Password,
        }
    }
}

impl ProviderRule {
    /// What an organisation that has required a provider since a time asks of a member with a role, who has had a second factor since
    /// a time without a break. One that came later may be anybody's who has the password; one that came after another was set
    /// up by who had proven that. Recovery codes are none.
    pub(crate) fn of(
        required_at: Option<Timestamp>,
        role: Role,
        factor_since: Option<Timestamp>,
        factors: Factors,
    ) -> Self {
        let Some(at) = required_at else { return Self::Free };
        let had_one = factors.level() > Level::Password && factor_since.is_some_and(|since| since <= at);
        if role == Role::Owner && had_one { Self::RequiredOfOthers } else { Self::Required }
    }
}

impl ProofKind {
    const ALL: [Self; 5] = [Self::Password, Self::Passkey, Self::Totp, Self::RecoveryCode, Self::IdentityProvider];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Passkey => "passkey",
            Self::Totp => "totp",
            Self::RecoveryCode => "recovery_code",
            Self::IdentityProvider => "identity_provider",
        }
    }
}

impl Standing {
    /// Whether the member has a second factor that was not proven.
    pub(crate) fn is_unproven(&self) -> bool {
        self.proven() == Level::Password && self.factors.level() > Level::Password
    }

    /// What the session has proven of what its member still has: a factor that was removed counts no more. Or what its
    /// provider vouches for.
    pub(crate) fn proven(&self) -> Level {
        self.level.min(self.factors.level()).max(self.began.provider_level)
    }

    /// What is shown of it: whatever was proven, here or over its provider.
    pub(crate) fn shown(&self) -> Level {
        self.level.max(self.began.provider_level)
    }

    /// What the session has to do before everything is open to it.
    pub(crate) fn needs(&self, now: Timestamp) -> Option<Needs> {
        // Without their own second factor nobody links an identity either.
        if self.needs_provider() && !self.is_unproven() {
            return Some(Needs::IdentityProvider);
        }
        let required = self.required.level();
        let (proven, has) = (self.proven(), self.factors.level());
        if self.is_unproven() || (proven < required && has >= required) {
            return Some(Needs::Mfa);
        }
        let without_any = proven < Level::Mfa && required > Level::Password && now >= self.any_grace_until;
        (without_any || (proven < required && now >= self.grace_until)).then_some(Needs::Enrolment)
    }

    /// Whether the organisation's members must sign in over its provider, and this one has not.
    fn needs_provider(&self) -> bool {
        self.began.rule == ProviderRule::Required && self.began.provider.is_none()
    }

    /// Whether the session is by a provider's word alone.
    fn is_by_word(&self) -> bool {
        self.began.provider.is_some() && !self.began.proven_here
    }

    /// Whether a provider speaks for a member who works elsewhere too: its word is good for its own organisation, and not for
    /// what the member signs in with elsewhere.
    fn speaks_for_other(&self) -> bool {
        self.is_by_word() && self.began.works_elsewhere
    }

    /// Whether a provider speaks for a member who has something of their own to prove: what they sign in with is theirs to change, and
    /// not the provider's, and neither is what only owners may do.
    fn lacks_own_proof(&self) -> bool {
        self.is_by_word() && (self.has_password || self.factors.level() > Level::Password)
    }

    /// Whether the member has a key that was not proven, nor a recovery code in its place. Codes that can be given to a
    /// forged page do not change what one signs in with then.
    fn lacks_key(&self) -> bool {
        self.factors.passkeys && self.level < Level::RecoveryCode
    }

    /// Until when the member may go without the factor that is required and that they do not have.
    pub(crate) fn enrol_until(&self, now: Timestamp) -> Option<Timestamp> {
        let has = self.factors.level();
        let until = if has < Level::Mfa { self.any_grace_until.min(self.grace_until) } else { self.grace_until };
        (has < self.required.level() && now < until).then_some(until)
    }

    /// How something can be proven: who has a second factor proves that one, and who has proven their password here does so again.
    pub(crate) fn next(&self) -> Vec<ProofKind> {
        let mut kinds = self.own_proofs(self.requires_key());
        let has_factor = self.factors.level() > Level::Password;
        let is_their_word = self.is_by_word() || !self.has_password;
        if self.began.provider.is_some() && !self.began.works_elsewhere && !has_factor && is_their_word {
            kinds.push(ProofKind::IdentityProvider);
        }
        kinds
    }

    fn requires_key(&self) -> bool {
        self.required == RequireMfa::PhishingResistant
    }

    /// The same, of what is the member's own; who has a key proves that where it must be one.
    fn own_proofs(&self, key: bool) -> Vec<ProofKind> {
        if self.factors.level() == Level::Password {
            return if self.has_password { vec![ProofKind::Password] } else { Vec::new() };
        }
        let kinds = [
            (self.factors.passkeys, ProofKind::Passkey),
            (self.factors.totp && !(key && self.factors.passkeys), ProofKind::Totp),
            (self.factors.recovery_codes, ProofKind::RecoveryCode),
        ];
        kinds.into_iter().filter_map(|(has, kind)| has.then_some(kind)).collect()
    }

    /// Whether the session has proven enough, and lately enough.
    ///
    /// # Errors
    /// 403 with a code that says what is missing.
    pub(crate) fn allows(&self, proven: Proven, age: Age, now: Timestamp) -> ProblemResult<()> {
        let by =
            |code, next: Vec<ProofKind>| Err(Problem::new(code).next(next.into_iter().map(ProofKind::name).collect()));
        let ask = |code| by(code, self.next());
        match (proven, self.needs(now)) {
            (Proven::OwnFactor | Proven::OwnKey, _) if self.is_unproven() => return ask(Code::MfaRequired),
            (Proven::OwnFactor | Proven::OwnKey, _) if self.speaks_for_other() => return ask(Code::StepUpRequired),
            (Proven::OwnKey, _) if self.lacks_own_proof() || self.lacks_key() => {
                return by(Code::StepUpRequired, self.own_proofs(true));
            }
            (Proven::Everything, Some(Needs::IdentityProvider)) => {
                return Err(Problem::new(Code::IdentityProviderRequired));
            }
            (Proven::Everything, Some(Needs::Mfa)) => return ask(Code::MfaRequired),
            (Proven::Everything, Some(Needs::Enrolment)) => return Err(Problem::new(Code::MfaEnrolmentRequired)),
            _ => {}
        }
        let is_old = now.since(self.proven_at) > RECENT;
        match age {
            Age::OwnRecently if self.lacks_own_proof() => {
                by(Code::StepUpRequired, self.own_proofs(self.requires_key()))
            }
            Age::Recently | Age::OwnRecently if is_old => ask(Code::StepUpRequired),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    const HERE: Began = Began {
        provider: None,
        provider_level: Level::Password,
        proven_here: true,
        rule: ProviderRule::Free,
        works_elsewhere: false,
    };

    const TOTP: Factors = Factors { passkeys: false, totp: true, recovery_codes: true };

    fn standing(level: Level, totp: bool, required: RequireMfa, grace: bool) -> Standing {
        let factors = Factors { passkeys: false, totp, recovery_codes: totp };
        let grace_until = if grace { NOW.plus(Duration::from_secs(1)) } else { NOW };
        Standing {
            level,
            began: HERE,
            has_password: true,
            factors,
            required,
            grace_until,
            any_grace_until: grace_until,
            proven_at: NOW,
        }
    }

    fn over_provider(level: Level) -> Standing {
        let mut standing = standing(Level::Password, false, RequireMfa::Off, false);
        let provider = Some(IdentityProviderId::new(&base::FrozenClock::default(), &base::SeededRng::new(1)));
        standing.began = Began { provider, provider_level: level, proven_here: false, ..HERE };
        standing.has_password = false;
        standing
    }

    #[test]
    fn where_the_provider_is_required_owners_alone_get_in_without_it_and_with_a_second_factor() {
        let mut member = standing(Level::PhishingResistant, true, RequireMfa::Off, true);
        member.began.rule = ProviderRule::Required;
        assert_eq!(member.needs(NOW), Some(Needs::IdentityProvider));
        let refused = member.allows(Proven::Everything, Age::Any, NOW).unwrap_err();
        assert_eq!(refused.code, Code::IdentityProviderRequired);
        assert!(member.allows(Proven::OwnFactor, Age::Recently, NOW).is_ok(), "to link an identity");
        for (level, needs) in [(Level::Password, Some(Needs::Mfa)), (Level::Mfa, None)] {
            let mut owner = standing(level, true, RequireMfa::Off, true);
            owner.began = Began { rule: ProviderRule::RequiredOfOthers, ..HERE };
            assert_eq!(owner.needs(NOW), needs, "{level:?}");
        }
        let mut over = over_provider(Level::Password);
        over.began.rule = ProviderRule::Required;
        assert_eq!(over.needs(NOW), None);
    }

    #[test]
    fn an_owner_gets_in_without_the_provider_with_a_second_factor_that_they_had_before_it_was_required() {
        use ProviderRule::{Free, Required, RequiredOfOthers};
        let (before, later) = (Some(Timestamp(NOW.0 - 1)), Some(Timestamp(NOW.0 + 1)));
        for (required_at, role, factor_since, rule) in [
            (None, Role::Owner, None, Free),
            (Some(NOW), Role::Owner, before, RequiredOfOthers),
            (Some(NOW), Role::Owner, Some(NOW), RequiredOfOthers),
            (Some(NOW), Role::Owner, later, Required),
            (Some(NOW), Role::Owner, None, Required),
            (Some(NOW), Role::Admin, before, Required),
        ] {
            assert_eq!(ProviderRule::of(required_at, role, factor_since, TOTP), rule, "{role:?} {factor_since:?}");
        }
        let codes_alone = Factors { totp: false, ..TOTP };
        assert_eq!(ProviderRule::of(Some(NOW), Role::Owner, before, codes_alone), Required);
    }

    #[test]
    fn what_only_owners_may_do_is_not_done_by_a_providers_word() {
        let mut session = over_provider(Level::PhishingResistant);
        let allows = |session: &Standing| session.allows(Proven::Everything, Age::OwnRecently, NOW);
        assert!(allows(&session).is_ok(), "they have nothing of their own");
        session.has_password = true;
        assert!(session.allows(Proven::Everything, Age::Recently, NOW).is_ok(), "anything else is");
        let refused = allows(&session).unwrap_err();
        assert_eq!((refused.code, refused.next), (Code::StepUpRequired, vec!["password"]));
        session.factors = TOTP;
        assert_eq!(allows(&session).unwrap_err().next, ["totp", "recovery_code"]);
        session.began.proven_here = true;
        assert!(allows(&session).is_ok());
        // When it is old, their own is asked for again, and a provider renews nothing.
        session.factors.totp = false;
        session.proven_at = Timestamp(NOW.0 - 601_000_000);
        assert_eq!(allows(&session).unwrap_err().next, ["password"]);
        assert_eq!(session.next(), [ProofKind::Password]);
    }

    #[test]
    fn a_providers_second_factor_stands_in_for_no_owners_own_one() {
        let none = Factors { passkeys: false, totp: false, recovery_codes: false };
        assert_eq!(Level::Mfa.vouched(Role::Owner, TOTP), Level::Password);
        assert_eq!(Level::Mfa.vouched(Role::Owner, none), Level::Mfa);
        assert_eq!(Level::Mfa.vouched(Role::Admin, TOTP), Level::Mfa);
    }

    #[test]
    fn who_has_something_of_their_own_proves_it_before_a_provider_changes_what_they_sign_in_with() {
        let mut session = over_provider(Level::PhishingResistant);
        assert!(session.allows(Proven::OwnKey, Age::Recently, NOW).is_ok(), "they have nothing of their own");
        session.has_password = true;
        let refused = session.allows(Proven::OwnKey, Age::Recently, NOW).unwrap_err();
        assert_eq!((refused.code, refused.next), (Code::StepUpRequired, vec!["password"]));
        assert_eq!(session.next(), [ProofKind::Password, ProofKind::IdentityProvider], "for anything else");
        assert!(session.allows(Proven::OwnFactor, Age::Recently, NOW).is_ok());
        session.has_password = false;
        session.factors = Factors { passkeys: false, totp: true, recovery_codes: true };
        let refused = session.allows(Proven::OwnKey, Age::Recently, NOW).unwrap_err();
        assert_eq!(refused.next, ["totp", "recovery_code"], "the provider's second factor is not theirs");
        session.factors.passkeys = true;
        let refused = session.allows(Proven::OwnKey, Age::Recently, NOW).unwrap_err();
        assert_eq!(refused.next, ["passkey", "recovery_code"]);
        session.level = Level::PhishingResistant;
        session.began.proven_here = true;
        assert!(session.allows(Proven::OwnKey, Age::Recently, NOW).is_ok());
    }

    #[test]
    fn a_provider_speaks_for_its_own_organisation_and_not_for_what_else_its_member_has() {
        let mut session = over_provider(Level::Mfa);
        assert!(session.allows(Proven::OwnFactor, Age::Recently, NOW).is_ok());
        assert_eq!(session.next(), [ProofKind::IdentityProvider]);
        session.began.works_elsewhere = true;
        session.has_password = true;
        let refused = session.allows(Proven::OwnFactor, Age::Any, NOW).unwrap_err();
        assert_eq!((refused.code, refused.next), (Code::StepUpRequired, vec!["password"]));
        assert!(session.allows(Proven::Everything, Age::Recently, NOW).is_ok(), "in its organisation it may");
        session.began.proven_here = true;
        assert!(session.allows(Proven::OwnFactor, Age::Recently, NOW).is_ok());
    }

    #[test]
    fn a_session_needs_what_its_member_has_and_what_its_organisation_requires() {
        use Level::{Mfa, Password};
        use RequireMfa::{Any, Off, PhishingResistant};
        for (level, totp, required, grace, needs) in [
            (Password, false, Off, false, None),
            (Password, true, Off, false, Some(Needs::Mfa)),
            (Mfa, true, Off, false, None),
            (Password, false, Any, true, None),
            (Password, false, Any, false, Some(Needs::Enrolment)),
            (Password, true, Any, true, Some(Needs::Mfa)),
            (Mfa, true, Any, false, None),
            (Mfa, true, PhishingResistant, true, None),
            (Mfa, true, PhishingResistant, false, Some(Needs::Enrolment)),
            // What was proven by a key that was removed since.
            (Level::PhishingResistant, true, PhishingResistant, false, Some(Needs::Enrolment)),
            (Mfa, false, Any, false, Some(Needs::Enrolment)),
        ] {
            let standing = standing(level, totp, required, grace);
            assert_eq!(standing.needs(NOW), needs, "{standing:?}");
            let open = standing.allows(Proven::Everything, Age::Any, NOW);
            assert_eq!(open.is_ok(), needs.is_none(), "{standing:?}");
            assert!(standing.allows(Proven::Something, Age::Any, NOW).is_ok());
            assert_eq!(standing.allows(Proven::OwnFactor, Age::Any, NOW).is_err(), totp && level == Password);
        }
    }

    #[test]
    fn who_has_a_passkey_proves_it_where_it_is_required_and_may_make_another_when_it_is_lost() {
        let mut standing = standing(Level::Mfa, true, RequireMfa::PhishingResistant, false);
        standing.factors.passkeys = true;
        assert_eq!(standing.needs(NOW), Some(Needs::Mfa));
        assert_eq!(standing.next(), [ProofKind::Passkey, ProofKind::RecoveryCode]);
        assert!(standing.allows(Proven::OwnFactor, Age::Recently, NOW).is_ok());
        let refused = standing.allows(Proven::OwnKey, Age::Recently, NOW).unwrap_err();
        assert_eq!((refused.code, refused.next), (Code::StepUpRequired, vec!["passkey", "recovery_code"]));
        standing.level = Level::RecoveryCode;
        assert!(standing.allows(Proven::OwnKey, Age::Recently, NOW).is_ok());
        assert!(standing.allows(Proven::Everything, Age::Any, NOW).is_err());
        standing.level = Level::PhishingResistant;
        assert!(standing.allows(Proven::Everything, Age::Any, NOW).is_ok());
    }

    #[test]
    fn a_key_is_proven_before_what_one_signs_in_with_changes_wherever_the_session_is() {
        let mut standing = standing(Level::Mfa, true, RequireMfa::Off, false);
        assert!(standing.allows(Proven::OwnKey, Age::Recently, NOW).is_ok(), "there is none");
        standing.factors.passkeys = true;
        let refused = standing.allows(Proven::OwnKey, Age::Recently, NOW).unwrap_err();
        assert_eq!(refused.next, ["passkey", "recovery_code"]);
    }

    #[test]
    fn a_stricter_requirement_does_not_give_time_to_who_has_nothing() {
        let mut standing = standing(Level::Password, false, RequireMfa::PhishingResistant, true);
        assert_eq!(standing.needs(NOW), None);
        standing.any_grace_until = NOW;
        assert_eq!(standing.needs(NOW), Some(Needs::Enrolment));
        assert_eq!(standing.enrol_until(NOW), None);
    }

    #[test]
    fn a_proof_is_recent_for_ten_minutes() {
        let standing = standing(Level::Mfa, true, RequireMfa::Off, false);
        let after =
            |seconds| standing.allows(Proven::Everything, Age::Recently, NOW.plus(Duration::from_secs(seconds)));
        assert!(after(600).is_ok());
        let refused = after(601).unwrap_err();
        assert_eq!((refused.code, refused.next), (Code::StepUpRequired, vec!["totp", "recovery_code"]));
    }
}
