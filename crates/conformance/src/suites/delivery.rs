//! Access control, management groups, deployments, pipelines and load tests.

mod access;
mod deployments;

use super::{Suite, answered, waiting};

const DEPLOYMENTS: &str = "blueprints, stacks and deployments";
const PIPELINES: &str = "pipelines";
const LOAD_TESTS: &str = "load tests";

/// The folder `delivery`.
pub(super) const SUITE: Suite = Suite {
    name: "delivery",
    files: &[
        answered("rbac.jsonl", access::rbac),
        answered("abac.jsonl", access::abac),
        answered("management_groups.jsonl", access::management_groups),
        waiting("blueprints.jsonl", DEPLOYMENTS),
        waiting("stacks.jsonl", DEPLOYMENTS),
        answered("deployments.jsonl", deployments::deployments),
        waiting("pipeline_checks.jsonl", PIPELINES),
        waiting("pipeline_expressions.jsonl", PIPELINES),
        waiting("pipeline_schema.jsonl", PIPELINES),
        waiting("pipeline_stages.jsonl", PIPELINES),
        waiting("pipeline_strategies.jsonl", PIPELINES),
        waiting("loadtest_criteria.jsonl", LOAD_TESTS),
        waiting("load_plans.jsonl", LOAD_TESTS),
        waiting("load_functions.jsonl", LOAD_TESTS),
        waiting("jmx_parse.jsonl", LOAD_TESTS),
        waiting("jtl.jsonl", LOAD_TESTS),
    ],
};
