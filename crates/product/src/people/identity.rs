//! The rules of who is who, as a pure plan over what the keyring knows.
//!
//! * An anonymous id joins the first person who is identified on it, and nobody else ever after.
//! * An unknown user who is identified by an anonymous person *is* that person, who becomes identified.
//! * A known user who is identified by an anonymous person takes that person in: it is merged, and keeps its key.
//! * Two identified people never merge, neither through a device nor by an alias.
//!
//! A batch is planned as a whole, so that a message belongs to whom its sender turns out to be at the batch's end.

use std::collections::HashMap;

use ::store::keyring::Subject;

/// An outside id: by what it is found, and its value, which is sealed when it is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id<'a> {
    pub(super) namespace: &'static str,
    pub(super) hash: [u8; 16],
    pub(super) value: &'a str,
}

/// Who a message says that it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Claim<'a> {
    pub(super) anonymous: Option<Id<'a>>,
    pub(super) user: Option<Id<'a>>,
    /// What an alias calls the user's earlier id: as an anonymous id, and as a user id.
    pub(super) previous: Option<(Id<'a>, Id<'a>)>,
}

/// Why a message belongs to nobody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// It names nobody.
    Nobody,
    /// It would merge two identified people.
    Identified,
}

/// What must be written, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step<'a> {
    Mint(usize),
    Bind(Id<'a>, usize),
    Identify(usize),
    Merge { from: usize, into: usize },
}

/// A person of the plan: one that the keyring knows, or a new one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Node {
    pub(super) known: Option<Subject>,
    pub(super) identified: bool,
    into: Option<usize>,
}

/// A plan for a batch.
pub(super) struct Plan<'a> {
    pub(super) nodes: Vec<Node>,
    pub(super) steps: Vec<Step<'a>>,
    ids: HashMap<[u8; 16], usize>,
    people: Vec<Result<usize, Conflict>>,
}

impl<'a> Plan<'a> {
    /// Plans for these claims over what is known: the person that each id leads to.
    pub(super) fn make(known: &HashMap<[u8; 16], Subject>, claims: &[Claim<'a>]) -> Self {
        let mut plan = Self { nodes: Vec::new(), steps: Vec::new(), ids: HashMap::new(), people: Vec::new() };
        let mut by_number: HashMap<u64, usize> = HashMap::new();
        for (hash, subject) in known {
            let node = *by_number.entry(subject.number).or_insert_with(|| {
                plan.nodes.push(Node { known: Some(*subject), identified: subject.identified, into: None });
                plan.nodes.len() - 1
            });
            plan.ids.insert(*hash, node);
        }
        for claim in claims {
            let person = plan.person(claim);
            plan.people.push(person);
        }
        plan
    }

    /// Whose each claim is, by node, once all is done.
    pub(super) fn people(&self) -> impl Iterator<Item = Result<usize, Conflict>> {
        self.people.iter().map(|person| person.map(|node| self.root(node)))
    }

    /// Whom an id leads to, once all is done.
    pub(super) fn leads_to(&self, hash: &[u8; 16]) -> Option<usize> {
        self.ids.get(hash).map(|node| self.root(*node))
    }

    /// How many people it makes.
    pub(super) fn mints(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Mint(_))).count()
    }

    fn person(&mut self, claim: &Claim<'a>) -> Result<usize, Conflict> {
        if let (Some(user), Some(previous)) = (claim.user, claim.previous) {
            self.alias(user, previous)?;
        }
        match (claim.user, claim.anonymous) {
            (None, None) => Err(Conflict::Nobody),
            (None, Some(anonymous)) => {
                Ok(self.leads_to(&anonymous.hash).unwrap_or_else(|| self.mint(anonymous, false)))
            }
            (Some(user), anonymous) => Ok(self.identify(user, anonymous)),
        }
    }

    fn identify(&mut self, user: Id<'a>, anonymous: Option<Id<'a>>) -> usize {
        let device = anonymous.and_then(|id| self.leads_to(&id.hash));
        let person = match (self.leads_to(&user.hash), device) {
            (Some(person), _) => person,
            (None, Some(device)) if !self.nodes[device].identified => {
                self.nodes[device].identified = true;
                if self.nodes[device].known.is_some() {
                    self.steps.push(Step::Identify(device));
                }
                self.bind(user, device);
                device
            }
            (None, _) => self.mint(user, true),
        };
        match (anonymous, device) {
            (Some(anonymous), None) => self.bind(anonymous, person),
            (Some(_), Some(device)) if device != person && !self.nodes[device].identified => {
                self.nodes[device].into = Some(person);
                self.steps.push(Step::Merge { from: device, into: person });
            }
            _ => {}
        }
        person
    }

    fn alias(&mut self, user: Id<'a>, previous: (Id<'a>, Id<'a>)) -> Result<(), Conflict> {
        let (as_anonymous, as_user) = previous;
        let person = self.leads_to(&user.hash);
        match self.leads_to(&as_anonymous.hash).or_else(|| self.leads_to(&as_user.hash)) {
            Some(other) if Some(other) == person => {}
            Some(other) if self.nodes[other].identified => return Err(Conflict::Identified),
            _ => {
                self.identify(user, Some(as_anonymous));
            }
        }
        Ok(())
    }

    fn mint(&mut self, id: Id<'a>, identified: bool) -> usize {
        let node = self.nodes.len();
        self.nodes.push(Node { known: None, identified, into: None });
        self.steps.push(Step::Mint(node));
        self.bind(id, node);
        node
    }

    fn bind(&mut self, id: Id<'a>, node: usize) {
        self.ids.insert(id.hash, node);
        self.steps.push(Step::Bind(id, node));
    }

    fn root(&self, node: usize) -> usize {
        self.nodes[node].into.unwrap_or(node)
    }
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
