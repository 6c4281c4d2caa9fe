//! What can be asked of `azimuth identity`.

mod access;
mod password;
mod risk;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::ListFormat;

pub(crate) use access::{
    IdentityAccessCommand, IdentityCompareArgs, IdentityOptionsArgs, IdentityProveArgs, IdentityWhatifArgs,
    PolicySetArgs,
};
pub(crate) use password::{PasswordCheckArgs, PasswordCommand, PasswordFailOn, PasswordProfile};
pub(crate) use risk::{
    RiskActArgs, RiskAction, RiskCommand, RiskFormat, RiskLicense, RiskListArgs, RiskReportArgs,
    RiskSourceArgs,
};

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Passwords: judge them as Microsoft Entra does, look for them in a list of breaches, check a custom list
    #[command(subcommand)]
    Password(PasswordCommand),
    /// Risk: users at risk, risky sign-ins and detections, computed from sign-in logs
    #[command(subcommand)]
    Risk(Box<RiskCommand>),
    /// How far multifactor authentication reaches: who could be asked, who was, and with which methods
    Mfa(MfaArgs),
    #[command(flatten)]
    Access(IdentityAccessCommand),
}

#[derive(Debug, Args)]
pub(crate) struct MfaArgs {
    /// Registration reports: `userRegistrationDetails` of Microsoft Graph as JSON or NDJSON
    #[arg(required = true, value_name = "PATH")]
    pub(crate) registration: Vec<PathBuf>,
    /// Sign-ins: rows of the sign-in tables, or `signIn` objects of Microsoft Graph; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) sign_ins: Vec<PathBuf>,
    /// How to show the report
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: ListFormat,
}
