//! What is said about a function: parameters, result, name of the result.

use crate::types::ScalarType;

/// A built-in function.
#[derive(Debug)]
pub struct Function {
    /// Its name, as written in queries.
    pub name: &'static str,
    /// What kind of function it is.
    pub kind: FunctionKind,
    /// The ways to call it, tried in order.
    pub signatures: &'static [Signature],
    /// The signatures of Kusto's reference binder where they differ from what the engine does; empty where they do not.
    pub reference: &'static [Signature],
    /// What a column with its result is called when the query does not say.
    pub naming: Naming,
    /// This is another spelling of the function of that name; signatures are there.
    pub alias_of: Option<&'static str>,
    /// Whether equal arguments give equal results (`rand`, `new_guid` and `ingestion_time` do not; `now` does within
    /// a query).
    pub is_deterministic: bool,
}

/// Kinds of functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// From the values of one row.
    Scalar,
    /// From the rows around it, in their order: `prev`, `row_number`. Only over serialized rows.
    Window,
    /// From all rows of a group.
    Aggregate,
    /// From elements of a graph pattern: `node_id`, `inner_nodes`, `all`.
    Graph,
    /// A tabular function after `evaluate`.
    Plugin,
}

/// Where a function may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// In scalar expressions.
    Scalar,
    /// In `summarize`, `make-series`, `top-nested` and pivots.
    Aggregate,
    /// After `evaluate`.
    Plugin,
}

/// One way to call a function.
#[derive(Debug)]
pub struct Signature {
    /// The parameters in order.
    pub parameters: &'static [Parameter],
    /// The result.
    pub returns: Returns,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name in the reference, for messages, hovers and named arguments.
    pub name: &'static str,
    /// The values it takes.
    pub accepts: Accepts,
    /// What kind of expression it asks for.
    pub form: Form,
    /// How often it has to be there: 0 for optional ones.
    pub least: usize,
    /// How often it may be there; `usize::MAX` for any number. Neighbouring parameters with the same `least` and
    /// `most` above 1 repeat as a group (`case(predicate, then, …, else)`).
    pub most: usize,
    /// For [`Accepts::Text`]: the only values, in lower case; empty if any text will do.
    pub values: &'static [&'static str],
}

/// The types that a parameter takes. `unknown` is always taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Accepts {
    /// Any scalar.
    Any,
    /// Any scalar but `dynamic`.
    NotDynamic,
    /// This type, or one that widens to it (`int` to `long` and `real`, `long` to `real`).
    Type(ScalarType),
    /// One of these types.
    OneOf(&'static [ScalarType]),
    /// `string`, or `dynamic` of which nothing is known; it is converted.
    Text,
    /// As `Text`, but what is dynamic stays as it is: `todynamic`.
    TextAsIs,
    /// Any scalar; it is converted to a `string`.
    AnyText,
    /// `string` or `dynamic`
    TextOrDynamic,
    /// `string`, or `dynamic` that is not known to be anything but a text or an array of texts.
    TextOrArray,
    /// `int`, `long`, `real`, `decimal`
    Number,
    /// `int`, `long`
    Integer,
    /// A number, `timespan` or `datetime`.
    Summable,
    /// A number, `bool` or `timespan`: what widens to a number in series.
    NumberOrBool,
    /// `dynamic`
    Dynamic,
    /// `dynamic` that is not known to be anything but an array.
    Array,
    /// `dynamic` that is not known to be anything but a property bag.
    Bag,
    /// A type that goes together with that of the argument at this position.
    SameAs(usize),
    /// Types that go together among all arguments with this mark (`iff`, `case`, `coalesce`, `max_of`).
    Common,
    /// A tabular expression.
    Table,
}

/// The kind of expression that a parameter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any expression.
    Any,
    /// Known before rows are read: literals, `let` constants, functions of constants.
    Constant,
    /// A literal or a `let` of one.
    Literal,
    /// A column of the input, by its name.
    Column,
    /// Columns, or `*` for all.
    ColumnOrStar,
    /// A call of an aggregate (`pivot`).
    Aggregate,
    /// A word (`make_series` kinds, plugin modes).
    Word,
}

/// What a dynamic result holds for sure.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// Nothing is known.
    Any,
    /// A single value of that type.
    Scalar(ScalarType),
    /// An array of such elements.
    Array(&'static Known),
    /// A property bag with these members among others.
    Bag(&'static [(&'static str, Known)]),
}

/// An array of texts.
pub(crate) const TEXTS: Known = Known::Array(&Known::Scalar(ScalarType::String));

