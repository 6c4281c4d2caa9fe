//! What can be asked of `azimuth arm`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{CloudName, ListFormat};

#[derive(Debug, Subcommand)]
pub(crate) enum ArmCommand {
    /// Show the concrete resources that a template stands for, and where every value comes from
    Expand(ArmExpandArgs),
    /// Show what deploying a template would change, and how sure that is
    #[command(name = "whatif", visible_alias = "what-if")]
    Whatif(ArmWhatifArgs),
}

/// A template, its parameters and its target.
#[derive(Debug, Args)]
pub(crate) struct TemplateArgs {
    /// An ARM template, a .bicep file or a .bicepparam file; `-` for standard input
    #[arg(value_name = "TEMPLATE")]
    pub(crate) template: PathBuf,
    /// Parameter files (JSON or .bicepparam); later ones override earlier ones
    #[arg(value_name = "PARAMS")]
    pub(crate) parameter_files: Vec<PathBuf>,
    /// One parameter; `name=@FILE` reads the value from a file; repeatable, overrides files
    #[arg(long, short, value_name = "NAME=VALUE")]
    pub(crate) parameter: Vec<String>,
    /// Subscription deployed to
    #[arg(long, value_name = "ID")]
    pub(crate) subscription: Option<String>,
    /// Resource group deployed to
    #[arg(long, short = 'g', value_name = "NAME")]
    pub(crate) resource_group: Option<String>,
    /// Management group deployed to
    #[arg(long, value_name = "NAME", conflicts_with = "resource_group")]
    pub(crate) management_group: Option<String>,
    /// Location of the resource group, or of a deployment above resource groups
    #[arg(long, short, value_name = "LOCATION")]
    pub(crate) location: Option<String>,
    /// Name of the deployment; by default that of the template's file
    #[arg(long, value_name = "NAME")]
    pub(crate) deployment_name: Option<String>,
    /// Which cloud
    #[arg(long, value_enum, default_value_t = CloudName::Public, value_name = "CLOUD")]
    pub(crate) cloud: CloudName,
    /// Moment that `utcNow()` returns, RFC 3339 or a date; without it such values stay expressions
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// Exported files of the estate, which answer `reference()`; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) estate: Vec<PathBuf>,
    /// A store made by `azimuth import`, instead of `--estate`
    #[arg(long, value_name = "FILE", env = "AZIMUTH_STORE")]
    pub(crate) store: Option<PathBuf>,
    /// Read the store as of a moment, RFC 3339 or a date
    #[arg(long, value_name = "TIME")]
    pub(crate) as_of: Option<String>,
    /// Where a linked template lies that is named by URI or template spec: `URI=PATH`, also for all URIs that begin so;
    /// repeatable. Nothing is ever fetched
    #[arg(long, value_name = "URI=PATH")]
    pub(crate) link: Vec<String>,
    /// Seconds that the Bicep compiler may take
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) bicep_timeout: u64,
}

#[derive(Debug, Args)]
pub(crate) struct ArmExpandArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,
    /// The values given are those of the deployment: what the service would refuse because of them is an error
    #[arg(long)]
    pub(crate) strict: bool,
    /// Say of every value where it is written and how it came to its place
    #[arg(long)]
    pub(crate) origins: bool,
    /// How to show the result; JSON has the full bodies
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

#[derive(Debug, Args)]
pub(crate) struct ArmWhatifArgs {
    #[command(flatten)]
    pub(crate) template: TemplateArgs,
    /// What happens to resources of the group that the template does not name
    #[arg(long, value_enum, default_value_t = DeploymentMode::Incremental, value_name = "MODE")]
    pub(crate) mode: DeploymentMode,
    /// Show also differences that are defaults of the platform, and resources that stay as they are
    #[arg(long)]
    pub(crate) all: bool,
    /// How to show the result; JSON has the shape of Azure's own what-if
    #[arg(long, short, value_enum, default_value_t = ListFormat::Table, value_name = "FORMAT")]
    pub(crate) output: ListFormat,
}

/// How a deployment treats what the template does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum DeploymentMode {
    /// It stays
    Incremental,
    /// It is deleted from the resource group
    Complete,
}
