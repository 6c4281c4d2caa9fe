//! The ARM template language: expressions, template expansion, dependency order, what-if.
//!
//! - [`Source`]: a JSON document with the place of every value; [`Parameters`]: a parameter file.
//! - [`expand`]: template + parameters + [`Context`] → [`Expansion`]: concrete resources, outputs, diagnostics, and
//!   for every value its [`Origin`].
//! - [`whatif`]: an expansion against the stored state → [`WhatIf`].
//! - [`parse_expression`], [`evaluate`], [`Host`]: the expression language alone, for other hosts such as policy.
//!
//! What only the running deployment can know stays symbolic ([`Symbolic`]); nothing is guessed. Secrets are shown as
//! `***` by everything but [`Value::reveal`].
//!
//! ```
//! use azimuth_arm::{Context, NoEstate, NoLoader, Parameters, Source, Target, expand};
//!
//! let text = r#"{
//!   "parameters": { "prefix": { "type": "string", "defaultValue": "st" } },
//!   "resources": [{
//!     "type": "Microsoft.Storage/storageAccounts", "apiVersion": "2023-01-01",
//!     "name": "[concat(parameters('prefix'), copyIndex(1))]",
//!     "copy": { "name": "accounts", "count": 2 },
//!     "properties": { "minimumTlsVersion": "TLS1_2" }
//!   }]
//! }"#;
//! let template = Source::parse("main.json", text).expect("this is JSON");
//! let context = Context::new(Target::resource_group("00000000-0000-0000-0000-000000000000", "web"));
//! let expansion = expand(&template, &Parameters::none(), &context, &NoLoader, &NoEstate);
//!
//! let second = &expansion.resources[1];
//! assert_eq!(second.name, "st2");
//! let origin = expansion.origin(second, "/properties/minimumTlsVersion").expect("it is written somewhere");
//! assert_eq!(origin.place.to_string(), "main.json:7:42");
//! ```
//!
//! Architecture invariant: this crate reads no file, clock or randomness. Time and seed come with [`Context`], linked
//! templates through [`Loader`], stored state through [`EstateView`].

mod advice;
mod expression;
mod functions;
mod json;
mod origin;
mod suggest;
mod template;
mod value;
mod whatif;

pub use expression::{
    Budget, Call, Expression, ExpressionError, ExpressionKind, Fault, Host, HostCall, Limits, evaluate,
    is_expression, parse as parse_expression, unescape,
};
pub use functions::function_arity;
pub use json::{Member, Node, NodeKind, Source, Span};
pub use origin::{FilePlace, Origin, OriginId, Origins, Via};
pub use template::{
    Cloud, Context, Cycle, EstateView, ExpandedDeployment, ExpandedResource, Expansion, Link, LoadError,
    Loaded, Loader, MemoryEstate, Mode, NoEstate, NoLoader, Output, Parameters, Target, Unresolved,
    blocked_by, declares_secret, expand, waves,
};
pub use value::{Array, Kind, Object, REDACTED, Reason, Symbolic, Value};
pub use whatif::{
    Certainty, Change, ChangeType, PropertyChange, PropertyChangeType, ResultFormat, WhatIf, WhatIfNote,
    WhatIfOptions, whatif,
};
