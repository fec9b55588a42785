//! Who may do what. A handler that takes [`Can<P>`] cannot be reached by anybody who may not do `P`. The [`Caller`] inside
//! opens a [`TenantTx`] or a [`TenantReader`], which carry the environment: store functions take one, and cannot be given
//! another tenant's. Where there is no caller (an edge's key was checked, a job or the event log names the environment) a
//! handle is opened for the id that was found there.
//!
//! Order of refusals: no or a wrong credential 401, before anything else of the request is looked at; a session that has not
//! proven enough, or whose last proof is too old, and whoever is known but not allowed 403; another tenant's environment 404.

mod caller;
mod can;
mod role;
mod tenant;

pub use caller::{Actor, Caller};
pub use can::{Can, CredentialKind};
pub(crate) use can::{Identified, bearer, prove};
pub use role::{
    Age, EditContent, EditReports, ManageEnvironment, ManageMembers, ManageSecurity, OwnAccount, OwnOrganisation,
    OwnSession, Permission, Proven, PublishContent, Reach, ReadContent, ReadEnvironment, ReadInsights, ReadJobs,
    ReadMembers, ReadMetrics, ReadOrganisation, ReadPeople, ReadPersonal, ReadPersonalInBulk, ReadSecurity, Role,
    SecureAccount,
};
pub(crate) use tenant::InTenant;
pub use tenant::{OrganisationReader, OrganisationTx, SystemTx, TenantReader, TenantTx};
