//! Limits on what foreign text may cost.

use std::cell::Cell;

use super::Fault;

/// Limits of one expansion or evaluation. The numbers of the service are the defaults where it has one.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Resources in one template, after loops (800).
    pub resources: usize,
    /// Parameters of one template (256).
    pub parameters: usize,
    /// Variables of one template (256 in the service; generated templates exceed it through loops, so 512).
    pub variables: usize,
    /// Outputs of one template (64).
    pub outputs: usize,
    /// Iterations of one copy loop (800).
    pub copy_count: i64,
    /// Nested and linked deployments, all levels together (500, as in what-if).
    pub deployments: usize,
    /// Levels of nested deployments.
    pub deployment_depth: usize,
    /// Evaluation steps, all expressions together; a step is a call, an access, or an item copied.
    pub steps: u64,
    /// Levels of evaluation: nested calls, variables that read variables, user functions.
    pub depth: u32,
    /// Values made from the template's JSON, all loops and nested deployments together.
    pub values: usize,
    /// Bytes of text and JSON in one value.
    pub value_bytes: u64,
    /// Bytes of all expanded resources and outputs together.
    pub expansion_bytes: u64,
    /// Diagnostics kept.
    pub diagnostics: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resources: 800,
            parameters: 256,
            variables: 512,
            outputs: 64,
            copy_count: 800,
            deployments: 500,
            deployment_depth: 16,
            steps: 20_000_000,
            depth: 300,
            values: 2_000_000,
            value_bytes: 16 * 1024 * 1024,
            expansion_bytes: 64 * 1024 * 1024,
            diagnostics: 200,
        }
    }
}

/// What is left of the limits while expressions are evaluated.
#[derive(Debug)]
pub struct Budget {
    steps: Cell<u64>,
    depth: Cell<u32>,
    max_depth: u32,
    value_bytes: u64,
}

impl Budget {
    /// A full budget.
    pub fn new(limits: &Limits) -> Self {
        Self {
            steps: Cell::new(limits.steps),
            depth: Cell::new(0),
            max_depth: limits.depth,
            value_bytes: limits.value_bytes,
        }
    }

    /// Takes `steps` off.
    ///
    /// # Errors
    /// A fault once nothing is left.
    pub fn charge(&self, steps: u64) -> Result<(), Fault> {
        match self.steps.get().checked_sub(steps) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => {
                self.steps.set(0);
                Err(Fault::limit("the template takes too many evaluation steps"))
            }
        }
    }

    /// Uses up all steps, so that all work ends soon.
    pub(crate) fn exhaust(&self) {
        self.steps.set(0);
    }

    /// Whether all steps are used up.
    pub fn is_spent(&self) -> bool {
        self.steps.get() == 0
    }

    /// Checks that a value of `bytes` may be built, and charges for the work.
    ///
    /// # Errors
    /// A fault if the value would be too large or nothing is left.
    pub fn allow_bytes(&self, bytes: u64) -> Result<(), Fault> {
        if bytes > self.value_bytes {
            return Err(Fault::limit(format!("a value grows beyond {} bytes", self.value_bytes)));
        }
        self.charge(bytes / 64)
    }

    pub(crate) fn enter(&self) -> Result<(), Fault> {
        if self.depth.get() >= self.max_depth {
            return Err(Fault::limit(format!("evaluation is nested deeper than {} levels", self.max_depth)));
        }
        self.depth.set(self.depth.get() + 1);
        Ok(())
    }

    pub(crate) fn leave(&self) {
        self.depth.set(self.depth.get().saturating_sub(1));
    }
}
