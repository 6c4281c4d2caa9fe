//! Scalar functions inside plans.
//!
//! - [`Kernel`]: a function over arrays, which knows its constants;
//! - [`row`]: any bound expression, evaluated row by row: what has no kernel of its own;
//! - [`known`]: functions by name, with kernels or value by value;
//! - [`compare`], [`text`], [`member`], [`number`], [`path`], [`pattern`], [`split`]: kernels of what queries use most;
//! - [`search`], [`repeat`]: many texts at once.

pub(crate) mod compare;
pub(crate) mod known;
pub(crate) mod member;
pub(crate) mod number;
pub(crate) mod path;
pub(crate) mod pattern;
pub(crate) mod repeat;
pub(crate) mod row;
mod search;
pub(crate) mod split;
pub(crate) mod text;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// What a kernel does: arrays of equal length (the second argument) to one of that length.
type Call = Arc<dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync>;

/// A function over arrays.
pub(crate) struct Kernel {
    name: String,
    /// Kernels with equal keys do the same.
    key: String,
    signature: Signature,
    ty: DataType,
    call: Call,
}

/// A call of a kernel. The key tells it from others of its name: constants that it knows, or a number of its own.
pub(crate) fn call(
    name: &str,
    key: &str,
    volatility: Volatility,
    ty: DataType,
    arguments: Vec<Expr>,
    call: impl Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) -> Expr {
    let signature = if arguments.is_empty() {
        Signature::nullary(volatility)
    } else {
        Signature::user_defined(volatility)
    };
    let kernel = Kernel { name: name.to_owned(), key: key.to_owned(), signature, ty, call: Arc::new(call) };
    ScalarUDF::from(kernel).call(arguments)
}

impl fmt::Debug for Kernel {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}[{}]", self.name, self.key)
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.key == other.key && self.ty == other.ty
    }
}

impl Eq for Kernel {}

impl Hash for Kernel {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.key.hash(state);
    }
}

impl ScalarUDFImpl for Kernel {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(self.ty.clone())
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        Ok(types.to_vec())
    }

    // Calls of different kernels of one name must not be taken for the same column.
    fn schema_name(&self, arguments: &[Expr]) -> Result<String> {
        let arguments: Vec<String> =
            arguments.iter().map(|argument| argument.schema_name().to_string()).collect();
        Ok(format!("{}[{}]({})", self.name, self.key, arguments.join(",")))
    }

    fn display_name(&self, arguments: &[Expr]) -> Result<String> {
        self.schema_name(arguments)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        let arrays = args.args.iter().map(|value| value.to_array(rows)).collect::<Result<Vec<_>>>()?;
        Ok(ColumnarValue::Array((self.call)(&arrays, rows)?))
    }
}
