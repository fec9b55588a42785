//! A seeded stream of events in the order of their arrival: 200,000 people, 60 names, 90 days, 12 properties.
//!
//! Each event follows from its number alone. As in life, some names and some people come much more often than others,
//! what is known of a person repeats from event to event, and a few events come late.

use std::time::Duration;

use base::{Clock as _, FrozenClock, Timestamp};
use events::{DeviceKind, Head, Kind, Plain};
use serde_json::Number;

pub(crate) const PEOPLE: u64 = 200_000;
pub(crate) const NAMES: usize = 60;
pub(crate) const LENGTH: Duration = Duration::from_hours(90 * 24);

const DAY: i64 = 86_400_000_000;
const COUNTRIES: u64 = 40;
const DEVICES: [DeviceKind; 4] = [DeviceKind::Desktop, DeviceKind::Mobile, DeviceKind::Tablet, DeviceKind::Other];
const PLANS: [&str; 3] = ["free", "team", "business"];
const BROWSERS: [&str; 3] = ["Firefox", "Chrome", "Safari"];

/// When the stream begins.
pub(crate) fn start() -> Timestamp {
    FrozenClock::default().now()
}

/// When it ends.
pub(crate) fn end() -> Timestamp {
    start().plus(LENGTH)
}

/// Numbers that look random: splitmix64.
struct Dice(u64);

impl Dice {
    const fn of(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    const fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 11) % limit
    }

    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// One event.
pub(crate) struct Made {
    pub(crate) person: u64,
    pub(crate) company: u64,
    pub(crate) time: Timestamp,
    pub(crate) received: Timestamp,
    pub(crate) message: [u8; 16],
    /// The name's number.
    pub(crate) name: usize,
    pub(crate) session: u64,
    pub(crate) path: String,
    pub(crate) device: DeviceKind,
    pub(crate) plan: &'static str,
    pub(crate) amount: f64,
    pub(crate) seats: u64,
    pub(crate) trial: bool,
    pub(crate) country: String,
    pub(crate) browser: &'static str,
    pub(crate) version: String,
    pub(crate) campaign: String,
    pub(crate) position: u64,
    pub(crate) ratio: f64,
    pub(crate) team: String,
    pub(crate) beta: bool,
}

/// The stream.
pub(crate) struct Stream {
    /// How many names there are up to each name, of 2^32.
    names: [u64; NAMES],
    step: i64,
}

/// The name with this number.
pub(crate) fn name(number: usize) -> String {
    format!("Event {number}")
}

impl Stream {
    /// So many events, spread evenly over the days.
    pub(crate) fn new(events: u64) -> Self {
        let weight = |name: usize| 1.0 / (name + 4) as f64;
        let all: f64 = (0..NAMES).map(weight).sum();
        let (mut names, mut sum) = ([0; NAMES], 0.0);
        for (number, name) in names.iter_mut().enumerate() {
            sum += weight(number) / all;
            *name = (sum * (1_u64 << 32) as f64) as u64;
        }
        Self { names, step: 90 * DAY / i64::try_from(events).unwrap() }
    }

    /// The event that arrives as number `at`.
    pub(crate) fn event(&self, at: u64) -> Made {
        let mut dice = Dice::of(at + 1);
        let received = start().micros() + self.step * i64::try_from(at).unwrap();
        // One in 200 was made while its sender had no connection.
        let delay = if dice.below(200) == 0 { dice.below(7_200_000_000) } else { 200_000 + dice.below(2_800_000) };
        let time = received - i64::try_from(delay).unwrap();
        let person = (dice.part().powf(1.5) * PEOPLE as f64) as u64 % PEOPLE;
        let place = dice.next() >> 32;
        let name = self.names.partition_point(|upto| *upto <= place).min(NAMES - 1);
        let mut of_person = Dice::of(person ^ 0x5eed << 40);
        let company = person / 20;
        let mut message = [0; 16];
        message[..8].copy_from_slice(&dice.next().to_le_bytes());
        message[8..].copy_from_slice(&dice.next().to_le_bytes());
        Made {
            person,
            company,
            time: Timestamp(time),
            received: Timestamp(received),
            message,
            name,
            session: Dice::of(person << 20 | time.div_euclid(DAY).cast_unsigned()).next() >> 16,
            path: format!("/page/{}", name as u64 * 5 + dice.below(5)),
            device: DEVICES[of_person.below(4) as usize],
            plan: PLANS[Dice::of(company).below(3) as usize],
            amount: dice.below(10_000) as f64 / 100.0,
            seats: 1 + Dice::of(company ^ 7).below(50),
            trial: of_person.below(5) == 0,
            country: format!("C{}", of_person.below(COUNTRIES).min(of_person.below(COUNTRIES))),
            browser: BROWSERS[of_person.below(3) as usize],
            version: format!("1.{}", received.wrapping_sub(start().micros()) / (3 * DAY)),
            campaign: format!("campaign {}", dice.below(100)),
            position: dice.below(1_000),
            ratio: dice.part(),
            team: format!("team {}", person / 40),
            beta: dice.below(9) == 0,
        }
    }
}

impl Made {
    /// Adds it to a batch.
    pub(crate) fn add(&self, batch: &mut events::Batch, names: &[String]) {
        let head = Head {
            person: self.person,
            company: Some(self.company),
            time: self.time,
            received: self.received,
            message: self.message,
            kind: Kind::Track,
            name: &names[self.name],
            session: Some(self.session),
            path: Some(&self.path),
            device: Some(self.device),
            content: None,
            step: None,
        };
        let [amount, ratio] = [self.amount, self.ratio].map(|number| Number::from_f64(number).unwrap());
        let [seats, position] = [self.seats, self.position].map(Number::from);
        let plain = [
            ("plan", Plain::Text(self.plan)),
            ("amount", Plain::Number(&amount)),
            ("seats", Plain::Number(&seats)),
            ("trial", Plain::Bool(self.trial)),
            ("country", Plain::Text(&self.country)),
            ("browser", Plain::Text(self.browser)),
            ("version", Plain::Text(&self.version)),
            ("campaign", Plain::Text(&self.campaign)),
            ("position", Plain::Number(&position)),
            ("ratio", Plain::Number(&ratio)),
            ("team", Plain::Text(&self.team)),
            ("beta", Plain::Bool(self.beta)),
        ];
        batch.add(&head, plain, []);
    }
}
