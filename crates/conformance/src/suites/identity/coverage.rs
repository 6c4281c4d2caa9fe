//! Claims about what a policy set guarantees. A counterexample counts when the decision engine allows it.

use std::sync::Arc;

use azimuth_identity::{Claim, Directory, PolicySet, Verdict, prove, prove_by_sat, replays};
use serde_json::{Value, json};

use crate::expect::{equal, value};

/// The claims of one policy set, by folding and by the SAT solver.
pub(super) fn claims(case: &Value) -> Result<(), String> {
    let directory = Arc::new(Directory::from_json(value(case, "/directory")?));
    let policies = value(case, "/policies")?.as_array().ok_or("`policies` is no array")?;
    let set = PolicySet::from_json(policies, directory).map_err(|error| error.to_string())?;
    for document in value(case, "/claims")?.as_array().ok_or("`claims` is no array")? {
        let claim = Claim::from_json(document)?;
        for (way, verdict) in [("folding", prove(&set, &claim)), ("SAT", prove_by_sat(&set, &claim))] {
            check(&set, &verdict, document)
                .map_err(|reason| format!("claim {} by {way}: {reason}", claim.id))?;
        }
    }
    Ok(())
}

fn check(set: &PolicySet, verdict: &Verdict, claim: &Value) -> Result<(), String> {
    let expected = value(claim, "/expect")?;
    let got = match verdict {
        Verdict::Proven => json!({"holds": true, "vacuous": false}),
        Verdict::Vacuous => json!({"holds": true, "vacuous": true}),
        Verdict::Undecided(reason) => return Err(format!("undecided: {reason}")),
        Verdict::Refuted(found) => {
            if !replays(set, found) {
                return Err(format!("the decision engine does not allow {}", found.sign_in.to_json()));
            }
            let sign_in = found.sign_in.to_json();
            for (member, wanted) in
                expected.get("counterexampleHas").and_then(Value::as_object).into_iter().flatten()
            {
                equal(member, wanted, &sign_in[member])?;
            }
            json!({"holds": false, "vacuous": false})
        }
    };
    let wanted = json!({"holds": expected["holds"], "vacuous": expected["vacuous"]});
    equal("verdict", &wanted, &got).map_err(|reason| match verdict {
        Verdict::Refuted(found) => format!("{reason}\n{}", found.sign_in.to_json()),
        _ => reason,
    })
}
