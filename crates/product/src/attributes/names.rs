//! What a name says about its values. Names are compared in lower case without separators: `First_Name`, `first-name` and
//! `firstName` are one.
//!
//! Rules, in this order: a name whose words say who somebody is, where they live or how to reach them is *personal*; a
//! name that ends in an id, key or token is *pseudonymous*; all else is *plain* until a value says otherwise. An IP
//! address is never stored at all. In doubt a value is sealed: it can be shown to whoever may read it, an exposed one
//! can't be taken back.

use super::{Class, Scope};

/// Whole names that are personal, of anything.
const PERSONAL: &[&str] = &[
    "name",
    "fullname",
    "firstname",
    "lastname",
    "middlename",
    "givenname",
    "familyname",
    "surname",
    "nickname",
    "displayname",
    "realname",
    "username",
    "login",
    "user",
    "contact",
    "customer",
    "recipient",
    "author",
    "owner",
    "address",
    "street",
    "streetaddress",
    "postcode",
    "postalcode",
    "zip",
    "zipcode",
    "birthday",
    "birthdate",
    "dateofbirth",
    "dob",
    "age",
    "gender",
    "sex",
    "avatar",
    "photo",
    "picture",
    "ssn",
    "iban",
    "bic",
    "passport",
    "passportnumber",
    "taxid",
    "vatid",
    "nationalid",
    "cardnumber",
    "creditcard",
    "password",
    "location",
    "latitude",
    "longitude",
    "lat",
    "lng",
    "lon",
    "geo",
    "coordinates",
    // Free text.
    "description",
    "bio",
    "about",
    "comment",
    "comments",
    "message",
    "note",
    "notes",
    "feedback",
    "text",
    "body",
    "subject",
    "query",
    "q",
    "search",
    "searchquery",
    "searchterm",
    "title",
    "website",
    "useragent",
    // The customer's ids of people: they stand in the keyring only.
    "userid",
    "anonymousid",
    "distinctid",
    "customerid",
    "personid",
    "contactid",
    "accountid",
    "externalid",
    "groupid",
    "companyid",
];
/// Words that make a name personal wherever they stand in it.
const PERSONAL_PARTS: &[&str] = &[
    "email",
    "mail",
    "phone",
    "mobile",
    "telephone",
    "fax",
    "firstname",
    "lastname",
    "fullname",
    "surname",
    "birth",
    "address",
    "passport",
    "socialsecurity",
    "creditcard",
    "iban",
    "password",
    "username",
];
/// Names of a company's attributes that are not personal, though a person's would be.
const OF_COMPANIES: &[&str] =
    &["name", "website", "description", "location", "customer", "owner", "age", "title", "avatar"];
/// Names of a person's attributes that are not personal, though an event's would be: a job's title.
const OF_PEOPLE: &[&str] = &["title"];
const PSEUDONYMOUS_ENDS: &[&str] = &["id", "uuid", "guid", "key", "token", "hash", "session", "reference", "number"];
const ADDRESSES: &[&str] = &["ip", "ipaddress", "ipaddr", "clientip", "remoteip", "remoteaddr", "xforwardedfor"];

/// How an attribute's values are searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Searched {
    /// As an e-mail address.
    Email,
    /// By the exact value.
    Exactly,
}

/// How a personal attribute of this name is searched; `None` if it is not.
pub(crate) fn searched_as(name: &str) -> Option<Searched> {
    match folded(name).as_str() {
        "email" if name == "email" => Some(Searched::Email),
        "phone" | "phonenumber" | "mobile" | "mobilenumber" | "telephone" | "username" | "email" | "emailaddress" => {
            Some(Searched::Exactly)
        }
        _ => None,
    }
}

/// What a name says.
pub(super) fn class_of(scope: Scope, name: &str) -> Class {
    let folded = folded(name);
    let excused = match scope {
        Scope::Company => OF_COMPANIES.contains(&folded.as_str()),
        Scope::Person => OF_PEOPLE.contains(&folded.as_str()),
        Scope::Event | Scope::EventName => false,
    };
    if !excused && (PERSONAL.contains(&folded.as_str()) || PERSONAL_PARTS.iter().any(|part| folded.contains(part))) {
        return Class::Personal;
    }
    if PSEUDONYMOUS_ENDS.iter().any(|end| folded.ends_with(end)) {
        return Class::Pseudonymous;
    }
    Class::Plain
}

/// Whether a name is an IP address's.
pub(super) fn is_address(name: &str) -> bool {
    ADDRESSES.contains(&folded(name).as_str())
}

fn folded(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_personal_however_they_are_written() {
        for name in ["email", "E-Mail", "billing_email", "firstName", "first_name", "Full Name", "phone", "homeAddress"]
        {
            assert_eq!(class_of(Scope::Person, name), Class::Personal, "{name}");
        }
    }

    #[test]
    fn what_everybody_may_see_is_plain() {
        for name in ["plan", "amount", "currency", "employees", "createdAt", "seats", "title"] {
            assert_eq!(class_of(Scope::Person, name), Class::Plain, "{name}");
        }
        assert_eq!(class_of(Scope::Company, "name"), Class::Plain);
        assert_eq!(class_of(Scope::Event, "invoice_id"), Class::Pseudonymous);
    }
}
