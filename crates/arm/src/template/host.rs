//! A template as the host of its expressions.

use std::sync::Arc;

use super::environment::{Bound, Env, Index, Mode, function_names};
use super::target::symbolic_call;
use super::{ids, reference, scope_functions, types};
use crate::expression::{ExpressionError, Fault, Host, HostCall};
use crate::functions::{DEFAULT_UTC_NOW, format_timestamp, seeded_guid};
use crate::json::Span;
use crate::origin::FileId;
use crate::value::{Kind, Reason, Value};

/// An expression in a template: what surrounds it, and the string node that it stands in.
pub(super) struct Site<'e> {
    pub(super) env: &'e Env<'e>,
    pub(super) file: FileId,
    pub(super) span: Span,
    /// How many bytes of the string precede the expression.
    pub(super) skipped: usize,
}

impl Host for Site<'_> {
    fn accepts_symbolic(&self, key: &str) -> bool {
        self.env.accepts_symbolic(key)
    }

    fn function_names(&self) -> Vec<String> {
        self.env.function_names()
    }

    fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, Fault>> {
        self.env.call(call)
    }

    fn gives(&self, call: &HostCall<'_>, value: &Value) -> bool {
        self.env.gives(call, value)
    }

    fn is_given(&self, value: &Value) -> bool {
        self.env.is_given(value)
    }

    /// A default is not evaluated if its parameter gets a value. Templates that are deployed to several kinds of scopes
    /// rely on that where a scope function is not available.
    fn avoids(&self, code: &str) -> bool {
        code == "arm-scope"
            && matches!(self.env.mode, Mode::ParameterDefault(_))
            && self.env.scope.lexical().depth == 0
    }

    fn absorbs(&self, error: &ExpressionError) -> bool {
        let run = self.env.scope.run;
        !run.context.is_strict
            && run.refuse_in_string(self.file, self.span, &error.clone().moved(self.skipped))
    }
}

impl Host for Env<'_> {
    fn gives(&self, call: &HostCall<'_>, value: &Value) -> bool {
        if call.namespace.is_some() {
            return self.is_given(value);
        }
        match call.key {
            "parameters" => match self.mode {
                Mode::Function(bound) => bound.is_given || self.is_given(value),
                // Whoever deploys the template can give any of its parameters another value.
                _ => self.scope.lexical().depth == 0 || self.is_given(value),
            },
            "copyindex" => {
                let name = call.arguments.first().and_then(Value::as_str);
                self.find_loop(name).is_some_and(|step| step.is_given)
            }
            "reference" | "references" => !reference::is_deployment_state(value),
            "deployer" | "deployment" | "managementgroup" | "newguid" | "resourcegroup" | "subscription"
            | "tenant" | "utcnow" => true,
            _ => self.is_given(value),
        }
    }

    fn is_given(&self, value: &Value) -> bool {
        self.scope.run.is_given(value)
    }

    fn accepts_symbolic(&self, key: &str) -> bool {
        key.ends_with("resourceid") || matches!(key, "reference" | "references") || key.starts_with("list")
    }

    fn function_names(&self) -> Vec<String> {
        let mut names = function_names(self.scope.lexical());
        names.push("listKeys".to_owned());
        names
    }

    fn call(&self, call: &HostCall<'_>) -> Option<Result<Value, Fault>> {
        if let Some(namespace) = call.namespace {
            return self.user_function(namespace, call);
        }
        if let Mode::Function(_) = self.mode
            && matches!(call.key, "variables" | "reference" | "references" | "copyindex")
        {
            let fault = Fault::new(format!("`{}` is not available in a user-defined function", call.name));
            return Some(Err(fault.with_code("arm-unavailable-function")));
        }
        if matches!(self.mode, Mode::ParameterFile) && !matches!(call.key, "externalinputs") {
            let fault = Fault::new(format!("`{}` is not available in a parameter file", call.name));
            return Some(Err(fault.with_code("arm-unavailable-function")));
        }
        let scope = self.scope.lexical();
        let outcome = match call.key {
            "parameters" => self.parameters(call),
            "variables" => call.text(0).and_then(|name| scope.variable(name)),
            "copyindex" => self.copy_index(call),
            "newguid" => self.new_guid(),
            "utcnow" => self.utc_now(call),
            "deployment" | "deployer" | "environment" | "subscription" | "resourcegroup"
            | "managementgroup" | "tenant" => scope_functions::call(scope, call),
            "resourceid"
            | "subscriptionresourceid"
            | "managementgroupresourceid"
            | "tenantresourceid"
            | "extensionresourceid" => ids::call(&scope.target, call),
            "reference" => reference::reference(self, call),
            "references" => reference::references(self, call),
            "pickzones" => Ok(reference::pick_zones(self, call)),
            "builduri" | "parseuri" | "providers" | "tologicalzone" | "tologicalzones" | "tophysicalzone"
            | "tophysicalzones" | "externalinputs" => {
                Ok(symbolic_call(call.name, call.arguments.to_vec(), Reason::Environment))
            }
            key if key.starts_with("list") && key.len() > 4 && !call.arguments.is_empty() => {
                reference::list(self, call)
            }
            _ => return None,
        };
        Some(outcome)
    }
}

