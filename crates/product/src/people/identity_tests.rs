//! The rules against a model that knows nothing of plans: sets of ids, one per person.

use std::collections::HashMap;

use ::store::keyring::SubjectKind;
use proptest::prelude::*;

use super::*;

/// The keyring, as far as plans see it.
#[derive(Default)]
struct Keyring {
    ids: HashMap<[u8; 16], u64>,
    people: Vec<(bool, Option<u64>)>,
}

impl Keyring {
    fn known(&self) -> HashMap<[u8; 16], Subject> {
        self.ids.iter().map(|(hash, number)| (*hash, self.subject(*number))).collect()
    }

    fn subject(&self, number: u64) -> Subject {
        let (identified, into) = self.people[number as usize];
        let number = into.unwrap_or(number);
        let identified = identified || into.is_some();
        Subject { kind: SubjectKind::Person, number, id: [0; 16], identified, key_version: 1, public_key: [0; 32] }
    }

    fn carry_out(&mut self, plan: &Plan<'_>) -> Vec<Result<u64, Conflict>> {
        let numbers: Vec<u64> = plan
            .nodes
            .iter()
            .map(|node| match node.known {
                Some(subject) => subject.number,
                None => {
                    self.people.push((node.identified, None));
                    self.people.len() as u64 - 1
                }
            })
            .collect();
        for step in &plan.steps {
            match *step {
                Step::Mint(_) => {}
                Step::Bind(id, node) => drop(self.ids.insert(id.hash, numbers[node])),
                Step::Identify(node) => self.people[numbers[node] as usize].0 = true,
                Step::Merge { from, into } => {
                    let from = &mut self.people[numbers[from] as usize];
                    assert!(!from.0 && from.1.is_none(), "an identified or merged person was merged");
                    from.1 = Some(numbers[into]);
                }
            }
        }
        plan.people().map(|person| person.map(|node| numbers[node])).collect()
    }
}

/// A message: (anonymous id, user id, alias' previous id), each one of a few.
type Said = (Option<u8>, Option<u8>, Option<u8>);

/// The model: whose each id is; a person is a number, identified if a user id is theirs.
#[derive(Default, Clone, PartialEq, Debug)]
struct Model {
    devices: HashMap<u8, usize>,
    users: HashMap<u8, usize>,
    people: usize,
}

impl Model {
    fn is_identified(&self, person: usize) -> bool {
        self.users.values().any(|other| *other == person)
    }

    fn link(&mut self, device: Option<u8>, user: Option<u8>) -> usize {
        let owner = device.and_then(|device| self.devices.get(&device).copied());
        let person = match user {
            None => owner,
            Some(user) => self.users.get(&user).copied().or(owner.filter(|owner| !self.is_identified(*owner))),
        };
        let person = person.unwrap_or_else(|| {
            self.people += 1;
            self.people
        });
        if let (Some(owner), Some(_)) = (owner, user)
            && !self.is_identified(owner)
        {
            for other in self.devices.values_mut().filter(|other| **other == owner) {
                *other = person;
            }
        }
        user.map(|user| self.users.insert(user, person));
        if let Some(device) = device {
            self.devices.entry(device).or_insert(person);
        }
        person
    }

    fn say(&mut self, (device, user, previous): Said) -> Option<usize> {
        if let (Some(user), Some(previous)) = (user, previous) {
            let other = self.devices.get(&previous).or(self.users.get(&previous)).copied();
            let own = self.users.get(&user).copied();
            match other {
                Some(other) if Some(other) == own => {}
                Some(other) if self.is_identified(other) => return None,
                _ => drop(self.link(Some(previous), Some(user))),
            }
        }
        (device.is_some() || user.is_some()).then(|| self.link(device, user))
    }
}

fn id<'a>(namespace: &'static str, of: u8) -> Id<'a> {
    let mut hash = [0; 16];
    (hash[0], hash[1]) = (namespace.as_bytes()[0], of);
    Id { namespace, hash, value: "" }
}

fn claim<'a>((device, user, previous): Said) -> Claim<'a> {
    Claim {
        anonymous: device.map(|of| id("anonymous", of)),
        user: user.map(|of| id("external", of)),
        previous: previous.map(|of| (id("anonymous", of), id("external", of))),
    }
}

proptest! {
    #[test]
    fn people_are_who_the_rules_say(
        batches in prop::collection::vec(prop::collection::vec(any_message(), 1..6), 1..8),
    ) {
        let (mut keyring, mut model) = (Keyring::default(), Model::default());
        for batch in batches {
            let claims: Vec<Claim<'_>> = batch.iter().copied().map(claim).collect();
            let plan = Plan::make(&keyring.known(), &claims);
            let people = keyring.carry_out(&plan);
            for (said, person) in batch.iter().zip(&people) {
                prop_assert_eq!(model.say(*said).is_some(), person.is_ok(), "{:?}", said);
            }
            let users: Vec<u8> = model.users.keys().copied().collect();
            for (a, b) in users.iter().flat_map(|a| users.iter().map(move |b| (*a, *b))) {
                let root = |user| keyring.subject(keyring.ids[&id("external", user).hash]).number;
                prop_assert_eq!(model.users[&a] == model.users[&b], root(a) == root(b));
                prop_assert_eq!(a == b, root(a) == root(b), "two identified people merged");
            }
            for (device, owner) in &model.devices {
                let number = keyring.subject(keyring.ids[&id("anonymous", *device).hash]).number;
                for (user, person) in &model.users {
                    let theirs = keyring.subject(keyring.ids[&id("external", *user).hash]).number;
                    prop_assert_eq!(owner == person, number == theirs, "device {} of user {}", device, user);
                }
            }
        }
    }
}

fn any_message() -> impl Strategy<Value = Said> {
    let some = |of: std::ops::Range<u8>| prop::option::weighted(0.6, of);
    (some(0..4), some(0..4), prop::option::weighted(0.15, 0..4_u8))
}
