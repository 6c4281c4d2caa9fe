//! What can be asked of `azimuth identity risk`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::args::ListFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum RiskCommand {
    /// List users at risk
    Users(RiskListArgs),
    /// List service principals at risk
    ServicePrincipals(RiskListArgs),
    /// List risky sign-ins
    SignIns(RiskListArgs),
    /// List risk detections
    Detections(RiskListArgs),
    /// Show how the risk of one user came about
    History {
        /// Object id or principal name
        #[arg(value_name = "USER")]
        user: String,
        #[command(flatten)]
        report: RiskReportArgs,
    },
    /// Show figures: users by level and state, detections by type, new and remediated users per day
    Summary(RiskReportArgs),
    /// Write a decision about users or sign-ins down, for the reports that follow
    Act(RiskActArgs),
    /// List every published detection, and whether logs suffice to compute it
    Catalogue {
        /// How to show the list
        #[arg(long, short, value_enum, default_value_t = ListFormat::Table, visible_alias = "output", value_name = "FORMAT")]
        format: ListFormat,
    },
}

/// Where sign-ins, lists and decisions come from.
#[derive(Debug, Args)]
pub(crate) struct RiskSourceArgs {
    /// Rows of `SigninLogs`, `AADNonInteractiveUserSignInLogs`, `AADServicePrincipalSignInLogs` and `OfficeActivity`, or `signIn` objects of Microsoft
    /// Graph, as JSON or NDJSON; folders are searched
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// Decisions written by `azimuth identity risk act`
    #[arg(long, value_name = "FILE")]
    pub(crate) actions: Option<PathBuf>,
    /// Addresses of Tor exits, anonymous proxies and VPNs, one address or network a line
    #[arg(long, value_name = "FILE")]
    pub(crate) anonymous: Option<PathBuf>,
    /// Addresses of bad reputation
    #[arg(long, value_name = "FILE")]
    pub(crate) malicious: Option<PathBuf>,
    /// Addresses of known threat actors
    #[arg(long, value_name = "FILE")]
    pub(crate) threat_actors: Option<PathBuf>,
    /// Addresses of your own: trusted named locations, exits of your VPN
    #[arg(long, value_name = "FILE")]
    pub(crate) trusted: Option<PathBuf>,
    /// The moment to report at, RFC 3339 or a date; the time of the latest sign-in or decision if not given
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RiskReportArgs {
    #[command(flatten)]
    pub(crate) source: RiskSourceArgs,
    /// How to show the report
    #[arg(long, short, value_enum, default_value_t = RiskFormat::Table, visible_alias = "output", value_name = "FORMAT")]
    pub(crate) format: RiskFormat,
}

#[derive(Debug, Args)]
pub(crate) struct RiskListArgs {
    #[command(flatten)]
    pub(crate) report: RiskReportArgs,
    /// Only these levels: low, medium, high, none; repeatable
    #[arg(long, value_name = "LEVEL", value_delimiter = ',')]
    pub(crate) level: Vec<String>,
    /// Only these states, such as atRisk or confirmedCompromised; repeatable
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(crate) state: Vec<String>,
    /// Only these details, such as adminDismissedAllRiskForUser; repeatable
    #[arg(long, value_name = "DETAIL", value_delimiter = ',')]
    pub(crate) detail: Vec<String>,
    /// Only with detections of these types, such as unlikelyTravel; repeatable
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',')]
    pub(crate) kinds: Vec<String>,
    /// Only users whose id or principal name has this in it
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) user: String,
    /// Only from this time on
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Only before this time
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Show detections as a tenant of this licence sees them
    #[arg(long, value_enum, default_value_t = RiskLicense::P2, value_name = "LICENCE")]
    pub(crate) license: RiskLicense,
}

#[derive(Debug, Args)]
pub(crate) struct RiskActArgs {
    /// What is decided
    #[arg(value_enum, value_name = "ACTION")]
    pub(crate) action: RiskAction,
    /// Object ids of users; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',', required_unless_present_any = ["sign_in", "service_principal"])]
    pub(crate) user: Vec<String>,
    /// Object ids of service principals; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) service_principal: Vec<String>,
    /// Request ids of sign-ins; repeatable
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub(crate) sign_in: Vec<String>,
    /// The file that holds decisions; made if it is not there
    #[arg(long, value_name = "FILE")]
    pub(crate) actions: PathBuf,
    /// Who decides
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) by: String,
    /// When, RFC 3339; now if not given
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
}

/// A decision, named as the API names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RiskAction {
    /// The account or the sign-in is compromised
    ConfirmCompromised,
    /// It is safe
    ConfirmSafe,
    /// The risk does not count
    Dismiss,
}

/// The licence of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RiskLicense {
    /// Entra ID P2
    P2,
    /// Entra ID P1
    P1,
    /// Entra ID Free
    Free,
}

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RiskFormat {
    /// For eyes
    Table,
    /// For programs: the objects of Microsoft Graph
    Json,
    /// For spreadsheets
    Csv,
}
