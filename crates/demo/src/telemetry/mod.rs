//! What watches the resources: diagnostic settings, flow logs, Defender plans, security contacts.

mod defender;
mod diagnostics;
mod flow_logs;
