//! Proof of what a policy set guarantees.
//!
//! A claim says that no sign-in of a class is allowed with what a session can show, such as a password alone. A sign-in
//! is allowed exactly when no policy that the session leaves unsatisfied applies to it; and a policy applies when each of
//! its conditions is met. So every value of every condition is a set of policies, and the claim is wrong exactly when
//! some choice of one value per condition has an empty intersection with the unsatisfied policies.
//!
//! ```text
//! client × flow × device  ─┐ which policies the session satisfies hangs on these, so they come first
//! people (of the directory)─┤
//! targets ─────────────────┼─ intersect, keep the minimal sets only ─> an empty set is a counterexample
//! places, platforms, risks ─┘                                         none is a proof
//! ```
//!
//! Only minimal sets are kept while conditions are combined: what empties a set empties every subset of it. Where
//! policies have no structure the minimal sets explode; the same question then goes to a SAT solver.

mod class;
mod devices;
mod dimensions;
mod fold;
mod places;
mod sat;

use serde_json::{Value, json};

use crate::decision::{Outcome, decide};
use crate::mask::Mask;
use crate::policy_set::PolicySet;
use crate::sign_in::{Session, SignIn};

pub use class::{Class, DeviceClass, TargetType};
use dimensions::{Choice, Dimensions};

/// How many people are listed with a counterexample; the number counts all.
const LISTED_PEOPLE: usize = 50;

/// A claim: no sign-in of the class is allowed with this session.
#[derive(Clone, Debug, Default)]
pub struct Claim {
    /// A short name.
    pub id: String,
    /// The claim for people.
    pub text: String,
    /// Which sign-ins it is about.
    pub class: Class,
    /// What the session has shown.
    pub session: Session,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// No sign-in of the class is allowed.
    Proven,
    /// There is no sign-in of the class.
    Vacuous,
    /// A sign-in of the class is allowed.
    Refuted(Box<Counterexample>),
    /// The question is too large; the text says what exceeded which limit.
    Undecided(String),
}

/// A sign-in that a claim excludes and the policies allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterexample {
    /// The plainest sign-in that was found: each fact is the most ordinary one that keeps it allowed.
    pub sign_in: SignIn,
    /// The ids of people who can sign in like this, the first fifty.
    pub people: Vec<String>,
    /// How many people can.
    pub people_count: usize,
}

impl Claim {
    /// Reads `id`, `text`, `class`, `session`.
    ///
    /// # Errors
    /// A text that names the member with an unknown value.
    pub fn from_json(document: &Value) -> Result<Claim, String> {
        let text = |member: &str| document.get(member).and_then(Value::as_str).unwrap_or_default().to_owned();
        Ok(Claim {
            id: text("id"),
            text: text("text"),
            class: Class::from_json(document.get("class").unwrap_or(&Value::Null))?,
            session: Session::from_json(document.get("session").unwrap_or(&Value::Null)),
        })
    }
}

impl Verdict {
    /// `proven`, `vacuous`, `refuted` or `undecided`.
    pub fn wire(&self) -> &'static str {
        match self {
            Verdict::Proven => "proven",
            Verdict::Vacuous => "vacuous",
            Verdict::Refuted(_) => "refuted",
            Verdict::Undecided(_) => "undecided",
        }
    }

    /// The verdict with its counterexample.
    pub fn to_json(&self) -> Value {
        match self {
            Verdict::Proven | Verdict::Vacuous => json!({"verdict": self.wire()}),
            Verdict::Undecided(reason) => json!({"verdict": self.wire(), "reason": reason}),
            Verdict::Refuted(found) => json!({
                "verdict": self.wire(),
                "counterexample": found.sign_in.to_json(),
                "people": found.people,
                "peopleCount": found.people_count,
            }),
        }
    }
}

/// What is asked of a policy set, in general: is there a sign-in of the class to which all of `applying` apply, that all
/// of `stopping` stop, and that none of `against` stops?
pub(crate) struct Question<'a> {
    pub(crate) class: &'a Class,
    pub(crate) session: &'a Session,
    /// The policies that stand against a sign-in.
    pub(crate) against: Mask,
    /// The policies that have to apply.
    pub(crate) applying: Mask,
    /// The policies that have to apply and be unsatisfied.
    pub(crate) stopping: Mask,
}

impl<'a> Question<'a> {
    /// The question whether a claim is wrong.
    pub(crate) fn of(set: &PolicySet, claim: &'a Claim) -> Question<'a> {
        let Claim { class, session, .. } = claim;
        Question { class, session, against: set.enabled, applying: Mask::EMPTY, stopping: Mask::EMPTY }
    }
}

/// Decides a claim over every sign-in of its class: all people of the directory, all its applications, every kind of
/// client, device, platform, place and risk that policies can tell apart.
pub fn prove(set: &PolicySet, claim: &Claim) -> Verdict {
    search(set, &Question::of(set, claim))
}

/// As [`prove`], by the SAT solver alone; for tests and for policies of which it is known that they have no structure.
pub fn prove_by_sat(set: &PolicySet, claim: &Claim) -> Verdict {
    answer(set, &Question::of(set, claim), sat::solve)
}

pub(crate) fn search(set: &PolicySet, question: &Question<'_>) -> Verdict {
    answer(set, question, |dimensions| fold::solve(dimensions).unwrap_or_else(|| sat::solve(dimensions)))
}

fn answer(
    set: &PolicySet,
    question: &Question<'_>,
    solve: impl Fn(&Dimensions<'_>) -> Option<Choice>,
) -> Verdict {
    let dimensions = match Dimensions::new(set, question) {
        Ok(dimensions) if dimensions.is_empty() => return Verdict::Vacuous,
        Ok(dimensions) => dimensions,
        Err(reason) => return Verdict::Undecided(reason),
    };
    match solve(&dimensions) {
        None => Verdict::Proven,
        Some(choice) => {
            let choice = dimensions.plainest(choice);
            let (people, people_count) = dimensions.people(&choice, LISTED_PEOPLE);
            Verdict::Refuted(Box::new(Counterexample {
                sign_in: dimensions.sign_in(&choice),
                people,
                people_count,
            }))
        }
    }
}

/// True if the decision engine allows the sign-in of a counterexample.
pub fn replays(set: &PolicySet, counterexample: &Counterexample) -> bool {
    decide(set, &counterexample.sign_in).outcome == Outcome::Allow
}