/// What a function returns.
#[derive(Clone, Copy, Debug)]
pub enum Returns {
    /// This type.
    Type(ScalarType),
    /// `dynamic` that is an array for sure.
    Array,
    /// `dynamic` that is a property bag for sure.
    Bag,
    /// `dynamic` of which more is known.
    Known(Known),
    /// `dynamic`, an array of values like the argument at this position.
    ArrayOf(usize),
    /// The type of the argument at this position.
    Argument(usize),
    /// The type of the argument at this position; `int` counts as `long`.
    ArgumentLong(usize),
    /// The type that all [`Accepts::Common`] arguments go together in; `dynamic` if there is none.
    Common,
    /// The widest number among all arguments.
    Widest,
    /// The type that a literal text or `typeof` argument at this position names; the other type without it.
    Named(usize, ScalarType),
    /// The first type if the argument at this position is that text, else the second.
    ForWord(usize, &'static str, ScalarType, ScalarType),
    /// Several columns, by suffix and type: `series_stats`.
    Columns(&'static [(&'static str, ScalarType)]),
    /// From the types of the arguments.
    Computed(fn(&[ScalarType]) -> ScalarType),
    /// Several columns from the arguments themselves: `arg_max`, `percentiles`, `take_any`. The binder knows the rule
    /// by the name of the function.
    Special,
    /// A table (plugins): the binder knows the rule by the name of the function; without a rule its columns are open.
    Table,
}

/// What a column is called that holds the result of a call, and that the query does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// `Column1`; `print_0` in `print`.
    None,
    /// As the first argument is called: `bin(TimeGenerated, 1h)` is `TimeGenerated`.
    FirstArgument,
    /// As the only argument is called, if there is one only.
    OnlyArgument,
    /// Prefix, `_` and the name of the first argument: `sum_x`; `sum_` if that has none.
    Prefix(&'static str),
    /// Like `Prefix` with the name of the function itself.
    FunctionAndArgument,
    /// Always this.
    Fixed(&'static str),
}

impl Function {
    /// Where it may be called.
    pub fn usage(&self) -> Use {
        match self.kind {
            FunctionKind::Scalar | FunctionKind::Window | FunctionKind::Graph => Use::Scalar,
            FunctionKind::Aggregate => Use::Aggregate,
            FunctionKind::Plugin => Use::Plugin,
        }
    }

    /// With other signatures in Kusto's reference binder.
    pub(crate) const fn reference(mut self, signatures: &'static [Signature]) -> Self {
        self.reference = signatures;
        self
    }

    /// With this name for its result.
    pub(crate) const fn named(mut self, naming: Naming) -> Self {
        self.naming = naming;
        self
    }

    /// With results that differ from call to call.
    pub(crate) const fn volatile(mut self) -> Self {
        self.is_deterministic = false;
        self
    }
}

impl Returns {
    /// The type of the result where the arguments have no say in it.
    pub fn fixed(self) -> Option<ScalarType> {
        match self {
            Self::Type(ty) => Some(ty),
            Self::Array | Self::Bag | Self::Known(_) | Self::ArrayOf(_) => Some(ScalarType::Dynamic),
            _ => None,
        }
    }
}

impl Parameter {
    /// It may be left out.
    pub(crate) const fn optional(mut self) -> Self {
        self.least = 0;
        self
    }

    /// It is there `least` times or more.
    pub(crate) const fn repeated(mut self, least: usize) -> Self {
        self.least = least;
        self.most = usize::MAX;
        self
    }

    /// It is there from `least` to `most` times.
    pub(crate) const fn times(mut self, least: usize, most: usize) -> Self {
        self.least = least;
        self.most = most;
        self
    }

    /// Its value has to be known before rows are read.
    pub(crate) const fn constant(mut self) -> Self {
        self.form = Form::Constant;
        self
    }

    /// It asks for another kind of expression.
    pub(crate) const fn form(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    /// Only these texts.
    pub(crate) const fn one_of(mut self, values: &'static [&'static str]) -> Self {
        self.values = values;
        self
    }
}

/// A parameter that is there once.
pub(crate) const fn p(name: &'static str, accepts: Accepts) -> Parameter {
    Parameter { name, accepts, form: Form::Any, least: 1, most: 1, values: &[] }
}

/// A way to call a function.
pub(crate) const fn sig(parameters: &'static [Parameter], returns: Returns) -> Signature {
    Signature { parameters, returns }
}

const fn function(name: &'static str, kind: FunctionKind, signatures: &'static [Signature]) -> Function {
    Function {
        name,
        kind,
        signatures,
        reference: &[],
        naming: Naming::None,
        alias_of: None,
        is_deterministic: true,
    }
}

/// A scalar function.
pub(crate) const fn scalar(name: &'static str, signatures: &'static [Signature]) -> Function {
    function(name, FunctionKind::Scalar, signatures)
}

/// A window function.
pub(crate) const fn window(name: &'static str, signatures: &'static [Signature]) -> Function {
    function(name, FunctionKind::Window, signatures)
}

/// An aggregate; its result is called `name_argument`.
pub(crate) const fn aggregate(name: &'static str, signatures: &'static [Signature]) -> Function {
    function(name, FunctionKind::Aggregate, signatures).named(Naming::FunctionAndArgument)
}

/// A plugin.
pub(crate) const fn plugin(name: &'static str, signatures: &'static [Signature]) -> Function {
    function(name, FunctionKind::Plugin, signatures)
}

/// Another spelling of `target`.
pub(crate) const fn alias(name: &'static str, kind: FunctionKind, target: &'static str) -> Function {
    let mut function = function(name, kind, &[]);
    function.alias_of = Some(target);
    function
}

/// Another spelling of a scalar function.
pub(crate) const fn also(name: &'static str, target: &'static str) -> Function {
    alias(name, FunctionKind::Scalar, target)
}
