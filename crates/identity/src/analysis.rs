//! What there is to know about a policy set: the named questions, faults of single policies, lock-out, changes.

mod compare;
mod findings;
mod questions;
mod suggest;

pub use compare::{Change, Replayed, compare, replay};
pub use findings::{Fault, Findings, find_faults, lockout};
pub(crate) use questions::session;
pub use questions::{PasswordAlone, named_questions, password_alone};
pub use suggest::{Suggestion, suggest};

use serde_json::{Value, json};

use crate::policy_set::PolicySet;
use crate::proof::{Verdict, prove};

/// The whole analysis as a document: each named question with its verdict, counterexample and suggestion; who gets in
/// with a password alone; faults of policies; the way in when policies lock everybody out.
pub fn analyse(set: &PolicySet) -> Value {
    let questions = named_questions(set).into_iter().map(|claim| {
        let verdict = prove(set, &claim);
        let mut answer = verdict.to_json();
        answer["id"] = json!(claim.id);
        answer["question"] = json!(claim.text);
        if let Verdict::Refuted(found) = &verdict {
            let suggestions = suggest(set, &claim, &found.sign_in);
            answer["suggestions"] = suggestions.iter().map(Suggestion::to_json).collect();
        }
        answer
    });
    let faults = find_faults(set);
    let name = |at: usize| set.policies[at].display_name.clone();
    json!({
        "questions": questions.collect::<Vec<_>>(),
        "passwordAlone": password_alone(set).iter().map(PasswordAlone::to_json).collect::<Vec<_>>(),
        "faults": faults.iter().map(|fault| fault.to_json(&name)).collect::<Vec<_>>(),
        "lockOut": lockout(set).to_json(),
    })
}
