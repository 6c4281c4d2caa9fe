//! KQL on Apache DataFusion.
