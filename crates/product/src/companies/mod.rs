//! Companies: customers of the customer. Known by the customer's own id, which stands in the keyring; a person acts for the
//! company that they were last grouped with. Like a person a company has a key pair of its own, to which its personal
//! values are sealed.

pub(crate) mod api;
pub(crate) mod store;
