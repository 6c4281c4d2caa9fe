//! Arguments of the commands of `azimuth identity` about Conditional Access.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityAccessCommand {
    /// Decide one sign-in, with the reason of every policy
    Whatif(IdentityWhatifArgs),
    /// Prove what the policies guarantee, or show the plainest sign-in that they let through
    Prove(IdentityProveArgs),
    /// The sign-ins whose outcome another policy set changes
    Compare(IdentityCompareArgs),
    /// Security defaults, per-user MFA, Conditional Access, risk: what is in force, for whom, and how to move on
    Options(IdentityOptionsArgs),
}

/// Policies and the directory they are about.
#[derive(Debug, Args)]
pub(crate) struct PolicySetArgs {
    /// Conditional Access policies, as Microsoft Graph lists them
    #[arg(long, value_name = "FILE")]
    pub(crate) policies: PathBuf,
    /// The directory: `tenant`, `users`, `groups`, `applications`, `namedLocations`, `authenticationStrengths`
    #[arg(long, value_name = "FILE")]
    pub(crate) directory: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityWhatifArgs {
    /// The sign-in, or a request of the What If API
    #[arg(value_name = "FILE")]
    pub(crate) sign_in: PathBuf,
    #[command(flatten)]
    pub(crate) set: PolicySetArgs,
    /// Show only the policies that apply
    #[arg(long)]
    pub(crate) applied_only: bool,
    /// How to show it
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityProveArgs {
    #[command(flatten)]
    pub(crate) set: PolicySetArgs,
    /// Claims of your own instead of the named questions: an array of `id`, `text`, `class`, `session`
    #[arg(long, value_name = "FILE")]
    pub(crate) claims: Option<PathBuf>,
    /// Exit with 1 if a claim is refuted
    #[arg(long)]
    pub(crate) fail_on_refuted: bool,
    /// How to show it; JSON has the sign-ins, faults and pairs of client and application
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityCompareArgs {
    /// The policies as they would be
    #[arg(value_name = "FILE")]
    pub(crate) after: PathBuf,
    #[command(flatten)]
    pub(crate) set: PolicySetArgs,
    /// The methods that the session has shown
    #[arg(long, value_name = "METHOD", default_values_t = ["password".to_owned()])]
    pub(crate) method: Vec<String>,
    /// How to show it
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct IdentityOptionsArgs {
    #[command(flatten)]
    pub(crate) set: PolicySetArgs,
    /// Security defaults are on
    #[arg(long)]
    pub(crate) security_defaults: bool,
    /// How to show it
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}