impl Env<'_> {
    fn parameters(&self, call: &HostCall<'_>) -> Result<Value, Fault> {
        let name = call.text(0)?;
        if let Mode::Function(bound) = self.mode {
            let argument = bound.arguments.iter().find(|(known, _)| azimuth_ids::eq_fold(known, name));
            return argument.map(|(_, value)| value.clone()).ok_or_else(|| {
                Fault::new(format!("the function has no parameter `{name}`"))
                    .with_code("arm-unknown-parameter")
                    .about(0)
            });
        }
        self.scope.lexical().parameter(name)
    }

    fn copy_index(&self, call: &HostCall<'_>) -> Result<Value, Fault> {
        let (name, offset) = match call.arguments {
            [] => (None, 0),
            [only] => match only.kind() {
                Kind::Int(offset) => (None, *offset),
                _ => (Some(call.text(0)?), 0),
            },
            [_, offset, ..] => {
                let offset = offset.as_int().ok_or_else(|| {
                    Fault::new(format!("the offset is an integer, not {}", offset.type_name())).about(1)
                })?;
                (Some(call.text(0)?), offset)
            }
        };
        match self.find_loop(name) {
            Some(step) => match &step.index {
                Index::Known(index) => index
                    .checked_add(offset)
                    .map(Value::int)
                    .ok_or_else(|| Fault::new("the index does not fit into 64 bits")),
                Index::Any(reason) => Ok(symbolic_call(call.name, call.arguments.to_vec(), reason.clone())),
            },
            None => {
                let fault = match name {
                    Some(name) => {
                        Fault::new(format!("there is no loop `{name}` around this expression")).about(0)
                    }
                    None => Fault::new("there is no loop around this expression"),
                };
                Err(fault.with_code("arm-copy").with_hint("`copyIndex` only works within a `copy`"))
            }
        }
    }

    /// The parameter whose default is being evaluated; `newGuid` and `utcNow` are allowed nowhere else.
    fn default_of(&self, function: &str) -> Result<&str, Fault> {
        match self.mode {
            Mode::ParameterDefault(name) => Ok(name),
            _ => Err(Fault::new(format!("`{function}` is only available in the default of a parameter"))
                .with_code("arm-unavailable-function")
                .with_hint("declare a parameter with this default and read that")),
        }
    }

    fn new_guid(&self) -> Result<Value, Fault> {
        let parameter = self.default_of("newGuid")?;
        let context = self.scope.run.context;
        Ok(match context.seed {
            Some(seed) => {
                let deployment = self.scope.name.as_str().unwrap_or_default();
                Value::string(seeded_guid(seed, &format!("{deployment}/{parameter}")))
            }
            None => symbolic_call("newGuid", Vec::new(), Reason::TimeOrChance),
        })
    }

    fn utc_now(&self, call: &HostCall<'_>) -> Result<Value, Fault> {
        self.default_of("utcNow")?;
        let format = if call.arguments.is_empty() { DEFAULT_UTC_NOW } else { call.text(0)? };
        match self.scope.run.context.now {
            Some(now) => format_timestamp(now, format)
                .map(Value::string)
                .ok_or_else(|| Fault::new(format!("`{format}` is not a date format")).about(0)),
            None => Ok(symbolic_call("utcNow", call.arguments.to_vec(), Reason::TimeOrChance)),
        }
    }

    fn user_function(&self, namespace: &str, call: &HostCall<'_>) -> Option<Result<Value, Fault>> {
        let scope = self.scope.lexical();
        let key = azimuth_ids::fold(&format!("{namespace}.{}", call.name)).into_owned();
        let function = scope.functions.get(&key)?;
        let declared = function.node.get("parameters").map(crate::json::Node::items).unwrap_or_default();
        let name = &function.full_name;
        if declared.len() != call.arguments.len() {
            return Some(Err(Fault::new(format!(
                "`{name}` takes {} argument{}, not {}",
                declared.len(),
                if declared.len() == 1 { "" } else { "s" },
                call.arguments.len()
            ))
            .with_code("arm-arguments")
            .with_hint("its `parameters` under `functions` say what it takes")));
        }
        let mut arguments: Vec<(Arc<str>, Value)> = Vec::with_capacity(declared.len());
        for (index, (declaration, value)) in declared.iter().zip(call.arguments).enumerate() {
            if let Some(problem) = types::first_problem(value, declaration, scope.root) {
                return Some(Err(Fault::new(format!("an argument of `{name}` does not fit: {problem}"))
                    .with_code("arm-argument-type")
                    .about(index)));
            }
            let parameter = declaration.get("name").and_then(crate::json::Node::as_str).unwrap_or_default();
            arguments.push((parameter.into(), types::secured(value.clone(), declaration, scope.root)));
        }
        let Some(body) = function.node.get("output").and_then(|output| output.get("value")) else {
            return Some(Err(Fault::new(format!("`{name}` has no output")).with_code("arm-template")));
        };
        let is_given = call.is_given || call.arguments.iter().any(|argument| scope.run.holds_given(argument));
        let bound = Bound { arguments: &arguments, is_given };
        let env = Env { mode: Mode::Function(bound), loops: None, ..Env::new(scope) };
        if let Err(fault) = scope.run.budget.enter() {
            return Some(Err(fault));
        }
        let value = env.value(scope.file, body);
        scope.run.budget.leave();
        Some(Ok(value))
    }
}
