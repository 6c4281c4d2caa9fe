//! The protocols of telemetry as clients meet them, over tables in memory.

mod elastic;
mod graph;
mod hec;
mod hostile;
mod kusto;
mod logs;
mod memory;
mod otlp;
mod support;
mod unauthorized;
