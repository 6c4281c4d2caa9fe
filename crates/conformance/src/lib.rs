//! Runs the case files of the conformance corpora against the engines.
//!
//! ```text
//! corpora/SUITE/**/*.jsonl ──▶ registry (suites/SUITE.rs) ──▶ runner per file ──▶ FILE: passed P of N
//!                                                                              └▶ floors (docs/conformance.md)
//! ```
//!
//! - [`corpora`]: where the corpora are and which case files they hold;
//! - [`suites`]: which file is answered by which runner, which waits for an engine, which is data;
//! - [`expect`]: helpers with which a runner compares;
//! - [`run`]: runs a file, a panic being a failed case;
//! - [`floors`]: what may not get worse.
//!
//! # Adding a runner
//!
//! 1. Open `suites/SUITE.rs`, named like the folder of the corpora.
//! 2. Write one small function per file: it reads the case, asks the engine and compares.
//!    ```
//!    use azimuth_conformance::expect;
//!    use serde_json::Value;
//!
//!    fn action_match(case: &Value) -> Result<(), String> {
//!        let pattern = expect::text(case, "/input/pattern")?;
//!        let action = expect::text(case, "/input/action")?;
//!        let got = pattern == "*" || pattern == action; // the engine's answer
//!        expect::equal("match", expect::value(case, "/expect/match")?, &Value::from(got))
//!    }
//!    # let case = serde_json::json!({"input": {"pattern": "*", "action": "a"}, "expect": {"match": true}});
//!    # assert_eq!(action_match(&case), Ok(()));
//!    ```
//! 3. Register it: in the suite's list, turn `waiting("rbac.jsonl", …)` into `answered("rbac.jsonl", rbac)`.
//! 4. Add the engine to this crate's `[dependencies]`.
//! 5. Run `cargo xtask conformance SUITE`, and put the row it prints into `docs/conformance.md`.
//!
//! Cases in the corpora are a sample: other cases of the same formats are put into the same folders, so a runner
//! relies on the format only, never on an id or a count. A file with several kinds of cases gets one runner that
//! matches on the kind and refuses a kind it does not know.
//!
//! Architecture invariant: nothing depends on this crate; a runner translates and compares, it never decides.

pub mod corpora;
pub mod expect;
pub mod floors;
pub mod run;
pub mod suites;
